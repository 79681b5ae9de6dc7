//! Ten-fold cross-validation on the bundled breast cancer cases: every case is predicted by a network that has not seen it.
//!
//! `cargo run --release --example breast_cancer`; with `--features plots` it draws the confusion matrix too.

use typenet::data::{Standardizer, breast_cancer};
use typenet::metrics::ConfusionMatrix;
use typenet::prelude::*;

model! {
    /// Thirty measurements of cell nuclei to the probability that they are benign.
    pub Cancer < Dense(30 => 32, relu), Dropout(0.5), Dense(32 => 1, sigmoid) >
}

/// What was predicted for each case, over all folds.
pub fn cross_validate(seed: u64) -> Result<ConfusionMatrix<2>, Box<dyn std::error::Error>> {
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let confusion = cross_validate(1)?;
    println!("{confusion}");
    println!("cross-validated accuracy: {:.2} %", 100.0 * confusion.accuracy());
    #[cfg(feature = "plots")]
    {
        std::fs::create_dir_all("target")?;
        confusion.plot("target/breast_cancer_confusion.svg", &["malignant", "benign"])?;
        println!("picture: target/breast_cancer_confusion.svg");
    }
    Ok(())
}
