//! Makes the weights that example `embed` embeds: a network of 1,210 parameters, trained on the bundled digits.
//!
//! `cargo run --release --example train_small` writes the same bytes on every machine with fused multiply-add.

use typenet::data::digits;
use typenet::prelude::*;

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub SmallDigits < Dense(64 => 16, relu), Dense(16 => 10, softmax) >
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
    println!("weights: {file}, {} bytes", std::fs::metadata(file)?.len());
    Ok(())
}
