//! Ten-fold cross-validation on the bundled breast cancer cases: every case is predicted by a network that has not seen it.
//!
//! `cargo run --release --example breast_cancer`; with `--features plots` it draws the confusion matrix too.

#[macro_use]
mod output;

use std::error::Error;
use std::process::ExitCode;

use typenet::data::{Standardizer, breast_cancer};
use typenet::metrics::ConfusionMatrix;
use typenet::prelude::*;

model! {
    /// Thirty measurements of cell nuclei to the probability that they are benign.
    pub Cancer < Dense(30 => 32, relu), Dropout(0.5), Dense(32 => 1, sigmoid) >
}

/// What was predicted for each case, over all folds.
pub fn cross_validate(seed: u64) -> Result<ConfusionMatrix<2>, Box<dyn Error>> {
    let mut confusion = ConfusionMatrix::<2>::new();
    for mut fold in breast_cancer::load().join().folds(10)? {
        // By the training cases alone: the tested ones are not known yet.
        let standardizer = Standardizer::fit(&fold.train.inputs);
        standardizer.apply(&mut fold.train.inputs);
        standardizer.apply(&mut fold.test.inputs);

        let mut trainer =
            Cancer::new(seed).compile(AdamW::new(0.01).weight_decay(0.3), BinaryCrossEntropy, ());
        trainer.fit(&fold.train.inputs, &fold.train.labels).epochs(20).seed(seed).progress(false).run()?;
        let benign = trainer.predict_batch(&fold.test.inputs);
        let both: Vec<[f32; 2]> = benign.iter().map(|&[benign]| [1.0 - benign, benign]).collect();
        confusion.update(&both, &fold.test.labels);
    }
    Ok(confusion)
}

fn run() -> Result<(), Box<dyn Error>> {
    let confusion = cross_validate(1)?;
    show!("{confusion}");
    show!("cross-validated accuracy: {:.2} %", 100.0 * confusion.accuracy());
    #[cfg(feature = "plots")]
    {
        confusion.plot("target/breast_cancer_confusion.svg", &["malignant", "benign"])?;
        show!("picture: target/breast_cancer_confusion.svg");
    }
    Ok(())
}

pub(crate) fn main() -> ExitCode {
    output::exit_code(run())
}
