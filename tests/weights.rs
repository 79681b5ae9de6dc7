//! Sample and class weights: what they mean, and where they reach.

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::losses::Loss;
use typenet::model::{EpochRecord, Error};
use typenet::prelude::*;
use typenet::schema::label::ClassNumber;

model! { Net < Dense(3 => 5, tanh), Dense(5 => 3, softmax) > }

const SAMPLES: [[f32; 3]; 10] = [
    [0.1, 0.9, -0.3],
    [0.7, -0.2, 0.5],
    [-0.6, 0.4, 0.8],
    [0.2, 0.3, -0.9],
    [-0.5, -0.1, 0.6],
    [0.8, 0.7, 0.1],
    [-0.2, 0.6, 0.3],
    [0.5, -0.8, -0.4],
    [0.9, 0.2, 0.7],
    [-0.7, -0.3, 0.2],
];
const LABELS: [u8; 10] = [0, 1, 2, 0, 1, 2, 1, 1, 0, 2];
const WEIGHTS: [f32; 10] = [1.0, 0.5, 2.0, 0.0, 3.0, 1.5, 0.25, 1.0, 4.0, 0.75];

fn trainer(rate: f64) -> Trainer<Net, Sgd, CategoricalCrossEntropy, (Accuracy, Auc)> {
    Net::new(7).compile(Sgd::new(rate), CategoricalCrossEntropy, (Accuracy::new(), Auc::new()))
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} {expected}");
}

#[test]
fn a_weight_of_two_is_the_sample_twice() {
    // The gradient is over the number of samples, not over the sum of the weights: 4 of 3 here.
    let (samples, labels) = (&SAMPLES[..3], &LABELS[..3]);
    let mut weighted = trainer(0.5);
    weighted
        .fit(samples, labels)
        .sample_weights(&[2.0, 1.0, 1.0])
        .shuffle(false)
        .progress(false)
        .run()
        .expect("a run");
    let mut repeated = trainer(0.5 * 4.0 / 3.0);
    let twice = [SAMPLES[0], SAMPLES[0], SAMPLES[1], SAMPLES[2]];
    let labels_twice = [LABELS[0], LABELS[0], LABELS[1], LABELS[2]];
    repeated.fit(&twice, &labels_twice).shuffle(false).progress(false).run().expect("a run");
    let mut plain = trainer(0.5);
    plain.fit(samples, labels).shuffle(false).progress(false).run().expect("a run");
    let mut differs = false;
    for ((weighted, repeated), plain) in weighted.block().iter().zip(repeated.block()).zip(plain.block()) {
        assert!((weighted - repeated).abs() <= 8.0 * f32::EPSILON, "{weighted} {repeated}");
        differs |= (weighted - plain).abs() > 1e-3;
    }
    assert!(differs, "weights change the step");
}

#[test]
fn weighted_evaluation_is_the_weighted_sum_over_the_number_of_samples() {
    let mut trainer = trainer(0.1);
    let plain = trainer.evaluate(&SAMPLES, &LABELS).expect("scores");
    let scores = trainer.evaluate(&SAMPLES, (&LABELS, &WEIGHTS)).expect("scores");
    let each = (0..10).map(|i| {
        f64::from(WEIGHTS[i]) * trainer.evaluate(&SAMPLES[i..=i], &LABELS[i..=i]).expect("scores").loss
    });
    assert_near(scores.loss, each.sum::<f64>() / 10.0);
    assert_eq!(scores.metrics, plain.metrics, "metrics count every sample once");
    assert!((scores.loss - plain.loss).abs() > 0.01);
}

#[test]
fn more_samples_than_are_evaluated_at_a_time_keep_their_weights() {
    let mut trainer = trainer(0.1);
    let (samples, labels) = (SAMPLES.repeat(60), LABELS.repeat(60));
    let once = trainer.evaluate(&SAMPLES, (&LABELS, &WEIGHTS)).expect("scores").loss;
    let often = trainer.evaluate(&samples, (&labels, &WEIGHTS.repeat(60))).expect("scores").loss;
    assert_near(often, once);
}

/// Without learning, what a run reports is what an evaluation does.
#[test]
fn a_run_weighs_each_sample_also_when_shuffled_and_in_a_shorter_batch() {
    let mut trainer = trainer(0.0);
    let history = trainer
        .fit(&SAMPLES, &LABELS)
        .sample_weights(&WEIGHTS)
        .batch_size(4)
        .epochs(2)
        .progress(false)
        .run()
        .expect("a run");
    let expected = trainer.evaluate(&SAMPLES, (&LABELS, &WEIGHTS)).expect("scores");
    for epoch in &history.epochs {
        assert_near(epoch.training.loss, expected.loss);
        for name in ["accuracy", "auc"] {
            assert_near(epoch.get(name).expect("a metric"), expected.get(name).expect("a metric"));
        }
    }
}

#[test]
fn a_validation_split_takes_its_weights_along_but_no_class_weights() {
    let mut trainer = trainer(0.0);
    let fit = trainer.fit(&SAMPLES, &LABELS).sample_weights(&WEIGHTS).class_weights(&[3.0, 1.0, 0.5]);
    let history = fit.validation_split(0.3).progress(false).run().expect("a run");
    let of_class: Vec<f32> = (0..7).map(|i| WEIGHTS[i] * [3.0, 1.0, 0.5][usize::from(LABELS[i])]).collect();
    let training = trainer.evaluate(&SAMPLES[..7], (&LABELS[..7], &of_class)).expect("scores");
    let validation = trainer.evaluate(&SAMPLES[7..], (&LABELS[7..], &WEIGHTS[7..])).expect("scores");
    let last = history.last().expect("an epoch");
    assert_near(last.training.loss, training.loss);
    assert_near(last.get("val_loss").expect("validation"), validation.loss);
}

#[test]
fn class_weights_are_the_sample_weights_of_their_samples() {
    let classes = [3.0, 1.0, 0.5];
    let weights = LABELS.map(|label| classes[usize::from(label)]);
    let run = |weights: Option<&[f32]>| {
        let mut trainer = trainer(0.5);
        let fit = trainer.fit(&SAMPLES, &LABELS).batch_size(4).epochs(3).progress(false);
        match weights {
            Some(weights) => fit.sample_weights(weights).run(),
            None => fit.class_weights(&classes).run(),
        }
        .expect("a run");
        trainer.block().iter().map(|weight| weight.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(run(Some(&weights)), run(None));
}

#[test]
fn yes_and_no_are_classes_too() {
    model! { Yes < Dense(3 => 1, sigmoid) > }
    model! { Margin < Dense(3 => 1) > }
    /// The loss of a run where only the classes have weights is that of an evaluation where their samples have them.
    fn check<M, L, Y>(model: fn(u64) -> Box<M>, loss: L, labels: [Y; 10])
    where
        M: Model<Sample = [f32; 3], Prediction = [f32; 1]>,
        L: Loss<M::Head, [f32; 1], Y>,
        Y: ClassNumber<[f32; 1]> + Send + Sync,
    {
        let mut trainer = model(1).compile(Sgd::new(0.0), loss, ());
        let fit = trainer.fit(&SAMPLES, &labels).class_weights(&[0.5, 2.0]).progress(false);
        let loss = fit.run().expect("a run").last().expect("an epoch").training.loss;
        let weights = LABELS.map(|label| if label == 1 { 2.0 } else { 0.5 });
        assert_near(loss, trainer.evaluate(&SAMPLES, (&labels, &weights)).expect("scores").loss);
        let plain = trainer.evaluate(&SAMPLES, &labels).expect("scores").loss;
        assert!((loss - plain).abs() > 0.01, "weights change the loss");
    }
    let yes = LABELS.map(|label| label == 1);
    check(Yes::new, BinaryCrossEntropy, yes);
    check(Yes::new, BinaryCrossEntropy, yes.map(u8::from));
    check(Yes::new, BinaryCrossEntropy, yes.map(f32::from));
    check(Yes::new, BinaryCrossEntropy, yes.map(|yes| [f32::from(yes)]));
    // Smoothed by hand.
    check(Yes::new, BinaryCrossEntropy, yes.map(|yes| 0.05 + 0.9 * f32::from(yes)));
    // The labels of hinge losses.
    check(Margin::new, Hinge, yes.map(|yes| if yes { 1i8 } else { -1 }));
    check(Margin::new, SquaredHinge, yes.map(|yes| if yes { 1i32 } else { -1 }));
    check(Margin::new, Hinge, yes.map(|yes| if yes { 1i64 } else { -1 }));
    check(Margin::new, Hinge, yes.map(|yes| if yes { 1.0f32 } else { -1.0 }));
    check(Margin::new, Hinge, yes.map(|yes| [if yes { 1.0f32 } else { -1.0 }]));
}

#[test]
fn one_hot_and_soft_labels_have_the_weight_of_their_likeliest_class() {
    let weights = [3.0, 1.0, 0.5];
    let of_class = LABELS.map(|label| weights[usize::from(label)]);
    let one_hot = LABELS.map(|label| [0, 1, 2].map(|class| f32::from(class == label)));
    let soft = one_hot.map(|label| label.map(|p| 0.25 + 0.25 * p));
    for labels in [one_hot, soft] {
        let mut trainer = trainer(0.0);
        let fit = trainer.fit(&SAMPLES, &labels).class_weights(&weights).progress(false);
        let loss = fit.run().expect("a run").last().expect("an epoch").training.loss;
        assert_near(loss, trainer.evaluate(&SAMPLES, (&labels, &of_class)).expect("scores").loss);
    }
}

/// A whole run on labels of a hinge loss, with the metrics of yes and no.
#[test]
fn metrics_of_a_hinge_loss_read_its_labels() {
    model! { Margin < Dense(3 => 1) > }
    let metrics = || (Accuracy::new(), Precision::new(), Recall::new(), Auc::new(), AveragePrecision::new());
    let fit = |labels: &[i32; 10]| {
        let mut trainer = Margin::new(1).compile(Adam::new(0.1), Hinge, metrics());
        let fit = trainer.fit(&SAMPLES, labels).epochs(400).class_weights(&[1.0, 2.0]).progress(false);
        fit.run().expect("a run").last().expect("an epoch").training.clone()
    };
    // Which side of a line each sample lies on.
    let yes = SAMPLES.map(|[x, y, z]| x + y - z > 0.25);
    let of_signs = fit(&yes.map(|yes| if yes { 1 } else { -1 }));
    assert_eq!(
        of_signs.metrics,
        ["accuracy", "precision", "recall", "auc", "average_precision"].map(|name| (name.to_owned(), 1.0))
    );
    assert_eq!(of_signs, fit(&yes.map(i32::from)));
}

/// A loss that is not finite, of a sample that does not count.
#[test]
fn a_sample_of_weight_zero_changes_nothing_although_its_loss_is_not_finite() {
    model! { Line < Dense(1 => 1) > }
    // The Poisson loss of a prediction below 0 is NaN: that of the third sample, if it is the first of these.
    let run = |third: f32| {
        let (samples, labels, weights) = ([[1.0], [2.0], [third]], [1.0_f32, 2.0, 3.0], [1.0, 0.5, 0.0]);
        let mut trainer = Line::zeros().compile(Sgd::new(0.01), Poisson, ());
        trainer.set_tensor("dense_1.weight", &[1.5]).expect("a tensor");
        let fit =
            trainer.fit(&samples, &labels).sample_weights(&weights).epochs(3).batch_size(2).progress(false);
        let history = fit.validation(&samples, (&labels, &weights)).run().expect("a run");
        let loss = trainer.train_on_batch(&samples, (&labels, &weights), &Rng::seed(1)).expect("a step");
        let mut gradients = Line::zeros();
        trainer.gradients(&samples, (&labels, &weights), &Rng::seed(1), &mut gradients).expect("gradients");
        let scores = trainer.evaluate(&samples, (&labels, &weights)).expect("scores");
        let of_epoch =
            |epoch: &EpochRecord| (epoch.training.loss, epoch.validation.as_ref().map(|scores| scores.loss));
        let losses: Vec<_> = history.epochs.iter().map(of_epoch).collect();
        (trainer.block().to_vec(), gradients.block().to_vec(), losses, loss, scores.loss)
    };
    let found = run(-4.0);
    assert!(found.0.iter().all(|value| value.is_finite()) && found.0[0] != 1.5, "it trained: {found:?}");
    assert_eq!(found, run(3.0));
}

#[test]
fn a_class_of_weight_zero_changes_nothing_although_its_logits_overflow() {
    model! { Two < Dense(1 => 2, softmax) > }
    let run = |second: f32| {
        let mut trainer = Two::zeros().compile(Sgd::new(0.125), CategoricalCrossEntropy, ());
        trainer.set_tensor("dense_1.weight", &[3e38, -3e38]).expect("a tensor");
        let (samples, labels) = ([[1e-38], [second]], [0_u8, 1]);
        let fit = trainer.fit(&samples, &labels).class_weights(&[1.0, 0.0]).progress(false);
        let loss = fit.run().expect("a run").last().expect("an epoch").training.loss;
        (trainer.block().to_vec(), loss)
    };
    assert_eq!(run(10.0), run(1e-38));
}

/// A hidden layer's overflow times a gradient of zero is NaN: no update by it.
#[test]
fn an_overflow_that_the_loss_does_not_show_is_an_error_before_the_update() {
    model! { Deep < Dense(1 => 1, relu), Dense(1 => 1) > }
    let (samples, labels) = ([[0.5], [10.0]], [1.0_f32, 1.0]);
    let compile = || {
        let mut trainer = Deep::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
        trainer.set_tensor("dense_1.weight", &[1e38]).expect("a tensor");
        trainer.set_tensor("dense_2.weight", &[1e-38]).expect("a tensor");
        trainer
    };
    let mut trainer = compile();
    let mut gradients = Deep::zeros();
    let rng = Rng::seed(1);
    for count in [1, 2] {
        let (samples, labels, weights) =
            (&samples[2 - count..], &labels[2 - count..], &[1.0, 0.0][2 - count..]);
        let fit = trainer.fit(samples, labels).sample_weights(weights).progress(false);
        for error in [
            fit.run().map(|_| ()),
            trainer.train_on_batch(samples, (labels, weights), &rng).map(|_| ()),
            trainer.gradients(samples, (labels, weights), &rng, &mut gradients).map(|_| ()),
        ] {
            let error = error.expect_err("an overflow");
            assert!(matches!(&error, Error::NonFiniteGradient { step: 1, .. }), "{error}");
            assert!(error.to_string().contains("gradient by `dense_"), "{error}");
        }
        assert_eq!((trainer.block(), trainer.step()), (compile().block(), 0));
    }
}
