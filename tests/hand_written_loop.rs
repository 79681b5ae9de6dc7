//! What a hand-written loop has besides `fit`: gradients, updates by them, frozen layers, averaged weights, and options of
//! optimizers that reach over several steps.

use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::model::{Error, shuffle_epoch, step_rng};
use typenet::prelude::*;

model! { pub Inner < Dense(6 => 9, tanh), Dense(_ => 8, relu) > }
model! { pub Net < encoder: Inner(6 => 8), middle: Dense(8 => 7, gelu), Dropout(0.2), last: Dense(_ => 3, softmax) > }
model! {
    pub Regular <
        encoder: Inner(6 => 8),
        middle: Dense(8 => 7, gelu, l1 = 0.01, l2 = 0.02),
        Dropout(0.2),
        last: Dense(_ => 3, softmax, l2 = 0.03),
    >
}
model! {
    pub Limited <
        Dense(6 => 5, tanh, constraint = max_norm(0.5)),
        Dense(_ => 4, relu, constraint = non_negative, init = constant(0.1)),
        Dense(_ => 4, constraint = min_max_norm(0.9, 1.1)),
        Dense(_ => 3, softmax, l2 = 0.1, constraint = unit_norm, init = variance_scaling(2.0, fan_avg, uniform)),
    >
}

const SAMPLES: usize = 24;

fn data() -> (Vec<[f32; 6]>, Vec<u8>) {
    let mut rng = Rng::seed(3);
    let samples = (0..SAMPLES).map(|_| std::array::from_fn(|_| rng.normal() as f32)).collect();
    (samples, (0..SAMPLES).map(|i| (i % 3) as u8).collect())
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn gradients_and_their_application_have_the_bits_of_a_training_step() {
    let (samples, labels) = data();
    let optimizer = || Adam::new(0.01).clip_norm(0.5).average(0.9);
    let mut whole = Regular::new(1).compile(optimizer(), CategoricalCrossEntropy, ());
    let mut by_hand = Regular::new(1).compile(optimizer(), CategoricalCrossEntropy, ());
    let mut gradients = Regular::zeros();
    for step in 0..5 {
        let rng = Rng::seed(7);
        let batch = step * 4..step * 4 + 4;
        let loss =
            whole.train_on_batch(&samples[batch.clone()], &labels[batch.clone()], &rng).expect("a step");
        let before = bits(by_hand.block());
        let found = by_hand
            .gradients(&samples[batch.clone()], &labels[batch], &rng, &mut gradients)
            .expect("gradients");
        assert_eq!(found.to_bits(), loss.to_bits());
        assert_eq!(bits(by_hand.block()), before, "gradients update nothing");
        by_hand.apply_gradients(&gradients).expect("an update");
        assert_eq!(bits(by_hand.block()), bits(whole.block()), "step {step}");
    }
    assert_eq!(by_hand.step(), 5);
    assert!(gradients.middle().weight().as_flattened().iter().any(|&g| g != 0.0));
}

#[test]
fn a_gradient_that_is_not_finite_is_named_and_changes_nothing() {
    let (samples, labels) = data();
    let mut trainer = Net::new(1).compile(Adam::default(), CategoricalCrossEntropy, ());
    let mut gradients = Net::zeros();
    trainer.gradients(&samples, &labels, &Rng::seed(1), &mut gradients).expect("gradients");
    gradients.middle_mut().bias().expect("a bias")[2] = f32::NAN;
    let before = bits(trainer.block());
    let error = trainer.apply_gradients(&gradients).expect_err("NaN");
    assert_eq!(error.to_string(), "a gradient by `middle.bias` is NaN in step 1, expected a finite number");
    assert_eq!((bits(trainer.block()), trainer.step()), (before, 0));
}

#[test]
fn a_regularized_loss_is_the_loss_and_the_penalty() {
    let (samples, labels) = data();
    let mut plain = Net::new(1).compile(Sgd::default(), CategoricalCrossEntropy, ());
    let mut regular = Regular::new(1).compile(Sgd::default(), CategoricalCrossEntropy, ());
    let square = |weight: &[f32]| weight.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
    let size = |weight: &[f32]| weight.iter().map(|&w| f64::from(w).abs()).sum::<f64>();
    let (middle, last) = (regular.middle().weight().as_flattened(), regular.last().weight().as_flattened());
    let penalty = 0.01 * size(middle) + 0.02 * square(middle) + 0.03 * square(last);
    assert!(penalty > 0.1);

    let (mut expected, mut found) = (Net::zeros(), Regular::zeros());
    let loss = plain.gradients(&samples, &labels, &Rng::seed(1), &mut expected).expect("gradients");
    let regular_loss = regular.gradients(&samples, &labels, &Rng::seed(1), &mut found).expect("gradients");
    assert!((regular_loss - loss - penalty).abs() < 1e-12, "{regular_loss} {loss} {penalty}");
    let scores = (plain.evaluate(&samples, &labels), regular.evaluate(&samples, &labels));
    let (plain_scores, scores) = (scores.0.expect("scores"), scores.1.expect("scores"));
    assert!((scores.loss - plain_scores.loss - penalty).abs() < 1e-12);
    // Two samples of three: the last batch is short.
    let history = regular.fit(&samples, &labels).batch_size(5).progress(false).run().expect("a run");
    assert!(history.epochs[0].training.loss > penalty);

    let expected = |gradient: f32, weight: f32, l1: f64, l2: f64| {
        f64::from(gradient) + l1 * f64::from(weight.signum()) + 2.0 * l2 * f64::from(weight)
    };
    let start = Regular::new(1);
    let encoder_and_middle = Inner::PARAMETER_COUNT..Inner::PARAMETER_COUNT + 56;
    let last = Regular::PARAMETER_COUNT - 24..Regular::PARAMETER_COUNT - 3;
    for i in 0..Regular::PARAMETER_COUNT {
        let (l1, l2) = match i {
            i if encoder_and_middle.contains(&i) => (0.01, 0.02),
            i if last.contains(&i) => (0.0, 0.03),
            _ => (0.0, 0.0),
        };
        let wanted = expected(plain_block(&plain, i, &samples, &labels), start.block()[i], l1, l2);
        let rounding = 4.0 * f64::from(f32::EPSILON) * (wanted.abs() + l1 + l2);
        assert!((f64::from(found.block()[i]) - wanted).abs() <= rounding, "parameter {i}");
    }

    fn plain_block<O, K>(
        _: &Trainer<Net, O, CategoricalCrossEntropy, K>,
        i: usize,
        samples: &[[f32; 6]],
        labels: &[u8],
    ) -> f32 {
        let mut gradients = Net::zeros();
        let mut trainer = Net::new(1).compile(Sgd::default(), CategoricalCrossEntropy, ());
        trainer.gradients(samples, labels, &Rng::seed(1), &mut gradients).expect("gradients");
        gradients.block()[i]
    }
}

#[test]
fn a_loop_with_weights_and_metrics_has_bits_and_scores_of_fit() {
    let (samples, labels) = data();
    let mut rng = Rng::seed(5);
    let sample_weights: Vec<f32> = (0..SAMPLES).map(|_| rng.uniform() as f32).collect();
    let class_weights = [1.0, 0.25, 3.0];
    let weight = |i: usize| sample_weights[i] * class_weights[usize::from(labels[i])];
    let metrics = || (Accuracy::new(), Auc::new().class_id(2).named("auc"));
    let trainer = || Regular::new(1).compile(Adam::new(0.01), CategoricalCrossEntropy, metrics());
    let mut by_fit = trainer();
    let fit = by_fit.fit(&samples, &labels).sample_weights(&sample_weights).class_weights(&class_weights);
    let fit = fit.validation(&samples, (&labels, &sample_weights));
    let history = fit.epochs(4).batch_size(7).seed(9).progress(false).run().expect("a run");

    for in_parts in [false, true] {
        let mut by_hand = trainer();
        let mut gradients = Regular::zeros();
        let mut running = by_hand.running_scores().expect("metrics that can be");
        for (epoch, expected) in (1..).zip(&history.epochs) {
            let mut order: Vec<usize> = (0..SAMPLES).collect();
            shuffle_epoch(9, epoch, &mut order);
            running.reset();
            for batch in order.chunks(7) {
                let (x, y): (Vec<_>, Vec<_>) = batch.iter().map(|&i| (samples[i], labels[i])).unzip();
                let weights: Vec<f32> = batch.iter().map(|&i| weight(i)).collect();
                let loss = if in_parts {
                    let loss = by_hand.gradients(&x, (&y, &weights), &step_rng(9), &mut gradients);
                    by_hand.apply_gradients(&gradients).expect("an update");
                    loss
                } else {
                    by_hand.train_on_batch(&x, (&y, &weights), &step_rng(9))
                };
                running.add(loss.expect("a step"), by_hand.step_predictions(), &y).expect("as many labels");
                // The trainer's metrics are others than the loop's.
                by_hand.evaluate(&x, &y).expect("scores");
            }
            let found = running.scores();
            assert_eq!(found.metrics, expected.training.metrics);
            // Means of batches, multiplied by their sizes, instead of sums.
            let loss = expected.training.loss;
            assert!((found.loss - loss).abs() <= 1e-14 * loss, "{} {loss}", found.loss);
            let validation = by_hand.evaluate(&samples, (&labels, &sample_weights)).expect("scores");
            assert_eq!(Some(&validation), expected.validation.as_ref());
        }
        assert_eq!(bits(by_hand.block()), bits(by_fit.block()), "in parts: {in_parts}");
        let error = running.add(1.0, by_hand.step_predictions(), &labels).expect_err("3 predictions");
        assert!(matches!(error, Error::Counts { samples: 3, labels: SAMPLES, .. }), "{error}");
    }
}

#[test]
fn predictions_of_a_step_are_those_before_its_update() {
    let (samples, labels) = data();
    let mut trainer = Inner3::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropy, ());
    assert!(trainer.step_predictions().is_empty());
    for batch in [SAMPLES, 5] {
        let before: Vec<[f32; 3]> = samples[..batch].iter().map(|sample| trainer.predict(sample)).collect();
        trainer.train_on_batch(&samples[..batch], &labels[..batch], &Rng::seed(1)).expect("a step");
        assert_eq!(bits(trainer.step_predictions().as_flattened()), bits(before.as_flattened()));
        assert_ne!(trainer.predict(&samples[0]), before[0]);
    }
    trainer.dense_2_mut().bias().expect("a bias")[0] = f32::NAN;
    trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect_err("NaN");
    assert!(trainer.step_predictions().is_empty());
}

#[test]
fn a_learning_rate_set_by_hand_is_that_of_the_next_step() {
    let (samples, labels) = data();
    let mut trainer = Inner3::new(1).compile(Sgd::new(0.1), CategoricalCrossEntropy, ());
    let step = |trainer: &mut Trainer<Inner3, _, _, _>| {
        let before = trainer.to_boxed();
        trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect("a step");
        bits(trainer.block()) != bits(before.block())
    };
    assert!(step(&mut trainer));
    trainer.set_learning_rate(0.0).expect("a rate");
    assert!(!step(&mut trainer));
    for rate in [-1.0, f64::NAN] {
        assert!(matches!(trainer.set_learning_rate(rate), Err(Error::Optimizer(_))));
        assert_eq!(trainer.learning_rate(), 0.0);
    }

    let scheduled = Sgd::new(0.1).schedule(schedules::CosineDecay::new(0.1, 10));
    let mut trainer = Inner3::new(1).compile(scheduled, CategoricalCrossEntropy, ());
    let before = trainer.learning_rate();
    let error = trainer.set_learning_rate(0.5).expect_err("a schedule");
    assert!(matches!(&error, Error::Scheduled { schedule } if schedule.contains("0.1")), "{error}");
    assert_eq!(trainer.learning_rate(), before);
}

#[test]
fn a_weight_that_stops_being_finite_is_found_by_a_look() {
    let mut trainer = Inner3::new(1).compile(Sgd::new(0.6), CategoricalCrossEntropy, ());
    assert_eq!(trainer.find_non_finite(), None);
    let mut gradients = Inner3::zeros();
    gradients.dense_2_mut().bias().expect("a bias")[1] = f32::MAX;
    for _ in 0..2 {
        trainer.apply_gradients(&gradients).expect("a finite gradient");
    }
    let found = trainer.find_non_finite().expect("the sum of two steps");
    assert_eq!((found.tensor.as_str(), found.index), ("dense_2.bias", 1));
}

/// Euclidean norms of the columns.
fn norms<const I: usize, const O: usize>(weight: &[[f32; O]; I]) -> [f64; O] {
    std::array::from_fn(|o| weight.iter().map(|row| f64::from(row[o]).powi(2)).sum::<f64>().sqrt())
}

#[test]
fn constraints_of_a_declaration_hold_after_every_step() {
    let (samples, labels) = data();
    let mut trainer = Limited::new(1).compile(Sgd::new(0.5).momentum(0.9), CategoricalCrossEntropy, ());
    assert!(trainer.dense_2().weight().as_flattened().iter().all(|&w| w == 0.1));
    assert!(norms(trainer.dense_1().weight()).iter().any(|&norm| norm > 0.5));
    let mut negative = 0;
    for step in 0..20 {
        // Batches of one take the way of one pass in models without constraints.
        let batch = if step % 2 == 0 { 0..SAMPLES } else { step..step + 1 };
        trainer.train_on_batch(&samples[batch.clone()], &labels[batch], &Rng::seed(1)).expect("a step");
        let near = 1.0 + f64::from(f32::EPSILON);
        assert!(norms(trainer.dense_1().weight()).iter().all(|&norm| norm <= 0.5 * near));
        assert!(trainer.dense_2().weight().as_flattened().iter().all(|&w| w >= 0.0));
        assert!(
            norms(trainer.dense_3().weight()).iter().all(|&norm| (0.9 / near..=1.1 * near).contains(&norm))
        );
        assert!(norms(trainer.dense_4().weight()).iter().all(|&norm| (norm - 1.0).abs() <= near - 1.0));
        negative += trainer.dense_2().bias().expect("a bias").iter().filter(|&&b| b < 0.0).count();
    }
    assert!(negative > 0, "a bias has no constraint");
}

fn check_frozen<O: Optimizer>(optimizer: O) {
    let (samples, labels) = data();
    let name = optimizer.name();
    let mut trainer = Regular::new(1).compile(optimizer, CategoricalCrossEntropy, ());
    let step = |trainer: &mut Trainer<Regular, O, CategoricalCrossEntropy, ()>| {
        trainer.train_on_batch(&samples, &labels, &Rng::seed(1)).expect("a step");
    };
    step(&mut trainer);
    trainer.freeze("encoder.dense_2").expect("a layer");
    trainer.freeze("middle").expect("a layer");
    trainer.freeze("last.bias").expect("a tensor");
    let before = trainer.to_boxed();
    for _ in 0..4 {
        step(&mut trainer);
    }
    let inner = 6 * 9 + 9;
    let (encoder, encoder_before) = (trainer.encoder(), before.encoder());
    assert_eq!(bits(&encoder[inner..]), bits(&encoder_before[inner..]), "{name}");
    assert_ne!(encoder[..inner], encoder_before[..inner], "{name}");
    assert_eq!(trainer.middle().weight(), before.middle().weight(), "{name}");
    assert_eq!(trainer.middle().bias(), before.middle().bias(), "{name}");
    assert_eq!(trainer.last().bias(), before.last().bias(), "{name}");
    assert_ne!(trainer.last().weight(), before.last().weight(), "{name}");
    trainer.unfreeze("encoder").expect("a layer");
    trainer.unfreeze("middle").expect("a layer");
    for _ in 0..4 {
        step(&mut trainer);
    }
    assert_ne!(trainer.encoder()[inner..], before.encoder()[inner..], "{name}");
    assert_ne!(trainer.middle().weight(), before.middle().weight(), "{name}");
    assert_eq!(trainer.last().bias(), before.last().bias(), "{name}");
}

#[test]
fn frozen_parameters_keep_their_bits_with_every_optimizer() {
    check_frozen(Sgd::new(0.1).momentum(0.9).nesterov());
    check_frozen(Adam::new(0.01).amsgrad());
    check_frozen(AdamW::new(0.01).weight_decay(0.5));
    check_frozen(Nadam::new(0.01));
    check_frozen(RmsProp::new(0.01).centered().momentum(0.9));
    check_frozen(Adagrad::new(0.01));
    check_frozen(Adadelta::new(1.0));
    check_frozen(Adamax::new(0.01));
    check_frozen(Ftrl::new(0.01));
    check_frozen(Lion::new(0.01));
    check_frozen(Lamb::new(0.01).weight_decay(0.1));
    check_frozen(Sgd::new(0.1).momentum(0.9).weight_decay(0.1).accumulate(2).average(0.9));
    check_frozen(Lamb::new(0.1).weight_decay(0.1).decoupled().clip_norm(0.1).average(0.5));
    check_frozen(Adam::new(0.1).clip_global_norm(0.1));
}

#[test]
fn a_layer_that_does_not_exist_cannot_be_frozen() {
    let mut trainer = Net::new(1).compile(Sgd::default(), CategoricalCrossEntropy, ());
    for name in ["dense_2", "encoder.dense", "dropout_1", "", "encoder."] {
        let error = trainer.freeze(name).expect_err(name);
        assert!(matches!(error, Error::Layer { .. }));
        let known = "`encoder`, `encoder.dense_1`, `encoder.dense_2`, `middle`, `last`";
        assert_eq!(
            error.to_string(),
            format!("no layer with parameters is called `{name}`, expected one of {known}")
        );
    }
}

fn check_accumulation<O: Optimizer + OptimizerExt + Copy>(optimizer: O, step_size: f32) {
    let (samples, labels) = data();
    for steps in [2, 3, 4] {
        let mut large = Inner3::new(1).compile(optimizer, CategoricalCrossEntropy, ());
        let mut small = Inner3::new(1).compile(optimizer.accumulate(steps), CategoricalCrossEntropy, ());
        let rng = Rng::seed(1);
        for _ in 0..5 {
            large.train_on_batch(&samples, &labels, &rng).expect("a step");
            let size = SAMPLES / steps as usize;
            for (i, (samples, labels)) in samples.chunks(size).zip(labels.chunks(size)).enumerate() {
                let before = bits(small.block());
                small.train_on_batch(samples, labels, &rng).expect("a step");
                let is_last = i + 1 == steps as usize;
                assert_eq!(bits(small.block()) != before, is_last, "an update after {steps} steps");
            }
        }
        assert_eq!(small.step(), 5 * u64::from(steps));
        for (a, b) in small.block().iter().zip(large.block()) {
            // A gradient is a sum of 24 terms in either order. Adam divides by its size, so gradients that cancel lose
            // some digits more.
            assert!((a - b).abs() <= 5.0 * step_size * 24.0 * 64.0 * f32::EPSILON, "{a} {b}");
        }
    }
}

#[test]
fn small_batches_that_are_accumulated_are_one_large_batch() {
    check_accumulation(Adam::new(0.01), 0.01);
    // Whose step, unlike Adam's, is in proportion to the gradient: the mean can be told from the sum.
    check_accumulation(Sgd::new(0.1), 0.1);
}
model! { Inner3 < Dense(6 => 9, tanh), Dense(_ => 3, softmax) > }

#[test]
fn averaged_weights_are_a_model_of_their_own() {
    let (samples, labels) = data();
    let rng = Rng::seed(1);
    let mut trainer = Net::new(1).compile(Adam::new(0.05).average(0.8), CategoricalCrossEntropy, ());
    assert!(trainer.averaged().is_none() && !trainer.use_averaged());
    let mut expected: Vec<f64> = Vec::new();
    trainer.freeze("middle").expect("a layer");
    for step in 0..6 {
        if step == 3 {
            trainer.unfreeze("middle").expect("a layer");
            for (average, &w) in
                expected.iter_mut().zip(trainer.block()).skip(Inner::PARAMETER_COUNT).take(63)
            {
                *average = f64::from(w);
            }
        }
        trainer.train_on_batch(&samples, &labels, &rng).expect("a step");
        let weights = trainer.block().iter().map(|&w| f64::from(w));
        if step == 0 {
            expected = weights.collect();
        } else {
            expected.iter_mut().zip(weights).for_each(|(average, w)| *average = 0.8 * *average + 0.2 * w);
        }
        let averaged = trainer.averaged().expect("an average");
        for (found, expected) in averaged.block().iter().zip(&expected) {
            assert!(
                (f64::from(*found) - expected).abs()
                    <= 20.0 * f64::from(f32::EPSILON) * expected.abs().max(0.1)
            );
        }
    }
    let own = bits(trainer.block());
    let averaged = trainer.averaged().expect("an average");
    let inside = trainer.with_averaged(|trainer| {
        let scores = trainer.evaluate(&samples, &labels).expect("scores");
        (bits(trainer.block()), scores.loss)
    });
    let (inside, loss) = inside.expect("an average");
    assert_eq!((inside, bits(trainer.block())), (bits(averaged.block()), own));
    assert_ne!(loss, trainer.evaluate(&samples, &labels).expect("scores").loss);
    assert!(trainer.use_averaged());
    assert_eq!(bits(trainer.block()), bits(averaged.block()));
}

#[test]
fn a_run_with_every_option_resumes_with_the_same_bits() {
    let (samples, labels) = data();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.safetensors");
    // Three steps in an epoch, and an update after every second: an epoch may end between two.
    let optimizer = |rate| {
        let schedule = schedules::WarmUp::new(3, schedules::CosineDecay::new(rate, 10));
        AdamW::default().amsgrad().schedule(schedule).accumulate(2).average(0.9).clip_norm(0.5)
    };
    let trainer = |rate| Regular::new(1).compile(optimizer(rate), CategoricalCrossEntropy, ());
    let run = |trainer: &mut Trainer<Regular, _, _, _>, epochs, resume: bool| {
        let mut fit =
            trainer.fit(&samples, &labels).batch_size(8).progress(false).epochs(epochs).checkpoint(&file);
        if resume {
            fit = fit.resume(&file);
        }
        fit.run()
    };
    let mut whole = trainer(0.05);
    let history = run(&mut whole, 5, false).expect("a run");
    assert_ne!(history.epochs[0].learning_rate, history.epochs[4].learning_rate);
    for stop in 1..5 {
        run(&mut trainer(0.05), stop, false).expect("the run before the stop");
        let mut second = trainer(0.05);
        run(&mut second, 5, true).expect("the run after the stop");
        assert_eq!(bits(second.block()), bits(whole.block()), "stopped after {stop}");
        let averages =
            [second.averaged(), whole.averaged()].map(|model| bits(model.expect("an average").block()));
        assert_eq!(averages[0], averages[1]);
    }

    let differs = |error: Error| match error {
        Error::Checkpoint { what, .. } => what,
        other => panic!("{other}"),
    };
    let before = |trainer: &Trainer<Regular, _, _, _>| bits(trainer.block());
    let mut other = trainer(0.06);
    let start = before(&other);
    assert_eq!(differs(run(&mut other, 6, true).expect_err("another schedule")), "optimizer.schedule");
    assert_eq!(before(&other), start);
    let mut frozen = trainer(0.05);
    frozen.freeze("middle").expect("a layer");
    assert_eq!(differs(run(&mut frozen, 6, true).expect_err("another layer frozen")), "frozen");
}
