//! Files that the library wrote before networks could be graphs: weights, and the checkpoint of a run that goes on.
//!
//! They lie among the fixtures of safetensors files. The run was the one below, after its first epoch.

use std::path::{Path, PathBuf};

use typenet::prelude::*;

model! {
    Saved <
        hidden: Dense(6 => 4, relu, l2 = 0.01, constraint = max_norm(2.0)),
        Dropout(0.25),
        Dense(4 => 3, softmax),
    >
}

/// What the saved weights gave for the first sample when they were saved.
const PREDICTION: [f32; 3] = [0.379_181_92, 0.290_784, 0.330_034_17];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/tests/safetensors_fixtures").join(name)
}

fn samples() -> [[f32; 6]; 12] {
    core::array::from_fn(|i| core::array::from_fn(|j| ((i * 7 + j * 5) % 11) as f32 / 11.0))
}

fn labels() -> [u8; 12] {
    core::array::from_fn(|i| (i % 3) as u8)
}

fn trainer() -> Trainer<Saved, Adam, CategoricalCrossEntropy, (Accuracy,)> {
    Saved::new(7).compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),))
}

/// Another processor rounds differently.
fn assert_predicts_as_then(model: &Saved) {
    for (found, then) in model.predict(&samples()[0]).iter().zip(PREDICTION) {
        assert!((found - then).abs() <= 8.0 * f32::EPSILON, "{found}, then {then}");
    }
}

#[test]
fn weights_of_an_earlier_version_load() {
    assert_predicts_as_then(&Saved::load(file("earlier_weights.safetensors")).expect("weights"));
    assert_predicts_as_then(
        &Saved::load(file("earlier_checkpoint.safetensors")).expect("a checkpoint's weights"),
    );
}

#[test]
fn a_run_of_an_earlier_version_goes_on() {
    let resume = |epochs: usize| {
        let (mut trainer, samples, labels) = (trainer(), samples(), labels());
        let fit = trainer.fit(&samples, &labels).batch_size(4).epochs(epochs).progress(false);
        let history = fit.resume(file("earlier_checkpoint.safetensors")).run().expect("the run goes on");
        (history, trainer)
    };
    let (history, at_rest) = resume(1);
    assert_eq!(history.epochs.len(), 1);
    assert_predicts_as_then(&at_rest);

    let (history, trainer) = resume(20);
    let epochs: Vec<usize> = history.epochs.iter().map(|epoch| epoch.epoch).collect();
    assert_eq!(epochs, (1..=20).collect::<Vec<_>>());
    assert_eq!(trainer.step(), 20 * 3, "three steps in each epoch, the first of them then");
    let losses: Vec<f64> = history.epochs.iter().map(|epoch| epoch.training.loss).collect();
    assert!(losses[19] < losses[0], "{losses:?}");
    let norms =
        (0..4).map(|unit| trainer.hidden().weight().iter().map(|row| row[unit] * row[unit]).sum::<f32>());
    assert!(norms.map(f32::sqrt).all(|norm| norm <= 2.0 + 1e-6), "the constraint holds");
    assert_eq!(resume(20).1.block(), trainer.block(), "the same bits each time");
}

/// What the run was is compared: the rows of layers read as they did.
#[test]
fn a_run_of_an_earlier_version_is_refused_to_another_model() {
    model! {
        Saved <
            hidden: Dense(6 => 4, relu, l2 = 0.02, constraint = max_norm(2.0)),
            Dropout(0.25),
            Dense(4 => 3, softmax),
        >
    }
    let mut trainer = Saved::new(7).compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),));
    let (samples, labels) = (samples(), labels());
    let fit = trainer.fit(&samples, &labels).batch_size(4).epochs(2).progress(false);
    let error =
        fit.resume(file("earlier_checkpoint.safetensors")).run().expect_err("another penalty").to_string();
    assert!(error.contains("layer.1") && error.contains("0.01") && error.contains("0.02"), "{error}");
}
