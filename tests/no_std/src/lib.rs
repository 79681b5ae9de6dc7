//! A digit, recognised without std and without an allocator.

#![no_std]

mod digit;
#[cfg(feature = "graph")]
mod graph;

use typenet::hardware::isa::{Isa, isa};
use typenet::prelude::*;

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

static DIGITS: &SmallDigits = embed!(SmallDigits, "../../../examples/digits_small.safetensors");

/// Recognises an image that is a constant: `0` if class and probabilities are as with std, `1` if the class is wrong, `2` if
/// only probabilities are, `3` if memory of the caller's changes them, `4` if the residual network sees another class.
#[unsafe(no_mangle)]
pub extern "C" fn recognise_digit() -> i32 {
    let image = core::hint::black_box(digit::IMAGE);
    let probabilities = DIGITS.predict(&image);
    // The same in memory of the caller's, of which the model says how much it needs.
    let (mut again, mut scratch) = ([0.0; 10], [f32::NAN; SmallDigits::PREDICT_SCRATCH]);
    DIGITS.predict_with_scratch(&image, &mut again, &mut scratch);
    if again.map(f32::to_bits) != probabilities.map(f32::to_bits) {
        return 3;
    }
    if typenet::kernels::reduce::argmax(&probabilities) != digit::CLASS {
        return 1;
    }
    #[cfg(feature = "graph")]
    if graph::class(&image) != digit::CLASS {
        return 4;
    }
    let as_with_std =
        probabilities.iter().zip(digit::PROBABILITY_BITS).all(|(&probability, bits)| match isa() {
            // Multiplies and adds in two roundings, the others in one.
            Isa::Portable => (probability - f32::from_bits(bits)).abs() < digit::PORTABLE_TOLERANCE,
            _ => probability.to_bits() == bits,
        });
    if as_with_std { 0 } else { 2 }
}
