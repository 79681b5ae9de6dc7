//! Sample and class weights: what they mean, and where they reach.

use typenet::prelude::*;

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
    let scores = trainer.evaluate_weighted(&SAMPLES, &LABELS, &WEIGHTS).expect("scores");
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
    let once = trainer.evaluate_weighted(&SAMPLES, &LABELS, &WEIGHTS).expect("scores").loss;
    let often = trainer.evaluate_weighted(&samples, &labels, &WEIGHTS.repeat(60)).expect("scores").loss;
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
    let expected = trainer.evaluate_weighted(&SAMPLES, &LABELS, &WEIGHTS).expect("scores");
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
    let training = trainer.evaluate_weighted(&SAMPLES[..7], &LABELS[..7], &of_class).expect("scores");
    let validation = trainer.evaluate_weighted(&SAMPLES[7..], &LABELS[7..], &WEIGHTS[7..]).expect("scores");
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
    let labels = LABELS.map(|label| label == 1);
    let mut trainer = Yes::new(1).compile(Sgd::new(0.0), BinaryCrossEntropy, ());
    let fit = trainer.fit(&SAMPLES, &labels).class_weights(&[0.5, 2.0]).progress(false);
    let loss = fit.run().expect("a run").last().expect("an epoch").training.loss;
    let weights = labels.map(|yes| if yes { 2.0 } else { 0.5 });
    assert_near(loss, trainer.evaluate_weighted(&SAMPLES, &labels, &weights).expect("scores").loss);
}
