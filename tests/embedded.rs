//! Embedded weights predict what loaded weights predict, bit by bit, and the program without std is told the same bits.

use typenet::data::digits;
use typenet::hardware::isa::{Isa, isa};
use typenet::kernels::reduce::argmax;
use typenet::prelude::*;

#[path = "no_std/src/digit.rs"]
mod digit;

model! {
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

static EMBEDDED: &SmallDigits = embed!(SmallDigits, "../examples/digits_small.safetensors");

#[test]
fn embedded_and_loaded_weights_predict_the_same_bits() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/digits_small.safetensors");
    let loaded = SmallDigits::load(file).expect("the example's file");
    let test = digits::load().test;
    let mut right = 0;
    for (image, &label) in test.inputs.iter().zip(&test.labels) {
        let prediction = EMBEDDED.predict(image);
        assert_eq!(prediction.map(f32::to_bits), loaded.predict(image).map(f32::to_bits));
        right += usize::from(argmax(&prediction) == usize::from(label));
    }
    assert!(right * 10 > test.len() * 9, "{right} of {} right: these are not trained weights", test.len());
}

/// A reference wherever the call stands: a model by value would have to cross the stack.
#[test]
fn a_call_inside_a_function_copies_nothing() {
    let model: &'static SmallDigits = embed!(SmallDigits, "../examples/digits_small.safetensors");
    assert_eq!(model, EMBEDDED);
    const CONSTANT: &SmallDigits = embed!(SmallDigits, "../examples/digits_small.safetensors");
    assert_eq!(*CONSTANT.to_boxed(), *model);
}

#[test]
fn the_program_without_std_expects_what_std_predicts() {
    let test = digits::load().test;
    assert_eq!(digit::IMAGE, test.inputs[0]);
    assert_eq!(digit::CLASS, usize::from(test.labels[0]));
    let prediction = EMBEDDED.predict(&digit::IMAGE);
    assert_eq!(argmax(&prediction), digit::CLASS);
    if isa() == Isa::Portable {
        for (probability, bits) in prediction.into_iter().zip(digit::PROBABILITY_BITS) {
            assert!((probability - f32::from_bits(bits)).abs() < digit::PORTABLE_TOLERANCE);
        }
    } else {
        assert_eq!(prediction.map(f32::to_bits), digit::PROBABILITY_BITS);
    }
}
