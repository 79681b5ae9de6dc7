//! `{:?}` of everything that holds many numbers is short, and says what it is.

use std::fmt::Debug;

use typenet::data::{Samples, Split, Standardizer, digits, idx::Images};
use typenet::hardware::Buffer;
use typenet::io::safetensors::{File, Tensor, read};
use typenet::kernels::cross_entropy::Target;
use typenet::kernels::update::{Gradient, Tuning};
use typenet::kernels::{Function, Matrix, Rng, Tail};
use typenet::layers::{Backward, Forward, Predict, Step, Trained};
use typenet::metrics::{AucOverThresholds, Truth};
use typenet::model::callbacks::State;
use typenet::prelude::*;

model! { Digits < Dense(64 => 512, relu), Dropout(0.2), Dense(512 => 10, softmax) > }

/// The text is short in both forms and holds each of `parts`.
fn is_short(value: &dyn Debug, parts: &[&str]) {
    let text = format!("{value:?}");
    assert!(text.len() < 700, "{} bytes: {}…", text.len(), text.chars().take(300).collect::<String>());
    assert!(format!("{value:#?}").len() < 3000, "{text}");
    for part in parts {
        assert!(text.contains(part), "`{part}` in {text}");
    }
}

#[test]
fn models_views_and_memory() {
    let mut model = Digits::new(1);
    is_short(&model, &["Digits", "38410"]);
    is_short(&model.dense_1(), &["DenseView", "[64, 512]", "… 32768 in all", "… 512 in all"]);
    is_short(&model.dense_1_mut(), &["DenseViewMut", "[64, 512]"]);
    is_short(&model.tensor("dense_1.weight"), &["[64, 512]", "… 32768 in all"]);
    is_short(&Predictor::<Digits>::new(100), &["Predictor", "Digits", "100", &(100 * 512 * 4).to_string()]);
    is_short(&Buffer::zeroed(1 << 20), &["… 1048576 in all"]);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("digits.safetensors");
    model.save(&path).expect("a file");
    let file: File = read(&path).expect("the file");
    is_short(&file, &["digits.safetensors", "tensors: 4"]);
    is_short(&file.get("dense_1.weight"), &["dense_1.weight", "[64, 512]", "F32"]);
    let values = vec![0.5; 32768];
    is_short(&Tensor { name: "weight".into(), shape: &[64, 512], values: &values }, &["[64, 512]"]);
}

#[test]
fn trainers_and_what_they_are_made_of() {
    let Split { train, test } = digits::load();
    let metrics = (
        Accuracy::new(),
        Auc::new(),
        AveragePrecision::new(),
        F1Score::new(),
        TopKCategoricalAccuracy::new(2),
        AucOverThresholds::default().named("auc_keras"),
    );
    let optimizer = Adam::new(1e-3).average(0.9).clip_norm(1.0);
    let mut trainer = Digits::new(1).compile(optimizer, CategoricalCrossEntropy, metrics);
    let mut early = EarlyStopping::new("loss").restore_best_weights(true);
    let fit = trainer.fit(&train.inputs, &train.labels).validation(&test.inputs, &test.labels);
    let fit = fit.progress(false).callback(&mut early);
    is_short(&fit, &["Fit", "EarlyStopping"]);
    fit.run().expect("a run");
    is_short(&early, &["EarlyStopping", "loss"]);
    is_short(&trainer.model(), &["Digits"]);
    is_short(trainer.optimizer(), &["Adam", "clip_norm"]);
    is_short(&trainer.running_scores::<u8>(), &["RunningScores"]);

    let mut correlation = PearsonCorrelation::new();
    let wide = vec![[0.5; 5000]; 2];
    typenet::metrics::Metric::<typenet::layers::activation::Linear, _, _>::update(
        &mut correlation,
        &wide,
        &wide,
    );
    is_short(&correlation, &["PearsonCorrelation"]);
    is_short(&ConfusionMatrix::<1000>::new(), &["classes: 1000"]);

    // A whole trainer, once it has trained: with what is short above, and no more.
    let mut plain = Digits::new(1).compile(Adam::default(), CategoricalCrossEntropy, (Auc::new(),));
    plain.fit(&train.inputs, &train.labels).progress(false).run().expect("a run");
    is_short(
        &plain,
        &["Trainer", "\"Digits\"", "38410", "Adam", "CategoricalCrossEntropy", "Auc", "step: 45"],
    );
}

#[test]
fn data() {
    let split = digits::load();
    is_short(&split, &["Samples", "len: 360", "labels"]);
    is_short(&Samples { inputs: vec![[0.0; 3]; 1000], labels: vec![1; 1000] }, &["… 3000 in all"]);
    is_short(&Standardizer::fit(&split.train.inputs), &["mean", "… 64 in all"]);
    is_short(&Images { count: 100, height: 28, width: 28, pixels: vec![0; 78_400] }, &["… 78400 in all"]);
}

#[test]
fn what_layers_and_kernels_are_given() {
    type Wide = typenet::layers::Dense<typenet::typenum::U1, typenet::typenum::U1>;
    let (a, mut b, mut c, mut d) = (vec![0.5f32; 5000], vec![0.5; 5000], vec![0.5; 5000], vec![0.5; 5000]);
    let (mut e, mut g) = (vec![0.5; 5000], vec![0.5; 5000]);
    let batch = 5000;
    let many = "… 5000 in all";
    let pass =
        Predict::<Wide> { batch, parameters: &a, buffers: &a, input: &a, output: &mut b, scratch: &mut c };
    is_short(&pass, &["Predict", "Dense", "batch: 5000"]);
    let rng = Rng::seed(1);
    let pass = Forward::<Wide> {
        batch,
        parameters: &a,
        buffers: &mut b,
        input: &a,
        output: &mut c,
        kept: &mut d,
        scratch: &mut e,
        rng,
    };
    is_short(&pass, &["Forward", "Dense"]);
    let pass = Backward::<Wide> {
        batch,
        parameters: &a,
        input: &a,
        output: &a,
        kept: &a,
        grad_output: &mut b,
        grad_input: Some(&mut c),
        grad_parameters: &mut d,
        scratch: &mut e,
    };
    is_short(&pass, &["Backward", "Dense"]);
    let update = |_: &mut [f32], _: Gradient<'_>, _: &mut [&mut [f32]]| {};
    let trained = Trained::<typenet::layers::Cpu>::new(&mut b, &mut c, [&mut d[..]], &update);
    is_short(&trained, &["Trained", "slots: 1"]);
    let pass = Step::<Wide> {
        batch,
        trained,
        input: &a,
        output: &a,
        kept: &a,
        grad_output: &mut e,
        grad_input: None,
        scratch: &mut g,
    };
    is_short(&pass, &["Step", "Dense"]);

    is_short(&Matrix::new(&a, 50, 100), &["Matrix", "rows: 50", many]);
    is_short(
        &Tail { bias: Some(&a), function: Function::Relu, preactivation: Some(&mut b) },
        &["Relu", many],
    );
    is_short(&Gradient::Values(&a[..]), &["Values", many]);
    is_short(&Gradient::Outer { rows: &a[..], columns: &a[..] }, &["rows", "columns"]);
    is_short(&Target::Distribution(&a), &["Distribution", many]);
    is_short(&Truth::Values(&a), &["Values", many]);
    let (accumulated, average) = (Some(&mut b[..]), Some(&mut c[..]));
    let tuning =
        Tuning { scale: 1.0, limit: 1.0, decay: 0.0, count: 1.0, accumulated, average, average_rate: 0.5 };
    is_short(&tuning, &["Tuning", "average_rate: 0.5", many]);
    let state = State { numbers: vec![("best", 0.5)], weights: Some(a.into()), ..State::default() };
    is_short(&state, &["best", many]);
}

/// A trait that is derived is not implemented twice.
#[test]
fn derived_traits_are_the_users() {
    model! {
        #[derive(Debug, PartialEq)]
        Line < Dense(1 => 1) >
    }
    assert_eq!(format!("{:?}", Line::zeros()), "Line { block: [0.0, 0.0] }");
    assert_eq!(Line::zeros(), Line::zeros());
}

/// Models are equal if all numbers are, as numbers; so are views.
#[test]
fn equality_is_that_of_the_numbers() {
    let (mut one, other) = (Digits::new(1), Digits::new(1));
    assert_eq!(one, other);
    assert_eq!(one.dense_1(), other.dense_1());
    assert_ne!(one, Digits::new(2));
    one.dense_2_mut().bias().expect("a bias")[9] = -0.0;
    assert_eq!(one, other, "zero equals minus zero");
    one.dense_2_mut().bias().expect("a bias")[9] = 1e-9;
    assert_ne!(one, other);
    assert_eq!(one.dense_1(), other.dense_1());
    one.dense_2_mut().bias().expect("a bias")[9] = f32::NAN;
    assert_ne!(one, one.to_boxed(), "NaN equals nothing");
}
