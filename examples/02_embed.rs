//! Classifies digits with a network that lies in this program's read-only data: no file is opened, no memory is
//! taken, nothing is prepared.
//!
//! The weights were made by `cargo run --release --example train_small`.

#[macro_use]
mod output;

use std::process::ExitCode;
use std::time::Instant;

use typenet::data::digits;
use typenet::prelude::*;

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

static DIGITS: &SmallDigits = embed!(SmallDigits, "digits_small.safetensors");

pub(crate) fn main() -> ExitCode {
    let digits = digits::load();
    let image = &digits.test.inputs[0];
    for row in image.chunks(8) {
        show!(
            "{}",
            row.iter().map(|&grey| [" ", "░", "▒", "▓", "█"][(grey * 4.0) as usize]).collect::<String>()
        );
    }
    let probabilities = DIGITS.predict(image);
    let class = typenet::kernels::reduce::argmax(&probabilities);
    show!("this is a {class} with probability {:.3}", probabilities[class]);

    let start = Instant::now();
    let right = digits
        .test
        .inputs
        .iter()
        .zip(&digits.test.labels)
        .filter(|(image, label)| {
            typenet::kernels::reduce::argmax(&DIGITS.predict(image)) == usize::from(**label)
        })
        .count();
    let seconds = start.elapsed().as_secs_f64();
    let count = digits.test.inputs.len();
    show!("size: {} bytes of read-only data", size_of_val(DIGITS));
    show!("speed: {:.0} ns for each prediction", 1e9 * seconds / count as f64);
    show!("test accuracy: {:.2} %", 100.0 * right as f64 / count as f64);
    output::exit_code(Ok(()))
}
