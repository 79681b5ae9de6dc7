//! Losses and metrics against Keras, PyTorch, scikit-learn and SciPy; `golden/losses.py` wrote the numbers.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;
use typenet_runtime::layers::activation::*;
use typenet_runtime::losses::*;
use typenet_runtime::metrics::{self, Metric};
use typenet_runtime::model::LossMetric;

const EPSILON: f64 = f32::EPSILON as f64;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("golden numbers are JSON")
}

fn f64s(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn f32s(value: &Value) -> Vec<f32> {
    f64s(value).into_iter().map(|x| x as f32).collect()
}

fn classes(value: &Value) -> Vec<u8> {
    f64s(value).into_iter().map(|class| class as u8).collect()
}

#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found:e}, expected {expected:e} ± {tolerance:.1e}"
    );
}

/// `f32` values as rows of `N`.
fn rows<const N: usize>(values: &[f32]) -> &[[f32; N]] {
    values.as_chunks::<N>().0
}

struct LossCases {
    golden: Value,
    weights: Vec<f32>,
    seen: RefCell<BTreeSet<String>>,
}

impl LossCases {
    /// Values and gradients without and with weights. No derivative by a prediction exceeds `slope`.
    fn check<Head: Activation, Label, L: Loss<Head, [f32; 5], Label>>(
        &self,
        name: &str,
        head: &str,
        loss: L,
        labels: &[Label],
        slope: f64,
    ) {
        loss.validate().expect("settings that can be");
        loss.check_labels(labels).expect("labels that can be");
        let mut found_one = false;
        for kind in ["moderate", "extreme"] {
            for weighted in [false, true] {
                let key = format!("{name}/{head}/{kind}{}", if weighted { "/weighted" } else { "" });
                let case = &self.golden["cases"][&key];
                if case.is_null() {
                    continue;
                }
                found_one = true;
                let mut logits = f32s(&self.golden[kind]);
                let mut gradient = vec![f32::NAN; logits.len()];
                let weights = weighted.then_some(&self.weights[..]);
                let mean = loss.evaluate(labels, weights, &mut logits, Some(&mut gradient)) / 6.0;
                let expected = case["loss"].as_f64().expect("a number");
                // Heads are a few roundings wrong, which the slope enlarges; no weight exceeds 3.
                let size = expected.abs().max(3.0 * slope);
                assert_near(&key, mean, expected, 16.0 * EPSILON * size);
                for (found, expected) in gradient.iter().zip(f64s(&case["gradient"])) {
                    let size = expected.abs().max(3.0 * slope / 6.0);
                    assert_near(&key, f64::from(*found), expected, 16.0 * EPSILON * size);
                }
                self.seen.borrow_mut().insert(key);
            }
        }
        assert!(found_one, "no golden case {name}/{head}");
    }
}

#[test]
fn losses_agree_with_keras_and_pytorch() {
    let golden = read(include_str!("golden/losses_keras.json"));
    let of = |name: &str| f32s(&golden[name]);
    let labels = classes(&golden["classes"]);
    let (one_hot, soft, truths) = (of("one_hot"), of("distributions"), of("truths"));
    let (numbers, counts, weights) = (of("numbers"), of("counts"), of("weights"));
    let (one_hot, soft, truths) = (rows::<5>(&one_hot), rows::<5>(&soft), rows::<5>(&truths));
    let (numbers, counts) = (rows::<5>(&numbers), rows::<5>(&counts));
    let zeros = of("zeros");
    let zeros = rows::<5>(&zeros);
    assert!(zeros.as_flattened().contains(&0.0));
    let signs: Vec<[f32; 5]> = truths.iter().map(|row| row.map(|t| 2.0 * t - 1.0)).collect();
    let cases = LossCases { golden: golden.clone(), weights, seen: RefCell::default() };
    // Errors of the one row that is far out, and of the others.
    let far = 2e4;
    let nearest = numbers.as_flattened().iter().fold(f64::INFINITY, |min, &t| min.min(f64::from(t.abs())));

    macro_rules! heads {
        ($($head:ident $name:literal)+) => {$(
            cases.check::<$head, _, _>("mean_squared_error", $name, MeanSquaredError, numbers, far);
            cases.check::<$head, _, _>("mean_absolute_error", $name, MeanAbsoluteError, numbers, 1.0);
            let percentage = MeanAbsolutePercentageError;
            cases.check::<$head, _, _>("mean_absolute_percentage_error", $name, percentage, numbers, 100.0 / nearest);
            // A target of zero counts as 1e-7.
            cases.check::<$head, _, _>("percentage_of_zeros", $name, percentage, zeros, 100.0 / 1e-7);
            let logarithmic = MeanSquaredLogarithmicError;
            cases.check::<$head, _, _>("mean_squared_logarithmic_error", $name, logarithmic, counts, 20.0);
            cases.check::<$head, _, _>("huber", $name, Huber, numbers, 1.0);
            cases.check::<$head, _, _>("huber_half", $name, Huber.delta(0.5), numbers, 1.0);
            cases.check::<$head, _, _>("log_cosh", $name, LogCosh, numbers, 1.0);
            cases.check::<$head, _, _>("cosine_similarity", $name, CosineSimilarity, numbers, 4.0);
            cases.check::<$head, _, _>("hinge", $name, Hinge, truths, 1.0);
            cases.check::<$head, _, _>("hinge", $name, Hinge, &signs, 1.0);
            cases.check::<$head, _, _>("squared_hinge", $name, SquaredHinge, truths, far);
            cases.check::<$head, _, _>("categorical_hinge", $name, CategoricalHinge, one_hot, 1.0);
            cases.check::<$head, _, _>("categorical_hinge", $name, CategoricalHinge, &labels, 1.0);
        )+};
    }
    heads!(Linear "linear" Sigmoid "sigmoid" Tanh "tanh" Softmax "softmax" Gelu "gelu");
    // A probability of 1e-8 or less meets ε; of 30 values the smallest is not far from it.
    cases.check::<Softplus, _, _>("poisson", "softplus", Poisson, counts, 100.0);
    cases.check::<Sigmoid, _, _>("poisson", "sigmoid", Poisson, counts, 1000.0);

    macro_rules! binary {
        ($($name:literal $plain:expr, $with_logits:expr;)+) => {$(
            cases.check::<Sigmoid, _, _>($name, "linear", $plain, truths, 1.0);
            cases.check::<Linear, _, _>($name, "linear", $with_logits, truths, 1.0);
        )+};
    }
    binary! {
        "binary" BinaryCrossEntropy, BinaryCrossEntropyWithLogits;
        "binary_smoothed" BinaryCrossEntropy.label_smoothing(0.2), BinaryCrossEntropyWithLogits.label_smoothing(0.2);
        "binary_focal" BinaryFocalCrossEntropy, BinaryFocalCrossEntropyWithLogits;
        "binary_focal_balanced" BinaryFocalCrossEntropy.apply_class_balancing(true),
            BinaryFocalCrossEntropyWithLogits.apply_class_balancing(true);
        "binary_focal_other"
            BinaryFocalCrossEntropy.apply_class_balancing(true).gamma(1.5).alpha(0.7).label_smoothing(0.1),
            BinaryFocalCrossEntropyWithLogits.apply_class_balancing(true).gamma(1.5).alpha(0.7).label_smoothing(0.1);
    }
    macro_rules! categorical {
        ($($name:literal $labels:expr, $plain:expr, $with_logits:expr;)+) => {$(
            cases.check::<Softmax, _, _>($name, "linear", $plain, $labels, 1.0);
            cases.check::<LogSoftmax, _, _>($name, "linear", $plain, $labels, 1.0);
            cases.check::<Linear, _, _>($name, "linear", $with_logits, $labels, 1.0);
        )+};
    }
    let focal = CategoricalFocalCrossEntropy.gamma(1.5).alpha(0.7).label_smoothing(0.1);
    let focal_with_logits = CategoricalFocalCrossEntropyWithLogits.gamma(1.5).alpha(0.7).label_smoothing(0.1);
    categorical! {
        "categorical_smoothed" &labels, CategoricalCrossEntropy.label_smoothing(0.1),
            CategoricalCrossEntropyWithLogits.label_smoothing(0.1);
        "categorical_smoothed" one_hot, CategoricalCrossEntropy.label_smoothing(0.1),
            CategoricalCrossEntropyWithLogits.label_smoothing(0.1);
        "categorical_soft_smoothed" soft, CategoricalCrossEntropy.label_smoothing(0.3),
            CategoricalCrossEntropyWithLogits.label_smoothing(0.3);
        "categorical_focal" &labels, CategoricalFocalCrossEntropy, CategoricalFocalCrossEntropyWithLogits;
        "categorical_focal" one_hot, CategoricalFocalCrossEntropy, CategoricalFocalCrossEntropyWithLogits;
        "categorical_focal_other" &labels, focal, focal_with_logits;
    }
    cases.check::<Softmax, _, _>("kl_divergence", "linear", KlDivergence, soft, 1.0);
    cases.check::<LogSoftmax, _, _>("kl_divergence", "linear", KlDivergence, soft, 1.0);

    let all: BTreeSet<String> = golden["cases"].as_object().expect("cases").keys().cloned().collect();
    assert_eq!(*cases.seen.borrow(), all, "every golden case is compared");
}

/// The metric over rows in batches of 64, the last one shorter, after a reset.
fn over<Head, const N: usize, Label>(
    mut metric: impl Metric<Head, [f32; N], Label>,
    predictions: &[[f32; N]],
    labels: &[Label],
) -> f64 {
    metric.check().expect("settings that can be");
    metric.check_labels(labels).expect("labels that can be");
    metric.update(&predictions[..7], &labels[..7]);
    metric.reset();
    assert!(metric.compute().is_nan(), "after a reset");
    for (predictions, labels) in predictions.chunks(64).zip(labels.chunks(64)) {
        metric.update(predictions, labels);
    }
    metric.compute()
}

#[test]
fn losses_of_predictions_agree_with_keras() {
    let golden = read(include_str!("golden/losses_keras.json"));
    let of = |name: &str| f32s(&golden[name]);
    let (p, truths, one_hot, counts) = (of("probabilities"), of("truths"), of("one_hot"), of("counts"));
    let (p, truths, one_hot) = (rows::<5>(&p), rows::<5>(&truths), rows::<5>(&one_hot));
    let (numbers, zeros, shares, soft) = (of("numbers"), of("zeros"), of("shares"), of("distributions"));
    let (numbers, zeros, counts) = (rows::<5>(&numbers), rows::<5>(&zeros), rows::<5>(&counts));
    let labels = classes(&golden["classes"]);
    let seen = RefCell::new(BTreeSet::new());
    let check_one_of = |group: &str, name: &str, found: f64| {
        let expected = golden[group][name].as_f64().expect("a number");
        // Predictions and targets are the same numbers, and all else is f64 here; Keras ends in f32.
        assert_near(name, found, expected, 4.0 * EPSILON * expected.abs().max(1.0));
        seen.borrow_mut().insert(format!("{group}/{name}"));
    };
    let check = |name: &str, found: f64| check_one_of("from_probabilities", name, found);
    fn mean<Head, Label, L: OfPredictions<Head, [f32; 5], Label>>(
        loss: L,
        predictions: &[[f32; 5]],
        labels: &[Label],
    ) -> f64 {
        let mut metric = LossMetric::new(loss);
        let metric: &mut dyn Metric<Head, [f32; 5], Label> = &mut metric;
        metric.update(&predictions[..4], &labels[..4]);
        metric.update(&predictions[4..], &labels[4..]);
        metric.compute()
    }
    check("binary", mean::<Sigmoid, _, _>(BinaryCrossEntropy, p, truths));
    check("binary_smoothed", mean::<Sigmoid, _, _>(BinaryCrossEntropy.label_smoothing(0.2), p, truths));
    check("categorical", mean::<Softmax, _, _>(CategoricalCrossEntropy, p, one_hot));
    check("categorical", mean::<Softmax, _, _>(CategoricalCrossEntropy, p, &labels));
    let smoothed = CategoricalCrossEntropy.label_smoothing(0.1);
    check("categorical_smoothed", mean::<Softmax, _, _>(smoothed, p, &labels));
    check("binary_focal", mean::<Sigmoid, _, _>(BinaryFocalCrossEntropy, p, truths));
    let balanced = BinaryFocalCrossEntropy.apply_class_balancing(true);
    check("binary_focal_balanced", mean::<Sigmoid, _, _>(balanced, p, truths));
    check("categorical_focal", mean::<Softmax, _, _>(CategoricalFocalCrossEntropy, p, &labels));
    check("mean_squared_error", mean::<Sigmoid, _, _>(MeanSquaredError, p, truths));
    check("hinge", mean::<Sigmoid, _, _>(Hinge, p, truths));
    check("categorical_hinge", mean::<Softmax, _, _>(CategoricalHinge, p, &labels));
    check("cosine_similarity", mean::<Sigmoid, _, _>(CosineSimilarity, p, truths));
    check("poisson", mean::<Sigmoid, _, _>(Poisson, p, counts));
    check("mean_absolute_error", mean::<Sigmoid, _, _>(MeanAbsoluteError, p, numbers));
    let percentage = MeanAbsolutePercentageError;
    check("mean_absolute_percentage_error", mean::<Sigmoid, _, _>(percentage, p, numbers));
    check("percentage_of_zeros", mean::<Sigmoid, _, _>(percentage, p, zeros));
    let logarithmic = MeanSquaredLogarithmicError;
    check("mean_squared_logarithmic_error", mean::<Sigmoid, _, _>(logarithmic, p, counts));
    check("huber", mean::<Sigmoid, _, _>(Huber, p, numbers));
    check("huber_half", mean::<Sigmoid, _, _>(Huber.delta(0.5), p, numbers));
    check("log_cosh", mean::<Sigmoid, _, _>(LogCosh, p, numbers));
    check("squared_hinge", mean::<Sigmoid, _, _>(SquaredHinge, p, truths));
    // Keras counts a target of zero as 1e-7: without the sample that has them.
    let without = |values: &[f32]| -> Vec<[f32; 5]> {
        rows::<5>(values).iter().enumerate().filter(|(sample, _)| *sample != 1).map(|(_, row)| *row).collect()
    };
    check("kl_divergence", mean::<Softmax, _, _>(KlDivergence, &without(&shares), &without(&soft)));

    let check = |name: &str, found: f64| check_one_of("from_outputs", name, found);
    let outputs = of("extreme");
    let y = rows::<5>(&outputs);
    assert!(outputs.contains(&1e4) && outputs.contains(&-1e4));
    check("mean_squared_error", mean::<Linear, _, _>(MeanSquaredError, y, numbers));
    check("mean_absolute_error", mean::<Linear, _, _>(MeanAbsoluteError, y, numbers));
    check("mean_absolute_percentage_error", mean::<Linear, _, _>(percentage, y, numbers));
    check("percentage_of_zeros", mean::<Linear, _, _>(percentage, y, zeros));
    check("mean_squared_logarithmic_error", mean::<Linear, _, _>(logarithmic, y, counts));
    check("huber", mean::<Linear, _, _>(Huber, y, numbers));
    check("huber_half", mean::<Linear, _, _>(Huber.delta(0.5), y, numbers));
    check("log_cosh", mean::<Linear, _, _>(LogCosh, y, numbers));
    check("hinge", mean::<Linear, _, _>(Hinge, y, truths));
    check("squared_hinge", mean::<Linear, _, _>(SquaredHinge, y, truths));
    check("categorical_hinge", mean::<Linear, _, _>(CategoricalHinge, y, &labels));
    check("cosine_similarity", mean::<Linear, _, _>(CosineSimilarity, y, numbers));

    let names = ["from_probabilities", "from_outputs"].into_iter().flat_map(|group| {
        let values = golden[group].as_object().expect("a golden group");
        values.keys().map(move |name| format!("{group}/{name}"))
    });
    assert_eq!(*seen.borrow(), names.collect::<BTreeSet<_>>(), "every golden number is compared");
}

/// A loss is the same from logits as from the predictions that it leaves, where nothing is clipped.
#[test]
fn losses_of_logits_and_of_predictions_agree() {
    fn check<Head, Label, L: OfPredictions<Head, [f32; 5], Label>>(
        loss: L,
        logits: &[f32],
        labels: &[Label],
    ) {
        let mut predictions = logits.to_vec();
        let expected = loss.evaluate(labels, None, &mut predictions, None);
        let found = loss.of_predictions(labels, rows::<5>(&predictions));
        // p is known within a few units, log p within a few units of p's smallest, e⁻²⁰.
        assert_near(loss.name(), found, expected, 64.0 * EPSILON * expected.abs().max(30.0));
    }
    let golden = read(include_str!("golden/losses_keras.json"));
    let (logits, labels) = (f32s(&golden["moderate"]), classes(&golden["classes"]));
    let (truths, soft) = (f32s(&golden["truths"]), f32s(&golden["distributions"]));
    let (truths, soft) = (rows::<5>(&truths), rows::<5>(&soft));
    check::<Softmax, _, _>(CategoricalCrossEntropy.label_smoothing(0.1), &logits, &labels);
    check::<LogSoftmax, _, _>(CategoricalCrossEntropy, &logits, soft);
    check::<Linear, _, _>(CategoricalCrossEntropyWithLogits.label_smoothing(0.1), &logits, soft);
    check::<Softmax, _, _>(KlDivergence, &logits, soft);
    check::<LogSoftmax, _, _>(KlDivergence, &logits, soft);
    check::<Softmax, _, _>(CategoricalFocalCrossEntropy, &logits, &labels);
    check::<LogSoftmax, _, _>(CategoricalFocalCrossEntropy, &logits, &labels);
    check::<Linear, _, _>(CategoricalFocalCrossEntropyWithLogits, &logits, &labels);
    check::<Linear, _, _>(BinaryCrossEntropyWithLogits, &logits, truths);
    check::<Linear, _, _>(BinaryFocalCrossEntropyWithLogits, &logits, truths);
    check::<Gelu, _, _>(Huber, &logits, truths);
    check::<Tanh, _, _>(SquaredHinge, &logits, truths);
    check::<Softmax, _, _>(CosineSimilarity, &logits, truths);
}

/// Compares found numbers with those of a golden group.
struct Group(Value);

impl Group {
    fn check(&self, name: &str, found: f64) {
        let expected = self.0["values"][name].as_f64().unwrap_or_else(|| panic!("no golden {name}"));
        // Keras's own metrics end in f32.
        assert_near(
            name,
            found,
            expected,
            if name.contains("00") || name.contains("_7") { 4e-6 } else { 1e-6 },
        );
        if !["200", "_7", "keras", "at", "mean", "r2"].iter().any(|part| name.contains(part)) {
            assert_near(name, found, expected, 1e-12);
        }
    }
}

#[test]
fn metrics_of_yes_and_no_agree() {
    use metrics::*;
    let group = Group(read(include_str!("golden/metrics.json"))["binary"].clone());
    let truths = classes(&group.0["truth"]);
    let of = |name: &str| f32s(&group.0[name]);
    let (score, logit) = (of("score"), of("logit"));
    let (score, logit) = (rows::<1>(&score), rows::<1>(&logit));
    let bools: Vec<bool> = truths.iter().map(|&truth| truth == 1).collect();
    let floats: Vec<f32> = truths.iter().map(|&truth| f32::from(truth)).collect();

    group.check("precision", over::<Sigmoid, 1, _>(Precision::new(), score, &truths));
    group.check("precision", over::<Sigmoid, 1, _>(Precision::new(), score, &bools));
    group.check("precision", over::<Sigmoid, 1, _>(Precision::new(), score, &floats));
    group.check("precision", over::<Sigmoid, 1, _>(Precision::new(), score, rows::<1>(&floats)));
    group.check("precision", over::<Sigmoid, 1, _>(Precision::new().average(Average::Macro), score, &bools));
    group.check("recall", over::<Sigmoid, 1, _>(Recall::new(), score, &truths));
    group.check("specificity", over::<Sigmoid, 1, _>(Specificity::new(), score, &truths));
    group.check("f1", over::<Sigmoid, 1, _>(F1Score::new(), score, &truths));
    group.check("f1", over::<Sigmoid, 1, _>(FBetaScore::new(), score, &truths));
    group.check("fbeta_2", over::<Sigmoid, 1, _>(FBetaScore::new().beta(2.0), score, &truths));
    group.check(
        "precision_at_0.305",
        over::<Sigmoid, 1, _>(Precision::new().threshold(0.305), score, &truths),
    );
    group.check("recall_at_0.305", over::<Sigmoid, 1, _>(Recall::new().threshold(0.305), score, &truths));
    group.check("auc", over::<Sigmoid, 1, _>(Auc::new(), score, &truths));
    group.check("auc_of_logits", over::<Linear, 1, _>(Auc::new(), logit, &bools));
    group.check("average_precision", over::<Sigmoid, 1, _>(AveragePrecision::new(), score, &truths));
    group.check("auc_200", over::<Sigmoid, 1, _>(AucOverThresholds::default(), score, &truths));
    group.check("auc_7", over::<Sigmoid, 1, _>(AucOverThresholds::new(7), score, &truths));
    group.check("auc_200_of_logits", over::<Linear, 1, _>(AucOverThresholds::default(), logit, &truths));
    let curve = |thresholds| AucOverThresholds::new(thresholds).curve(Curve::PrecisionRecall);
    group.check("auc_pr_200", over::<Sigmoid, 1, _>(curve(200), score, &truths));
    group.check("auc_pr_7", over::<Sigmoid, 1, _>(curve(7), score, &truths));
}

#[test]
fn metrics_of_classes_agree() {
    use metrics::*;
    let group = Group(read(include_str!("golden/metrics.json"))["classes"].clone());
    let labels = classes(&group.0["classes"]);
    let (outputs, three) = (f32s(&group.0["outputs"]), f32s(&group.0["three"]));
    let (outputs, three) = (rows::<4>(&outputs), rows::<3>(&three));
    let one_hot: Vec<[f32; 4]> =
        labels.iter().map(|&class| core::array::from_fn(|i| f32::from(i == usize::from(class)))).collect();

    for (name, average) in
        [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)]
    {
        let precision = || Precision::new().average(average);
        group.check(&format!("precision_{name}"), over::<Softmax, 4, _>(precision(), outputs, &labels));
        group.check(&format!("precision_{name}"), over::<Softmax, 4, _>(precision(), outputs, &one_hot));
        group.check(&format!("precision_{name}"), over::<Linear, 4, _>(precision(), outputs, &labels));
        let (recall, f1) = (Recall::new().average(average), F1Score::new().average(average));
        group.check(&format!("recall_{name}"), over::<Softmax, 4, _>(recall, outputs, &labels));
        group.check(&format!("f1_{name}"), over::<Softmax, 4, _>(f1, outputs, &labels));
    }
    for class in 0..4 {
        let (precision, recall) = (Precision::new().class_id(class), Recall::new().class_id(class));
        let specificity = Specificity::new().class_id(class);
        group.check(&format!("precision_{class}"), over::<Softmax, 4, _>(precision, outputs, &labels));
        group.check(&format!("recall_{class}"), over::<Softmax, 4, _>(recall, outputs, &labels));
        group.check(&format!("specificity_{class}"), over::<Softmax, 4, _>(specificity, outputs, &labels));
        let precision = Precision::new().class_id(class).threshold(0.5);
        let recall = Recall::new().class_id(class).threshold(0.5);
        group.check(&format!("keras_precision_{class}"), over::<Softmax, 4, _>(precision, outputs, &one_hot));
        group.check(&format!("keras_recall_{class}"), over::<Softmax, 4, _>(recall, outputs, &labels));
    }
    let precision = Precision::new().threshold(0.5);
    group.check("keras_precision", over::<Softmax, 4, _>(precision, outputs, &labels));
    group.check("keras_recall", over::<Softmax, 4, _>(Recall::new().threshold(0.5), outputs, &labels));
    group.check("auc_micro", over::<Softmax, 4, _>(Auc::new().average(Average::Micro), outputs, &labels));
    group.check("auc_1", over::<Softmax, 4, _>(Auc::new().class_id(1), outputs, &labels));
    group.check("auc_200", over::<Softmax, 4, _>(AucOverThresholds::default(), outputs, &labels));
    group.check("auc_three_macro", over::<Softmax, 3, _>(Auc::new(), three, &labels));
    let weighted = Auc::new().average(Average::Weighted);
    group.check("auc_three_weighted", over::<Softmax, 3, _>(weighted, three, &labels));
    assert!(over::<Softmax, 4, _>(Auc::new(), outputs, &labels).is_nan(), "class 3 is never true");
}

#[test]
fn metrics_of_labels_agree() {
    use metrics::*;
    let group = Group(read(include_str!("golden/metrics.json"))["labels"].clone());
    let (labels, scores) = (f32s(&group.0["labels"]), f32s(&group.0["scores"]));
    let (labels, scores) = (rows::<3>(&labels), rows::<3>(&scores));
    for (name, average) in
        [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)]
    {
        let precision = Precision::new().average(average);
        group.check(&format!("precision_{name}"), over::<Sigmoid, 3, _>(precision, scores, labels));
        group.check(
            &format!("recall_{name}"),
            over::<Sigmoid, 3, _>(Recall::new().average(average), scores, labels),
        );
        group.check(
            &format!("f1_{name}"),
            over::<Sigmoid, 3, _>(F1Score::new().average(average), scores, labels),
        );
        group.check(
            &format!("auc_{name}"),
            over::<Sigmoid, 3, _>(Auc::new().average(average), scores, labels),
        );
        let precision = AveragePrecision::new().average(average);
        group.check(&format!("average_precision_{name}"), over::<Sigmoid, 3, _>(precision, scores, labels));
    }
    group.check("auc_200", over::<Sigmoid, 3, _>(AucOverThresholds::default(), scores, labels));
    let curve = AucOverThresholds::default().curve(Curve::PrecisionRecall);
    group.check("auc_pr_200", over::<Sigmoid, 3, _>(curve, scores, labels));
}

#[test]
fn metrics_of_numbers_agree() {
    use metrics::*;
    let group = Group(read(include_str!("golden/metrics.json"))["numbers"].clone());
    let (targets, predictions) = (f32s(&group.0["targets"]), f32s(&group.0["predictions"]));
    let (t, y) = (rows::<2>(&targets), rows::<2>(&predictions));
    group.check("mean_absolute_error", over::<Linear, 2, _>(MeanAbsoluteError::new(), y, t));
    group.check("mean_squared_error", over::<Linear, 2, _>(MeanSquaredError::new(), y, t));
    group.check("root_mean_squared_error", over::<Linear, 2, _>(RootMeanSquaredError::new(), y, t));
    let percentage = MeanAbsolutePercentageError::new();
    let expected = group.0["values"]["mean_absolute_percentage_error"].as_f64().expect("a number");
    assert_near("percentage", over::<Linear, 2, _>(percentage, y, t), expected, 1e-6 * expected);
    group.check("r2", over::<Linear, 2, _>(R2Score::new(), y, t));
    group.check("pearson", over::<Linear, 2, _>(PearsonCorrelation::new(), y, t));
}

#[test]
fn accuracies_agree() {
    use metrics::*;
    let golden = read(include_str!("golden/accuracies.json"));
    let group = &golden["classes"];
    let labels = classes(&group["classes"]);
    let (outputs, soft, smooth) = (f32s(&group["outputs"]), f32s(&group["soft"]), f32s(&group["smooth"]));
    let (outputs, soft, smooth) = (rows::<5>(&outputs), rows::<5>(&soft), rows::<5>(&smooth));
    assert!(outputs.as_flattened().contains(&1e4) && outputs.as_flattened().contains(&-1e4));
    let one_hot: Vec<[f32; 5]> =
        labels.iter().map(|&class| core::array::from_fn(|i| f32::from(i == usize::from(class)))).collect();
    // Shares of few samples, which Keras computes in f32.
    let near = |name: &str, found: f64, expected: &Value| {
        assert_near(name, found, expected.as_f64().expect("a number"), EPSILON);
    };
    let check = |name: &str, found: f64| near(name, found, &group["values"][name]);
    check("sparse", over::<Linear, 5, _>(SparseCategoricalAccuracy::new(), outputs, &labels));
    check("sparse", over::<Softmax, 5, _>(Accuracy::new(), outputs, &labels));
    check("categorical", over::<Linear, 5, _>(CategoricalAccuracy::new(), outputs, &one_hot));
    check("categorical", over::<Softmax, 5, _>(Accuracy::new(), outputs, &one_hot));
    check("categorical_soft", over::<Softmax, 5, _>(CategoricalAccuracy::new(), outputs, soft));
    check("categorical_soft", over::<Softmax, 5, _>(Accuracy::new(), outputs, soft));
    for k in 1..=5 {
        let top = || TopKCategoricalAccuracy::new(k);
        check(&format!("top_{k}"), over::<Softmax, 5, _>(top(), outputs, &labels));
        check(&format!("top_{k}"), over::<Softmax, 5, _>(top(), outputs, &one_hot));
        check(&format!("top_{k}_soft"), over::<Softmax, 5, _>(top(), outputs, soft));
        check(&format!("top_{k}_without_ties"), over::<Softmax, 5, _>(top(), smooth, &labels));
    }

    let group = &golden["binary"];
    let truths = classes(&group["truth"]);
    let of = |name: &str| f32s(&group[name]);
    let (score, logit, soft) = (of("score"), of("logit"), of("soft_truth"));
    let (score, logit) = (rows::<1>(&score), rows::<1>(&logit));
    let (labels, scores) = (of("labels"), of("scores"));
    let (labels, scores) = (rows::<3>(&labels), rows::<3>(&scores));
    let check = |name: &str, found: f64| near(name, found, &group["values"][name]);
    check("plain", over::<Sigmoid, 1, _>(BinaryAccuracy::new(), score, &truths));
    check("plain", over::<Sigmoid, 1, _>(Accuracy::new(), score, &truths));
    check("of_logits", over::<Linear, 1, _>(BinaryAccuracy::new(), logit, &truths));
    check("of_logits", over::<Linear, 1, _>(Accuracy::new(), logit, &truths));
    // With the labels of a hinge loss too.
    let signs: Vec<i32> = truths.iter().map(|&truth| 2 * i32::from(truth) - 1).collect();
    check("of_logits", over::<Linear, 1, _>(Accuracy::new(), logit, &signs));
    check("soft", over::<Sigmoid, 1, _>(BinaryAccuracy::new(), score, &soft));
    check("soft", over::<Sigmoid, 1, _>(Accuracy::new(), score, &soft));
    check("of_several", over::<Sigmoid, 3, _>(BinaryAccuracy::new(), scores, labels));
}

#[test]
fn percentages_of_targets_of_zero_agree() {
    let group = &read(include_str!("golden/accuracies.json"))["percentage"];
    let (targets, predictions) = (f32s(&group["targets"]), f32s(&group["predictions"]));
    assert!(targets.contains(&0.0) && targets.contains(&1e4));
    let expected = group["values"]["value"].as_f64().expect("a number");
    let metric = metrics::MeanAbsolutePercentageError::new();
    let found = over::<Linear, 1, _>(metric, rows::<1>(&predictions), &targets);
    assert_near("percentage", found, expected, 4.0 * EPSILON * expected);
    let metric = LossMetric::new(MeanAbsolutePercentageError);
    let found = over::<Linear, 1, _>(metric, rows::<1>(&predictions), &targets);
    assert_near("percentage", found, expected, 4.0 * EPSILON * expected);
}

#[test]
fn confusion_matrix_agrees() {
    let golden = read(include_str!("golden/accuracies.json"));
    let (labels, outputs) = (classes(&golden["classes"]["classes"]), f32s(&golden["classes"]["outputs"]));
    let mut matrix = metrics::ConfusionMatrix::<5>::new();
    for (outputs, labels) in rows::<5>(&outputs).chunks(16).zip(labels.chunks(16)) {
        matrix.update(outputs, labels);
    }
    let expected = &golden["confusion"];
    let counts: Vec<f64> = matrix.counts().as_flattened().iter().map(|&count| count as f64).collect();
    assert_eq!(counts, f64s(&expected["counts"]));
    assert_near("accuracy", matrix.accuracy(), expected["accuracy"].as_f64().expect("a number"), 1e-12);
    for class in 0..5 {
        for (name, found) in [("recall", matrix.recall(class)), ("precision", matrix.precision(class))] {
            match expected[name][class].as_f64() {
                Some(expected) => assert_near(name, found, expected, 1e-12),
                // Of a class that is never true, or never predicted.
                None => assert!(found.is_nan(), "{name} of class {class}: {found}"),
            }
        }
    }
}
