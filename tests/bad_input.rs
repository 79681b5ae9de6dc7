//! Bad data and settings are an `Err` that names what was expected and what was found; nothing is lost.

use std::fs;
use std::path::Path;

use typenet::data::mnist;
use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::layers::activation::{Linear, Softmax};
use typenet::losses::{LabelError, Loss};
use typenet::metrics::{self, Metric, MetricError, Metrics};
use typenet::model::{Error, LossMetric, NonFiniteCause};
use typenet::prelude::*;
use typenet::schema::label::ClassNumber;

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
        let rng = Rng::seed(1);
        let step = |t: &mut NetTrainer| t.train_on_batch(&SAMPLES, (&LABELS, &weights), &rng).map(|_| ());
        message(&refused(trainer(), step), &["training samples", "weight 2 of samples", &found.to_string()]);
        let mut gradients = Net::zeros();
        let error = refused(trainer(), |t| {
            t.gradients(&SAMPLES, (&LABELS, &weights), &rng, &mut gradients).map(|_| ())
        });
        message(&error, &["training samples", "weight 2 of samples", &found.to_string()]);
        let error = refused(trainer(), |t| {
            t.fit(&SAMPLES, &LABELS).validation(&SAMPLES, (&LABELS, &weights)).run().map(|_| ())
        });
        message(&error, &["validation samples", "weight 2 of samples", &found.to_string()]);
        let error = refused(trainer(), |t| t.evaluate(&SAMPLES, (&LABELS, &weights)).map(|_| ()));
        message(&error, &["evaluation samples", &found.to_string()]);
        let weights = [1.0, found, 1.0];
        let error =
            refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).class_weights(&weights).run().map(|_| ()));
        message(&error, &["weight 1 of classes", &found.to_string()]);
    }
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).sample_weights(&[1.0; 5]).run().map(|_| ()));
    message(&error, &["5 sample weights", "6 samples"]);
    let error = refused(trainer(), |t| {
        t.fit(&SAMPLES, &LABELS).sample_weights(&[1e30; 6]).class_weights(&[1.0, 1e30, 1.0]).run().map(|_| ())
    });
    message(&error, &["training samples", "samples times that of the class is inf"]);
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).class_weights(&[1.0; 4]).run().map(|_| ()));
    message(&error, &["4 class weights", "3 classes"]);
    let error = refused(trainer(), |t| t.evaluate(&SAMPLES, (&LABELS, &[])).map(|_| ()));
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

    // Outputs of relu have no upper limit that thresholds could lie below.
    model! { Height < Dense(4 => 1, relu) > }
    let mut trainer =
        Height::new(1).compile(Sgd::new(0.1), MeanSquaredError, (metrics::AucOverThresholds::default(),));
    let before = trainer.to_boxed();
    for error in [
        trainer.fit(&SAMPLES, &[1.0_f32; 6]).progress(false).run().map(|_| ()).expect_err("refused"),
        trainer.evaluate(&SAMPLES, &[1.0_f32; 6]).map(|_| ()).expect_err("refused"),
    ] {
        assert!(matches!(error, Error::MetricSetting(MetricError::Head { .. })), "{error}");
        message(&error, &["AucOverThresholds", "`relu`", "`sigmoid`", "`Auc`"]);
    }
    assert_eq!((before.block(), trainer.step()), (trainer.block(), 0));
}

#[test]
fn label_that_a_metric_cannot_use_is_an_error_before_the_first_step() {
    fn refused<Y: Copy + Send + Sync>(
        metric: impl Metric<Linear, [f32; 1], Y> + Clone,
        (good, bad): ([Y; 2], [Y; 2]),
        parts: &[&str],
    ) {
        let samples = &SAMPLES[..2];
        let mut trainer = Number::new(1).compile(Sgd::new(0.1), AnyLabel, (metric,));
        let before = trainer.to_boxed();
        let mut scores = trainer.running_scores().expect("a metric that can be");
        let errors = [
            ("labels of a step", scores.add(0.0, &[[0.5]; 2], &bad)),
            ("training", trainer.fit(samples, &bad).progress(false).run().map(|_| ())),
            ("validation", trainer.fit(samples, &good).validation(samples, &bad).run().map(|_| ())),
            ("evaluation", trainer.evaluate(samples, &bad).map(|_| ())),
            ("evaluation", trainer.evaluate(samples, (&bad, &[1.0; 2])).map(|_| ())),
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
    let error = trainer.train_on_batch(&SAMPLES, &LABELS, &Rng::seed(1)).expect_err("the same");
    message(&error, &["at step 1, ", "value 1 of `dense_2.bias` is NaN"]);
}

#[test]
fn a_forward_pass_that_overflows_names_the_first_layer_that_does() {
    model! { pub Inner < Dense(8 => 8, relu) > }
    model! {
        pub Deep <
            Input(2, 2),
            Flatten,
            first: Dense(4 => 8, relu),
            Dropout(0.2),
            inner: Inner(8 => 8),
            Dropout(0.1),
            same: Dense(8 => 8, relu),
            again: Dense(8 => 8, relu),
            logits: Dense(8 => 3, softmax),
        >
    }
    let samples = [[[0.5, 0.5]; 2]; 6];
    for (layer, tensor) in [
        ("first", "first.weight"),
        ("inner", "inner.dense_1.weight"),
        ("same", "same.weight"),
        ("again", "again.weight"),
        ("logits", "logits.weight"),
    ] {
        let mut net = Deep::zeros();
        net.block_mut().fill(0.5);
        let mut trainer = net.compile(Sgd::new(0.1), CategoricalCrossEntropy, ());
        let len = trainer.tensor(tensor).expect("a tensor").values.len();
        trainer.set_tensor(tensor, &vec![3e38; len]).expect("a tensor");
        let before = trainer.to_boxed();
        let error = trainer.train_on_batch(&samples, &LABELS, &Rng::seed(1)).expect_err("4 · 3e38 · 0.5");
        let Error::NonFiniteLoss { epoch: 0, step: 1, cause, .. } = &error else { panic!("{error}") };
        let largest = Some((tensor.to_string(), 3e38));
        assert_eq!(*cause, NonFiniteCause::Overflow { layer: Some(layer.to_string()), largest });
        message(
            &error,
            &[&format!("the first output that is not finite is that of `{layer}`"), "at step 1, "],
        );
        assert_eq!(trainer.block(), before.block());
    }

    // Finite predictions of which the loss is not.
    model! { Line < Dense(1 => 1) > }
    let mut trainer = Line::zeros().compile(Sgd::new(0.1), Poisson, ());
    trainer.set_tensor("dense_1.bias", &[-1.0]).expect("a tensor");
    let error = trainer.train_on_batch(&[[1.0]], &[2.0f32], &Rng::seed(1)).expect_err("a logarithm of -1");
    let Error::NonFiniteLoss { cause: NonFiniteCause::LossItself, .. } = &error else { panic!("{error}") };
}

#[test]
fn missing_folder_of_data_is_named() {
    let error = mnist::load("no/such/folder").expect_err("there is no such folder").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

#[test]
fn folder_that_cannot_be_written_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a-file"), "").expect("a file");
    let file = folder.path().join("a-file").join("net.safetensors");
    let error = Net::new(1).save(&file).expect_err("the folder is a file").to_string();
    assert!(error.contains("a-file"), "{error}");
    let error = refused_checkpoint(&file);
    assert!(error.contains("a-file"), "{error}");
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
    message(&error, &["`optimizer` is `Sgd`, expected `Adam`"]);
}

#[test]
fn a_file_that_is_no_checkpoint_or_of_another_version_is_refused_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = folder.path().join("weights.safetensors");
    Net::new(1).save(&weights).expect("a save");
    let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).resume(&weights).run().map(|_| ()));
    assert!(matches!(error, Error::NotACheckpoint { .. }), "{error}");
    message(&error, &["weights.safetensors", "not a checkpoint"]);

    let file = folder.path().join("run.safetensors");
    trainer().fit(&SAMPLES, &LABELS).progress(false).checkpoint(&file).run().expect("a run");
    let bytes = fs::read(&file).expect("the checkpoint");
    let key = b"\"typenet checkpoint\":\"";
    let at = bytes.windows(key.len()).position(|part| part == key).expect("the version") + key.len();
    assert_eq!(bytes[at..at + 2], *b"4\"");
    for version in *b"125" {
        let mut other = bytes.clone();
        other[at] = version;
        fs::write(&file, other).expect("a file");
        let error = refused(trainer(), |t| t.fit(&SAMPLES, &LABELS).resume(&file).run().map(|_| ()));
        let Error::CheckpointVersion { found, expected: 4, .. } = &error else { panic!("{error}") };
        assert_eq!(*found, char::from(version).to_string());
        message(&error, &["run.safetensors: checkpoint version ", "expected 4"]);
    }
}

/// A short run that saves a checkpoint to a file, or would go on from it.
fn short<M, L, K>(
    model: Box<M>,
    optimizer: impl Optimizer,
    loss: L,
    metrics: K,
) -> impl FnOnce(&Path, bool) -> Result<(), Error>
where
    M: Model<Sample = [f32; 4], Prediction = [f32; 3]>,
    L: Loss<M::Head, [f32; 3], u8>,
    K: Metrics<M::Head, [f32; 3], u8>,
{
    move |file, resume| {
        let before = model.to_boxed();
        let mut trainer = model.compile(optimizer, loss, metrics);
        let fit = trainer.fit(&SAMPLES, &LABELS).progress(false);
        let result = if resume { fit.resume(file) } else { fit.checkpoint(file) }.run();
        assert!(result.is_ok() || trainer.block() == before.block(), "a refused run changes nothing");
        result.map(|_| ())
    }
}

/// Of two runs that differ in `what`, which is `first` and `second`, or is not there, neither goes on from the other's
/// checkpoint.
fn differ<A, B>(run: impl Fn() -> A, other: impl Fn() -> B, what: &str, [first, second]: [Option<&str>; 2])
where
    A: FnOnce(&Path, bool) -> Result<(), Error>,
    B: FnOnce(&Path, bool) -> Result<(), Error>,
{
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.safetensors");
    let text = |value: Option<&str>, none: &str| value.map_or(none.to_string(), |value| format!("`{value}`"));
    let check = |error: Error, in_file, in_run| match error {
        Error::Checkpoint { what: found_what, found, expected, .. } => assert_eq!(
            [found_what, found, expected],
            [what.to_string(), text(in_file, "missing"), text(in_run, "none")]
        ),
        other => panic!("{other}"),
    };
    run()(&file, false).expect("a run");
    check(other()(&file, true).expect_err("the first's checkpoint"), first, second);
    other()(&file, false).expect("a run");
    check(run()(&file, true).expect_err("the second's checkpoint"), second, first);
    other()(&file, true).expect("its own checkpoint");
}

/// Models of one name, each with an inner model of one name that ends in the activation in brackets.
macro_rules! namesakes {
    ($($module:ident [$inner:ident] { $($layers:tt)* })+) => {
        $(mod $module {
            #![allow(dead_code, unreachable_pub)]
            use typenet::prelude::*;
            model! { pub Inner < Dense(8 => 8, $inner) > }
            model! { pub Net < $($layers)* > }
        })+
    };
}
namesakes! {
    base [tanh] { Dense(4 => 8, relu, l2 = 0.1), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax) }
    activation [tanh] { Dense(4 => 8, elu, l2 = 0.1), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax) }
    factor [tanh] { Dense(4 => 8, relu, l2 = 0.2), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax) }
    constraint [tanh] {
        Dense(4 => 8, relu, l2 = 0.1, constraint = max_norm(2.0)), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax)
    }
    rate [tanh] { Dense(4 => 8, relu, l2 = 0.1), Dropout(0.3), inner: Inner(8 => 8), Dense(8 => 3, softmax) }
    inside [selu] { Dense(4 => 8, relu, l2 = 0.1), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax) }
    bias [tanh] {
        Dense(4 => 8, relu, l2 = 0.1), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax, bias = false)
    }
    longer [tanh] {
        Dense(4 => 8, relu, l2 = 0.1), Dropout(0.2), inner: Inner(8 => 8), Dense(8 => 3, softmax), Flatten
    }
}

#[test]
fn checkpoint_of_another_model_is_refused_by_its_first_layer_that_differs() {
    fn net<M>(model: Box<M>) -> impl FnOnce(&Path, bool) -> Result<(), Error>
    where
        M: Model<Sample = [f32; 4], Prediction = [f32; 3]>,
        CategoricalCrossEntropy: Loss<M::Head, [f32; 3], u8>,
    {
        short(model, Sgd::new(0.1), CategoricalCrossEntropy, ())
    }
    model! { pub Other < Dense(4 => 8, relu), Dense(8 => 3, softmax) > }
    differ(|| net(Net::new(1)), || net(Other::new(1)), "model", [Some("Net"), Some("Other")]);

    let base = || net(base::Net::new(1));
    let first = "dense_1: Dense(4 => 8, relu, l2 = 0.1, weight [4, 8], bias [8])";
    let other = "dense_1: Dense(4 => 8, elu, l2 = 0.1, weight [4, 8], bias [8])";
    differ(base, || net(activation::Net::new(1)), "layer.1", [Some(first), Some(other)]);
    let other = "dense_1: Dense(4 => 8, relu, l2 = 0.2, weight [4, 8], bias [8])";
    differ(base, || net(factor::Net::new(1)), "layer.1", [Some(first), Some(other)]);
    let other = "dense_1: Dense(4 => 8, relu, l2 = 0.1, constraint = max_norm(2), weight [4, 8], bias [8])";
    differ(base, || net(constraint::Net::new(1)), "layer.1", [Some(first), Some(other)]);
    let [first, other] = [0.2, 0.3].map(|rate| format!("dropout_1: Dropout(8 => 8, rate = {rate})"));
    differ(base, || net(rate::Net::new(1)), "layer.2", [Some(&first), Some(&other)]);
    let [first, other] = ["tanh", "selu"].map(|name| format!("inner: Inner(8 => 8, {name})"));
    differ(base, || net(inside::Net::new(1)), "layer.3", [Some(&first), Some(&other)]);
    let [first, other] =
        [", bias [3]", ""].map(|bias| format!("dense_2: Dense(8 => 3, softmax, weight [8, 3]{bias})"));
    differ(base, || net(bias::Net::new(1)), "layer.4", [Some(&first), Some(&other)]);
    differ(base, || net(longer::Net::new(1)), "layer.5", [None, Some("flatten_1: Flatten(3 => 3)")]);
}

#[test]
fn checkpoint_of_another_optimizer_is_refused_also_where_it_has_an_option_more() {
    fn sgd(optimizer: impl Optimizer) -> impl FnOnce(&Path, bool) -> Result<(), Error> {
        short(Net::new(1), optimizer, CategoricalCrossEntropy, ())
    }
    let plain = || sgd(Sgd::new(0.1));
    let option = |what, value| (format!("optimizer.{what}"), [None, Some(value)]);
    let (what, values) = option("clip_value", "0.5");
    differ(plain, || sgd(Sgd::new(0.1).clip_value(0.5)), &what, values);
    let (what, values) = option("clip_norm", "0.5");
    differ(plain, || sgd(Sgd::new(0.1).clip_norm(0.5)), &what, values);
    let (what, values) = option("clip_global_norm", "0.5");
    differ(plain, || sgd(Sgd::new(0.1).clip_global_norm(0.5)), &what, values);
    let (what, values) = option("accumulate", "2");
    differ(plain, || sgd(Sgd::new(0.1).accumulate(2)), &what, values);
    let (what, values) = option("average", "0.9");
    differ(plain, || sgd(Sgd::new(0.1).average(0.9)), &what, values);
    let (what, values) = option("weight_decay", "0.01");
    differ(plain, || sgd(Sgd::new(0.1).weight_decay(0.01)), &what, values);
    differ(plain, || sgd(Sgd::new(0.1).nesterov()), "optimizer.nesterov", [Some("0"), Some("1")]);
}

#[test]
fn checkpoint_of_another_loss_other_metrics_or_other_weights_is_refused() {
    fn plain<L: Loss<Softmax, [f32; 3], u8>>(loss: L) -> impl FnOnce(&Path, bool) -> Result<(), Error> {
        short(Net::new(1), Sgd::new(0.1), loss, ())
    }
    let smooth = |smoothing| move || plain(CategoricalCrossEntropy.label_smoothing(smoothing));
    let name = |smoothing| format!("categorical_crossentropy(label_smoothing = {smoothing})");
    differ(smooth(0.0), smooth(0.1), "loss", [Some(&name(0.0)), Some(&name(0.1))]);
    let focal = "categorical_focal_crossentropy(gamma = 2, alpha = 0.25, label_smoothing = 0)";
    differ(smooth(0.0), || plain(CategoricalFocalCrossEntropy), "loss", [Some(&name(0.0)), Some(focal)]);
    let accuracy = || short(Net::new(1), Sgd::new(0.1), CategoricalCrossEntropy, (Accuracy::new(),));
    differ(smooth(0.0), accuracy, "metrics", [Some(""), Some("accuracy")]);

    fn weighted(
        samples: Option<&'static [f32]>,
        classes: Option<&'static [f32]>,
    ) -> impl FnOnce(&Path, bool) -> Result<(), Error> {
        move |file, resume| {
            let mut trainer = trainer();
            let mut fit = trainer.fit(&SAMPLES, &LABELS).progress(false);
            if let Some(samples) = samples {
                fit = fit.sample_weights(samples);
            }
            if let Some(classes) = classes {
                fit = fit.class_weights(classes);
            }
            if resume { fit.resume(file) } else { fit.checkpoint(file) }.run().map(|_| ())
        }
    }
    let none = || weighted(None, None);
    differ(none, || weighted(Some(&[0.5; 6]), None), "sample_weights", [Some("no"), Some("yes")]);
    let classes = || weighted(None, Some(&[1.0, 0.5, 9.0]));
    differ(none, classes, "class_weights", [Some("no"), Some("1, 0.5, 9")]);
    differ(
        classes,
        || weighted(None, Some(&[1.0, 0.5, 8.0])),
        "class_weights",
        [Some("1, 0.5, 9"), Some("1, 0.5, 8")],
    );
}
