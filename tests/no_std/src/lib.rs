//! A digit, recognised without std and without an allocator.

#![no_std]

mod digit;

use typenet::hardware::isa::{Isa, isa};
use typenet::prelude::*;

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

static DIGITS: &SmallDigits = embed!(SmallDigits, "../../../examples/digits_small.safetensors");

/// Recognises an image that is a constant: `0` if class and probabilities are as with std, `1` if the class is wrong, `2` if
/// only probabilities are.
#[unsafe(no_mangle)]
pub extern "C" fn recognise_digit() -> i32 {
    let image = core::hint::black_box(digit::IMAGE);
    let probabilities = DIGITS.predict(&image);
    if typenet::kernels::reduce::argmax(&probabilities) != digit::CLASS {
        return 1;
    }
    let as_with_std =
        probabilities.iter().zip(digit::PROBABILITY_BITS).all(|(&probability, bits)| match isa() {
            // Multiplies and adds in two roundings, the others in one.
            Isa::Portable => (probability - f32::from_bits(bits)).abs() < digit::PORTABLE_TOLERANCE,
            _ => probability.to_bits() == bits,
        });
    if as_with_std { 0 } else { 2 }
}
