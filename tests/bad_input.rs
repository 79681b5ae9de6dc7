//! Bad data and settings are an `Err` that names what was expected and what was found; nothing is lost.

use std::fs;
use std::path::Path;

use typenet::data::mnist;
use typenet::layers::Model;
use typenet::layers::activation::{Linear, Softmax};
use typenet::losses::{LabelError, Loss};
use typenet::metrics::{self, Metric, MetricError};
use typenet::model::{Error, LossMetric, NonFiniteCause};
use typenet::prelude::*;
use typenet::tensor::label::ClassNumber;

model! { Net < Dense(4 => 8, relu), Dense(8 => 3, softmax) > }

type NetTrainer = Trainer<Net, Sgd, CategoricalCrossEntropy, (Accuracy,)>;

const SAMPLES: [[f32; 4]; 6] = [[0.1, 0.2, 0.3, 0.4]; 6];
const LABELS: [u8; 6] = [0, 1, 2, 0, 1, 2];

fn trainer_with(optimizer: Sgd) -> NetTrainer {
    Net::new(1).compile(optimizer, CategoricalCrossEntropy, (Accuracy::new(),))
}

fn trainer() -> NetTrainer {
    trainer_with(Sgd::new(0.1))
}

/// The error of a run, which must leave the weights as they were.
fn refused(mut trainer: NetTrainer, run: impl FnOnce(&mut NetTrainer) -> Result<(), Error>) -> Error {
    let before = trainer.to_boxed();
    let error = run(&mut trainer).expect_err("the run is refused");
    assert_eq!(before.block(), trainer.block(), "a refused run changes nothing");
    error
}

fn message(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{text}` does not say `{part}`");
    }
}

model! { Number < Dense(4 => 1) > }

/// A loss of one's own that takes every label.
struct AnyLabel;

impl<Y> Loss<Linear, [f32; 1], Y> for AnyLabel {
    fn name(&self) -> &'static str {
        "any_label"
    }

    fn check_labels(&self, _: &[Y]) -> Result<(), LabelError> {
        Ok(())
    }

    fn evaluate(&self, _: &[Y], _: Option<&[f32]>, _: &mut [f32], gradient: Option<&mut [f32]>) -> f64 {
        if let Some(gradient) = gradient {
            gradient.fill(0.0);
        }
        0.0
    }
}

#[test]
fn batch_size_of_zero_is_an_error() {
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).batch_size(0).run().map(|_| ()));
    assert!(matches!(error, Error::BatchSize), "{error}");
    message(&error, &["batch_size", "0", "at least 1"]);
}

#[test]
fn no_samples_are_an_error() {
    let none: ([[f32; 4]; 0], [u8; 0]) = ([], []);
    let error = refused(trainer(), |t| t.fit(&none.0, &none.1).run().map(|_| ()));
    assert!(matches!(error, Error::NoSamples { .. }), "{error}");
    let error = refused(trainer(), |t| t.evaluate(&none.0, &none.1).map(|_| ()));
    assert!(matches!(error, Error::NoSamples { .. }), "{error}");
    let error =
        refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).validation(&none.0, &none.1).run().map(|_| ()));
    message(&error, &["validation samples"]);
}

#[test]
fn counts_that_disagree_are_an_error() {
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS[..5]).run().map(|_| ()));
    assert!(matches!(error, Error::Counts { samples: 6, labels: 5, .. }), "{error}");
    message(&error, &["6 samples", "5 labels"]);
}

#[test]
fn label_outside_the_classes_is_an_error() {
    let labels = [0, 1, 2, 3, 1, 2];
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &labels).run().map(|_| ()));
    assert!(matches!(error, Error::Label { .. }), "{error}");
    message(&error, &["training samples", "3"]);
    let negative = [0i32, 1, 2, 0, -1, 2];
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &negative).run().map(|_| ()));
    message(&error, &["-1"]);
}

#[test]
fn nan_in_the_input_is_an_error() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut samples = SAMPLES;
        samples[4][1] = value;
        let error = refused(trainer(), |t| t.fit(&samples, &LABELS).run().map(|_| ()));
        assert!(matches!(error, Error::Input { .. }), "{error}");
        let error =
            refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).validation(&samples, &LABELS).run().map(|_| ()));
        message(&error, &["validation samples", "sample 4"]);
    }
}

#[test]
fn learning_rate_that_cannot_be_is_an_error() {
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        let error = refused(trainer_with(Sgd::new(rate)), |t| t.fit(&SAMPLES, &LABELS).run().map(|_| ()));
        assert!(matches!(error, Error::Optimizer(_)), "{error}");
        message(&error, &["learning_rate", &rate.to_string()]);
    }
    let error =
        refused(trainer_with(Sgd::new(0.1).momentum(1.5)), |t| t.fit(&SAMPLES, &LABELS).run().map(|_| ()));
    message(&error, &["momentum", "1.5"]);
}

#[test]
fn validation_split_without_samples_on_a_side_is_an_error() {
    for split in [0.0, 1.0, -0.5, 2.0, f64::NAN, 0.999_999] {
        let error =
            refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).validation_split(split).run().map(|_| ()));
        assert!(matches!(error, Error::ValidationSplit { samples: 6, .. }), "{split}: {error}");
    }
}

#[test]
fn weights_that_cannot_be_are_an_error() {
    for found in [-1.0, f32::NAN, f32::INFINITY] {
        let weights = [1.0, 1.0, found, 1.0, 1.0, 1.0];
        let error =
            refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).sample_weights(&weights).run().map(|_| ()));
        assert!(matches!(error, Error::Weight { .. }), "{error}");
        message(&error, &["training samples", "weight 2 of samples", &found.to_string()]);
        let error = refused(trainer(), |t| t.evaluate_weighted(&SAMPLES, &LABELS, &weights).map(|_| ()));
        message(&error, &["evaluation samples", &found.to_string()]);
        let weights = [1.0, found, 1.0];
        let error =
            refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).class_weights(&weights).run().map(|_| ()));
        message(&error, &["weight 1 of classes", &found.to_string()]);
    }
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).sample_weights(&[1.0; 5]).run().map(|_| ()));
    message(&error, &["5 sample weights", "6 samples"]);
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).class_weights(&[1.0; 4]).run().map(|_| ()));
    message(&error, &["4 class weights", "3 classes"]);
    let error = refused(trainer(), |t| t.evaluate_weighted(&SAMPLES, &LABELS, &[]).map(|_| ()));
    message(&error, &["0 sample weights", "6 samples"]);
}

#[test]
fn label_of_no_class_is_an_error_where_classes_have_weights() {
    fn refused<Y: ClassNumber<[f32; 1]> + Send + Sync>(labels: [Y; 6], parts: &[&str]) {
        let mut trainer = Number::new(1).compile(Sgd::new(0.1), AnyLabel, ());
        let before = trainer.to_boxed();
        let fit = trainer.fit(&SAMPLES, &labels).class_weights(&[1.0, 2.0]).progress(false);
        let error = fit.run().expect_err("the label is refused");
        assert!(matches!(error, Error::Weight { .. }), "{error}");
        message(&error, parts);
        assert_eq!((before.block(), trainer.step()), (trainer.block(), 0));
    }
    // Prices are no classes, and integers may be none of two.
    refused([1.0f32, 0.0, -1.0, 0.25, 120_000.0, 0.5], &["training samples", "label 4", "2 classes"]);
    refused([[1.0f32], [f32::NAN], [0.0], [0.0], [0.0], [0.0]], &["label 1"]);
    refused([1u8, 0, 1, 2, 0, 1], &["label 3"]);
    refused([1i32, 0, -1, -2, 0, 1], &["label 3"]);

    // Several things may be true of a sample: it is of no class.
    model! { Things < Dense(4 => 3, sigmoid) > }
    let mut trainer = Things::new(1).compile(Sgd::new(0.1), BinaryCrossEntropy, ());
    let labels = [[0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0; 3], [0.0; 3], [0.0; 3], [0.0; 3]];
    let fit = trainer.fit(&SAMPLES, &labels).class_weights(&[1.0, 2.0, 3.0]).progress(false);
    message(&fit.run().expect_err("two classes at once"), &["label 1", "3 classes"]);
}

#[test]
fn settings_of_losses_that_cannot_be_are_an_error() {
    fn refused<L: Loss<Softmax, [f32; 3], u8> + Copy>(loss: L, parts: &[&str]) {
        let mut trainer = Net::new(1).compile(Sgd::new(0.1), loss, ());
        let error = trainer.fit(&SAMPLES, &LABELS).progress(false).run().expect_err("the run is refused");
        assert!(matches!(error, Error::LossSetting(_)), "{error}");
        message(&error, parts);
        let error = trainer.evaluate(&SAMPLES, &LABELS).expect_err("the evaluation is refused");
        message(&error, parts);
    }
    for found in [-0.1, 1.5, f64::NAN] {
        refused(CategoricalCrossEntropy.label_smoothing(found), &["label_smoothing", &found.to_string()]);
    }
    refused(CategoricalFocalCrossEntropy.gamma(-1.0), &["CategoricalFocalCrossEntropy", "gamma", "-1"]);
    refused(CategoricalFocalCrossEntropy.alpha(f64::INFINITY), &["alpha", "inf"]);

    let numbers = [[0.0f32; 3]; 6];
    let mut trainer = Net::new(1).compile(Sgd::new(0.1), Huber.delta(0.0), ());
    message(&trainer.fit(&SAMPLES, &numbers).run().expect_err("refused"), &["Huber", "delta", "0"]);
    let metric = LossMetric::new(Huber.delta(-2.0));
    let mut trainer = Net::new(1).compile(Sgd::new(0.1), MeanSquaredError, (metric,));
    message(
        &trainer.fit(&SAMPLES, &numbers).run().expect_err("refused"),
        &["metric", "Huber", "delta", "-2"],
    );
}

#[test]
fn metrics_that_do_not_fit_the_model_are_an_error() {
    fn refused<K: Metric<Softmax, [f32; 3], u8>>(metric: K, parts: &[&str]) {
        let mut trainer =
            Net::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropy, (Accuracy::new(), metric));
        let before = trainer.to_boxed();
        for error in [
            trainer.fit(&SAMPLES, &LABELS).progress(false).run().map(|_| ()).expect_err("refused"),
            trainer.evaluate(&SAMPLES, &LABELS).map(|_| ()).expect_err("refused"),
        ] {
            assert!(matches!(error, Error::MetricSetting(_)), "{error}");
            message(&error, parts);
        }
        assert_eq!(before.block(), trainer.block());
    }
    refused(metrics::Precision::new().class_id(3), &["Precision", "class_id", "3", "from 0 to 2"]);
    refused(metrics::Auc::new().class_id(9), &["Auc", "class_id", "9"]);
    refused(metrics::Recall::new().threshold(f32::NAN), &["Recall", "threshold", "NaN"]);
    refused(metrics::FBetaScore::new().beta(0.0), &["FBetaScore", "beta", "0"]);
    refused(metrics::TopKCategoricalAccuracy::new(0), &["TopKCategoricalAccuracy", "`k`", "at least 1"]);
    refused(metrics::AucOverThresholds::new(1), &["AucOverThresholds", "thresholds", "at least 2"]);
    refused(metrics::AucOverThresholds::new(0), &["thresholds", "0"]);
}

#[test]
fn label_that_a_metric_cannot_use_is_an_error_before_the_first_step() {
    fn refused<Y: Copy + Send + Sync>(
        metric: impl Metric<Linear, [f32; 1], Y>,
        (good, bad): ([Y; 2], [Y; 2]),
        parts: &[&str],
    ) {
        let samples = &SAMPLES[..2];
        let mut trainer = Number::new(1).compile(Sgd::new(0.1), AnyLabel, (metric,));
        let before = trainer.to_boxed();
        let errors = [
            ("training", trainer.fit(samples, &bad).progress(false).run().map(|_| ())),
            ("validation", trainer.fit(samples, &good).validation(samples, &bad).run().map(|_| ())),
            ("evaluation", trainer.evaluate(samples, &bad).map(|_| ())),
            ("evaluation", trainer.evaluate_weighted(samples, &bad, &[1.0; 2]).map(|_| ())),
        ];
        for (set, error) in errors {
            let error = error.expect_err("the label is refused");
            assert!(matches!(error, Error::MetricLabel { .. }), "{error}");
            message(&error, &[set]);
            message(&error, parts);
        }
        assert_eq!((before.block(), trainer.step()), (trainer.block(), 0));
        trainer.fit(samples, &good).progress(false).run().expect("labels that can be");
    }
    let parts = ["metric `precision`", "label 1 is class 2", "from 0 to 1"];
    refused(metrics::Precision::new(), ([0u8, 1], [0, 2]), &parts);
    refused(metrics::AveragePrecision::new(), ([-1i64, 1], [-1, -2]), &["`average_precision`", "class -2"]);
    refused(metrics::Auc::new(), ([-1.0f32, 1.0], [0.0, 2.5]), &["`auc`", "label 1 has 2.5", "probability"]);
    refused(LossMetric::new(Poisson), ([0.0f32, 3.0], [0.0, -3.0]), &["`poisson`", "label 1 has -3"]);
}

#[test]
fn metric_of_a_name_that_is_taken_is_an_error_before_the_first_step() {
    let metrics = (metrics::Auc::new(), metrics::AucOverThresholds::default());
    let mut trainer = Net::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropy, metrics);
    let before = trainer.to_boxed();
    for error in [
        trainer.fit(&SAMPLES, &LABELS).progress(false).run().map(|_| ()).expect_err("refused"),
        trainer.evaluate(&SAMPLES, &LABELS).map(|_| ()).expect_err("refused"),
    ] {
        assert!(matches!(error, Error::MetricSetting(MetricError::Name { name: "auc", .. })), "{error}");
        message(&error, &["metric", "`auc`", "another metric", "`named`"]);
    }
    assert_eq!(before.block(), trainer.block());
}

#[test]
fn loss_that_is_not_finite_stops_the_run() {
    let mut net = Net::new(1);
    net.dense_2_mut().bias().expect("a bias")[1] = f32::NAN;
    let trainer = net.compile(Sgd::new(0.1), CategoricalCrossEntropy, (Accuracy::new(),));
    let mut trainer = trainer;
    let error = trainer.fit(&SAMPLES, &LABELS).progress(false).run().expect_err("the run stops");
    let Error::NonFiniteLoss { epoch: 1, step: 1, cause: NonFiniteCause::Weights(found), .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((found.tensor.as_str(), found.index), ("dense_2.bias", 1));
    let error =
        trainer.train_on_batch(&SAMPLES, &LABELS, &typenet::kernels::Rng::seed(1)).expect_err("the same");
    message(&error, &["step 1", "value 1 of `dense_2.bias` is NaN"]);
}

#[test]
fn missing_folder_of_data_is_named() {
    let error = mnist::load("no/such/folder").expect_err("there is no such folder").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

#[test]
fn folder_that_cannot_be_written_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("not-there").join("net.safetensors");
    let error = Net::new(1).save(&file).expect_err("the folder does not exist").to_string();
    assert!(error.contains("not-there"), "{error}");
    let error = refused_checkpoint(&file);
    assert!(error.contains("not-there"), "{error}");
}

fn refused_checkpoint(file: &Path) -> String {
    let mut trainer = trainer();
    let fit = trainer.fit(&SAMPLES, &LABELS).progress(false).checkpoint(file);
    fit.run().expect_err("the checkpoint cannot be written").to_string()
}

#[test]
fn failed_save_leaves_the_earlier_file_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("net.safetensors");
    Net::new(1).save(&file).expect("a save");
    let before = fs::read(&file).expect("the saved file");
    let mut broken = Net::new(2);
    broken.block_mut()[0] = f32::NAN;
    broken.save(&file).expect_err("a weight is not finite");
    assert_eq!(fs::read(&file).expect("the earlier file"), before);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "no temporary file is left");
}

#[test]
fn weights_of_another_model_are_an_error() {
    model! { Other < Dense(4 => 9, relu), Dense(9 => 3, softmax) > }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.safetensors");
    Other::new(1).save(&file).expect("a save");
    let error = Net::load(&file).map(|_| ()).expect_err("other shapes").to_string();
    for part in ["dense_1.weight", "[4, 9]", "[4, 8]"] {
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    }
}

#[test]
fn checkpoint_of_another_run_is_an_error_that_names_the_first_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.safetensors");
    trainer().fit(&SAMPLES, &LABELS).progress(false).batch_size(2).checkpoint(&file).run().expect("a run");

    let error =
        refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).batch_size(3).resume(&file).run().map(|_| ()));
    message(&error, &["batch_size", "2", "3"]);
    let error = refused(trainer_with(Sgd::new(0.2)), |t| {
        t.fit(&SAMPLES, &LABELS).batch_size(2).resume(&file).run().map(|_| ())
    });
    message(&error, &["learning_rate", "0.1", "0.2"]);
    let error = refused(trainer(), |t| {
        t.fit(&SAMPLES, &LABELS).batch_size(2).seed(9).resume(&file).run().map(|_| ())
    });
    message(&error, &["seed", "0", "9"]);
    let adam = Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
    let mut adam = adam;
    let error = adam.fit(&SAMPLES, &LABELS).batch_size(2).resume(&file).run().expect_err("another optimizer");
    message(&error, &["optimizer"]);

    let weights = folder.path().join("weights.safetensors");
    Net::new(1).save(&weights).expect("a save");
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).resume(&weights).run().map(|_| ()));
    message(&error, &["weights.safetensors", "checkpoint"]);
}
