//! Makes the weights that example `embed` embeds: a network of 1,210 parameters, trained on the bundled digits.
//!
//! `cargo run --release --example train_small` writes the same bytes on every machine with fused multiply-add.

#[macro_use]
mod output;

use std::error::Error;
use std::process::ExitCode;

use typenet::data::digits;
use typenet::prelude::*;

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

fn run() -> Result<(), Box<dyn Error>> {
    let digits = digits::load();
    let mut trainer =
        SmallDigits::new(1).compile(Adam::new(0.003), CategoricalCrossEntropy, (Accuracy::new(),));
    trainer
        .fit(&digits.train.inputs, &digits.train.labels)
        .epochs(60)
        .batch_size(32)
        .validation(&digits.test.inputs, &digits.test.labels)
        .run()?;
    let file = "examples/digits_small.safetensors";
    trainer.model().save(file)?;
    show!("weights: {file}, {} bytes", std::fs::metadata(file)?.len());
    Ok(())
}

pub(crate) fn main() -> ExitCode {
    output::exit_code(run())
}
