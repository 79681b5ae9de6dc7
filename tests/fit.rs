//! What a run of `fit` does beside its steps: accumulated gradients, averaged weights, and going on in another call.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use typenet::callbacks::Callback;
use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::metrics;
use typenet::model::{Error, History, shuffle_epoch, step_rng};
use typenet::optimizers::Options;
use typenet::prelude::*;

model! { Line < Dense(1 => 1) > }
model! { Net < Dense(3 => 7, tanh, l1 = 0.01, l2 = 0.02), Dropout(0.2), Dense(7 => 1, l2 = 0.03) > }
model! { Sure < Dense(3 => 7, tanh, l1 = 0.01, l2 = 0.02), Dense(7 => 1, l2 = 0.03) > }
model! { Bounded < Dense(2 => 1, init = constant(4.0), constraint = min_max_norm(0.0, 1.0, 0.5)) > }

const SAMPLES: usize = 14;

fn data() -> (Vec<[f32; 3]>, Vec<f32>) {
    let mut rng = Rng::seed(5);
    let samples: Vec<[f32; 3]> = (0..SAMPLES).map(|_| std::array::from_fn(|_| rng.normal() as f32)).collect();
    let labels = samples.iter().map(|[a, b, c]| a - 0.5 * b + c * c).collect();
    (samples, labels)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Model and averaged weights.
fn state<M: Model, O: Optimizer, L: Send, K: Send>(trainer: &Trainer<M, O, L, K>) -> [Vec<u32>; 2] {
    [bits(trainer.model().block()), bits(trainer.averaged().expect("an average").block())]
}

#[test]
fn accumulated_gradients_are_the_mean_over_samples() {
    // The gradients by the bias are 0 and 0 in the first batch and −6 in the second, which is half as long: −2 in all.
    let mut trainer = Line::zeros().compile(Sgd::new(1.0).accumulate(2), MeanSquaredError, ());
    let fit = trainer.fit(&[[0.0]; 3], &[0.0_f32, 0.0, 3.0]).batch_size(2).shuffle(false);
    fit.progress(false).run().expect("a run");
    assert_eq!(trainer.dense_1().bias(), Some(&[2.0]));
}

#[test]
fn what_is_left_of_accumulated_gradients_is_applied_at_the_end_of_an_epoch() {
    let mut trainer = Line::zeros().compile(Sgd::new(0.5).accumulate(4), MeanSquaredError, ());
    let fit = trainer.fit(&[[0.0]; 2], &[1.0_f32, 3.0]).batch_size(1);
    fit.progress(false).run().expect("a run");
    assert_eq!(trainer.dense_1().bias(), Some(&[2.0]));
}

#[test]
fn fit_again_goes_on() {
    let samples: Vec<[f32; 1]> = (0..10).map(|i| [i as f32]).collect();
    let labels: Vec<f32> = (0..10).map(|i| i as f32).collect();
    let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, ());
    let mut losses = BTreeSet::new();
    for call in 1..=30 {
        let fit = trainer.fit(&samples, &labels).batch_size(1).steps_per_epoch(1);
        let history = fit.progress(false).run().expect("a run");
        assert_eq!((history.epochs.len(), history.epochs[0].epoch), (1, call));
        losses.insert(history.epochs[0].training.loss.to_bits());
    }
    assert!(losses.len() > 5, "one epoch of one sample over and over: {losses:?}");
}

#[test]
fn a_split_that_leaves_nothing_is_refused_with_the_splits_that_can_be() {
    let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, ());
    let labels = [0.0_f32; 10];
    // 10·(1 − 0.9) is less than 1 in floating point.
    let error = trainer.fit(&[[0.0]; 10], &labels).validation_split(0.9).run().expect_err("no samples");
    let text = error.to_string();
    assert!(matches!(error, Error::ValidationSplit { .. }));
    let (_, bounds) = text.split_once("expected a share from ").expect("bounds");
    let (least, bounds) = bounds.split_once(" to ").expect("bounds");
    let (most, _) = bounds.split_once(',').expect("bounds");
    let [least, most]: [f64; 2] = [least, most].map(|bound| bound.parse().expect("a number"));
    assert!(least < 1e-15 && most > 0.8999);
    let mut split =
        |share| trainer.fit(&[[0.0]; 10], &labels).validation_split(share).progress(false).run().is_ok();
    assert!(split(least) && split(most) && !split(least.next_down()) && !split(most.next_up()));
}

/// A training run in one large batch, and in batches of 4, 4, 4 and 2 samples whose gradients are accumulated.
fn check_one_large_batch<O: Optimizer + OptimizerExt + Copy>(
    optimizer: O,
    option: fn(Options<O>) -> Options<O>,
) {
    let (samples, labels) = data();
    let weights: Vec<f32> = (0..SAMPLES).map(|i| 0.25 * (i % 5) as f32).collect();
    let run = |steps, batch| {
        let optimizer = option(optimizer.accumulate(steps));
        let mut trainer = Sure::new(1).compile(optimizer, MeanSquaredError, ());
        let fit = trainer.fit(&samples, &labels).sample_weights(&weights).batch_size(batch).epochs(5);
        fit.progress(false).run().expect("a run");
        assert_eq!(trainer.updates(), 5);
        trainer
    };
    let large = run(1, SAMPLES);
    // The fourth batch is short; and an update of eight steps ends with the epoch.
    for steps in [4, 8] {
        let small = run(steps, 4);
        assert_eq!(small.step(), 20);
        for (a, b) in small.block().iter().zip(large.block()) {
            // Five steps of at most 1, each by a gradient of less than 64 roundings.
            assert!((a - b).abs() <= 5.0 * 64.0 * f32::EPSILON, "{a} {b}");
        }
        let start = Sure::new(1);
        let moved = large.block().iter().zip(start.block()).filter(|(a, b)| (**a - **b).abs() > 1e-3);
        assert!(moved.count() > Sure::PARAMETER_COUNT / 2);
    }
}

#[test]
fn batches_of_unequal_length_with_weights_and_regularizers_are_one_large_batch() {
    check_one_large_batch(Sgd::new(0.1), |options| options);
    check_one_large_batch(Sgd::new(0.1).momentum(0.9), |options| options.clip_global_norm(0.3));
    check_one_large_batch(Sgd::new(0.1), |options| options.clip_norm(0.2).weight_decay(0.1));
    check_one_large_batch(Sgd::new(0.1), |options| options.clip_value(0.05).average(0.5));
}

#[test]
fn a_constraint_acts_once_for_each_update() {
    // Each update takes half the way from a norm above 1 down to 1.
    let run = |steps| {
        let mut trainer = Bounded::new(1).compile(Sgd::new(0.0).accumulate(steps), MeanSquaredError, ());
        let fit = trainer.fit(&[[1.0, 0.0]; 6], &[0.0_f32; 6]).batch_size(1);
        fit.progress(false).run().expect("a run");
        bits(trainer.block())
    };
    let mut large = Bounded::new(1).compile(Sgd::new(0.0), MeanSquaredError, ());
    let fit = large.fit(&[[1.0, 0.0]; 6], &[0.0_f32; 6]).batch_size(3);
    fit.progress(false).run().expect("a run");
    assert_eq!(run(3), bits(large.block()));
    assert_ne!(run(2), bits(large.block()));
}

fn accumulating() -> Trainer<Net, Options<Adam>, MeanSquaredError, (metrics::MeanAbsoluteError,)> {
    let optimizer =
        Adam::new(0.05).schedule(|update: u64| 0.05 / (1.0 + update as f64)).accumulate(3).average(0.7);
    Net::new(1).compile(optimizer, MeanSquaredError, (metrics::MeanAbsoluteError::new(),))
}

#[test]
fn a_loop_written_by_hand_that_applies_what_is_left_has_the_bits_of_fit() {
    let (samples, labels) = data();
    let mut by_fit = accumulating();
    let fit = by_fit.fit(&samples, &labels).epochs(3).batch_size(4).seed(7);
    fit.progress(false).run().expect("a run");

    let (mut by_hand, mut in_parts) = (accumulating(), accumulating());
    let mut gradients = Net::zeros();
    for epoch in 1..=3 {
        let mut order: Vec<usize> = (0..SAMPLES).collect();
        shuffle_epoch(7, epoch, &mut order);
        for batch in order.chunks(4) {
            let (samples, labels): (Vec<_>, Vec<_>) = batch.iter().map(|&i| (samples[i], labels[i])).unzip();
            by_hand.train_on_batch(&samples, &labels, &step_rng(7)).expect("a step");
            in_parts.gradients(&samples, &labels, &step_rng(7), &mut gradients).expect("gradients");
            in_parts.apply_gradients(&gradients).expect("a step");
        }
        for trainer in [&mut by_hand, &mut in_parts] {
            assert!(trainer.apply_accumulated().expect("an update"));
            assert!(!trainer.apply_accumulated().expect("nothing is left"));
        }
    }
    assert_eq!((by_fit.step(), by_fit.updates()), (12, 6));
    for trainer in [&by_hand, &in_parts] {
        assert_eq!(state(trainer), state(&by_fit));
        assert_eq!((trainer.updates(), trainer.learning_rate()), (6, 0.05 / 6.0));
    }
}

/// Goes on from the file if it exists; ends after the epoch, or after the step.
fn part(file: &Path, epochs: usize, interrupt: Option<u64>, swap: bool) -> (Option<[Vec<u32>; 2]>, History) {
    let (samples, labels) = data();
    let mut trainer = accumulating();
    let mut lambda = LambdaCallback::new().on_batch_end(|context, _| {
        if Some(context.step()) == interrupt {
            context.interrupt("a test");
        }
    });
    let mut swapping = SwapEmaWeights::new().swap_on_epoch(true);
    let mut early = EarlyStopping::default().mode(Mode::Max).patience(2).restore_best_weights(true);
    let mut fit = trainer.fit(&samples[..10], &labels[..10]).validation(&samples[10..], &labels[10..]);
    fit = fit.epochs(epochs).batch_size(2).progress(false).callback(&mut lambda);
    if swap {
        fit = fit.callback(&mut swapping);
    }
    if file.exists() {
        fit = fit.resume(file);
    }
    let history = fit.callback(&mut early).checkpoint(file).run().expect("a run");
    (interrupt.is_none().then(|| state(&trainer)), history)
}

#[test]
fn a_run_that_accumulates_or_swaps_goes_on_after_any_step_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    for swap in [false, true] {
        let file = |stop: u64| folder.path().join(format!("{swap}-{stop}"));
        let (whole, history) = part(&file(0), 6, None, swap);
        assert!(history.stopped.is_some(), "the best epoch is the last: {:?}", history.get("val_loss"));
        let steps = 5 * history.epochs.len() as u64;
        for stop in 1..=steps {
            part(&file(stop), 6, Some(stop), swap);
            let (resumed, second) = part(&file(stop), 6, None, swap);
            assert_eq!(resumed, whole, "interrupted after step {stop}");
            assert_eq!(second.get("val_loss"), history.get("val_loss"), "interrupted after step {stop}");
        }
        for epochs in 1..history.epochs.len() {
            let file = file(steps + epochs as u64);
            part(&file, epochs, None, swap);
            let (resumed, second) = part(&file, 6, None, swap);
            assert_eq!(resumed, whole, "gone on with after epoch {epochs}");
            assert_eq!(second.get("val_loss"), history.get("val_loss"), "gone on with after epoch {epochs}");
        }
    }
}

#[test]
fn a_run_that_is_stopped_within_an_epoch_loses_no_sample() {
    let mut trainer = Line::zeros().compile(Sgd::new(0.5).accumulate(4), MeanSquaredError, ());
    let mut stop = LambdaCallback::new().on_batch_end(|context, _| {
        if context.step() == 2 {
            context.stop("a test");
        }
    });
    let fit = trainer.fit(&[[0.0]; 9], &[2.0_f32; 9]).batch_size(1).callback(&mut stop);
    fit.progress(false).run().expect("a run");
    assert_eq!((trainer.updates(), trainer.dense_1().bias()), (1, Some(&[2.0])));
}

/// A checkpoint as version 3 wrote it: with other names where it had none.
fn as_version_3(file: &Path) {
    change(
        file,
        &[
            ("\"typenet checkpoint\":\"4\"", "\"typenet checkpoint\":\"3\""),
            ("\"updates\"", "\"no_such\""),
            ("\"epochs.before\"", "\"epochs_before\""),
        ],
    );
}

/// Changes the metadata of a file to others as long.
fn change(file: &Path, changes: &[(&str, &str)]) {
    let bytes = fs::read(file).expect("a checkpoint");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let mut text = String::from_utf8(bytes[8..header].to_vec()).expect("a header");
    for (from, to) in changes {
        assert!(text.contains(from) && from.len() == to.len(), "{text}");
        text = text.replace(from, to);
    }
    fs::write(file, [&bytes[..8], text.as_bytes(), &bytes[header..]].concat()).expect("written");
}

#[test]
fn checkpoints_of_the_version_before_load_unless_they_hold_accumulated_gradients() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run");
    let (samples, labels) = data();
    fn run<O: Optimizer>(
        trainer: &mut Trainer<Net, O, MeanSquaredError, ()>,
        (samples, labels): (&[[f32; 3]], &[f32]),
        [epochs, stop]: [usize; 2],
        file: &Path,
        resume: bool,
    ) -> Result<History, Error> {
        let mut lambda = LambdaCallback::new().on_batch_end(move |context, _| {
            if context.step() == stop as u64 {
                context.interrupt("a test");
            }
        });
        let fit = trainer.fit(samples, labels).epochs(epochs).batch_size(2).progress(false);
        let fit = if resume { fit.resume(file) } else { fit.checkpoint(file).callback(&mut lambda) };
        fit.run()
    }
    let data = (&samples[..], &labels[..]);
    let plain = || Net::new(1).compile(Adam::new(0.05).average(0.7), MeanSquaredError, ());
    let mut whole = plain();
    run(&mut whole, data, [2, 99], &file, false).expect("a run");
    run(&mut plain(), data, [2, 9], &file, false).expect("a run");
    as_version_3(&file);
    let mut resumed = plain();
    run(&mut resumed, data, [2, 0], &file, true).expect("a run");
    assert_eq!(state(&resumed), state(&whole));
    assert_eq!((resumed.updates(), resumed.epochs()), (14, 2));

    let accumulating = || Net::new(1).compile(Sgd::new(0.05).accumulate(3), MeanSquaredError, ());
    for stop in [3, 4, 6] {
        run(&mut accumulating(), data, [2, stop], &file, false).expect("a run");
        let bytes = fs::read(&file).expect("a checkpoint");
        as_version_3(&file);
        let resumed = run(&mut accumulating(), data, [2, 0], &file, true);
        if stop.is_multiple_of(3) {
            resumed.expect("a whole number of updates");
        } else {
            let error = resumed.expect_err("accumulated gradients of unknown weight");
            assert!(
                matches!(&error, Error::Checkpoint { what, .. } if what == "accumulated.samples"),
                "{error}"
            );
        }
        fs::write(&file, bytes).expect("written");
        run(&mut accumulating(), data, [2, 0], &file, true).expect("a run");
    }
}

#[test]
fn counts_of_a_checkpoint_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run");
    let trainer = || Line::zeros().compile(Sgd::new(0.5).accumulate(3), MeanSquaredError, ());
    let mut interrupt = LambdaCallback::new().on_batch_end(|context, _| {
        if context.step() == 5 {
            context.interrupt("a test");
        }
    });
    let (samples, labels) = ([[0.0]; 3], [2.0_f32; 3]);
    let mut first = trainer();
    let fit = first.fit(&samples, &labels).epochs(3).batch_size(1).checkpoint(&file).callback(&mut interrupt);
    fit.progress(false).run().expect("a run");
    let bytes = fs::read(&file).expect("a checkpoint");
    for (what, from, to) in [
        ("updates", "1", "6"),
        ("accumulated.steps", "2", "3"),
        ("accumulated.first", "1", "x"),
        ("accumulated.samples", "2", "0"),
        ("epochs.before", "0", "1"),
    ] {
        change(&file, &[(&format!("\"{what}\":\"{from}\""), &format!("\"{what}\":\"{to}\""))]);
        let mut resumed = trainer();
        let fit = resumed.fit(&samples, &labels).epochs(3).batch_size(1).resume(&file).progress(false);
        let error = fit.run().expect_err(what);
        assert!(matches!(&error, Error::Checkpoint { what: found, .. } if found == what), "{error}");
        fs::write(&file, &bytes).expect("written");
    }
}

#[test]
fn two_calls_of_fit_have_the_bits_of_one() {
    let (samples, labels) = data();
    let folder = tempfile::tempdir().expect("a folder");
    let run = |calls: &[usize]| {
        let mut trainer = accumulating();
        let (mut epochs, mut last, mut rates) = (Vec::new(), Vec::new(), Vec::new());
        for &call in calls {
            let mut watch = LambdaCallback::new().on_train_begin(|context| {
                last.push(context.epochs());
                rates.push(context.epoch());
            });
            let mut saver = ModelCheckpoint::new(folder.path().join("{epoch}")).save_weights_only(true);
            let fit = trainer.fit(&samples, &labels).validation_split(0.2).epochs(call).batch_size(4);
            let history = fit.callback(&mut watch).callback(&mut saver).progress(false).run().expect("a run");
            assert_eq!(history.epochs.len(), call);
            epochs.extend(
                history.epochs.into_iter().map(|e| (e.epoch, e.training, e.validation, e.learning_rate)),
            );
        }
        (state(&trainer), epochs, last, rates)
    };
    let (whole, two) = (run(&[5]), run(&[2, 3]));
    assert_eq!((&two.0, &two.1), (&whole.0, &whole.1));
    assert_eq!((two.2, two.3), (vec![Some(2), Some(5)], vec![0, 2]));
    let names: BTreeSet<String> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    assert!(names.iter().eq(["1", "2", "3", "4", "5"]), "{names:?}");
}

#[test]
fn a_second_call_of_fit_can_be_resumed_and_keeps_its_numbers() {
    let (samples, labels) = data();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run");
    let fit = |trainer: &mut _, epochs: usize, initial: Option<usize>, resume: bool| {
        let trainer: &mut Trainer<Net, Options<Adam>, MeanSquaredError, (metrics::MeanAbsoluteError,)> =
            trainer;
        let mut fit = trainer.fit(&samples, &labels).epochs(epochs).batch_size(4).progress(false);
        if let Some(initial) = initial {
            fit = fit.initial_epoch(initial);
        }
        let fit = if resume { fit.resume(&file) } else { fit.checkpoint(&file) };
        let history = fit.run().expect("a run");
        history.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>()
    };
    let mut whole = accumulating();
    assert_eq!(fit(&mut whole, 6, None, false), [1, 2, 3, 4, 5, 6]);
    let mut first = accumulating();
    assert_eq!(fit(&mut first, 2, None, false), [1, 2]);
    assert_eq!(fit(&mut first, 1, None, false), [3]);
    for initial in [None, Some(2)] {
        // Four epochs from the second call's first on, which is number 3; or up to number 6.
        let mut resumed = accumulating();
        assert_eq!(fit(&mut resumed, if initial.is_some() { 6 } else { 4 }, initial, true), [3, 4, 5, 6]);
        assert_eq!((resumed.epochs(), state(&resumed)), (6, state(&whole)));
    }
    // Up to an epoch that is over.
    assert_eq!(fit(&mut first, 2, Some(2), false), [0; 0]);
    assert_eq!(first.epochs(), 3);
    assert_eq!(fit(&mut first, 4, Some(3), false), [4]);
}

#[test]
fn validation_with_swapped_weights_is_that_of_the_average() {
    // Of a bias that goes to 4: 2, 3, 3.5, whose averages are 2, 2.5, 3.
    for swap_on_epoch in [false, true] {
        let mut swap = SwapEmaWeights::new().swap_on_epoch(swap_on_epoch);
        let mut seen = Vec::new();
        let mut watch = LambdaCallback::new().on_epoch_end(|context, _| seen.push(context.weights()[1]));
        let mut trainer = Line::zeros().compile(Sgd::new(0.25).average(0.5), MeanSquaredError, ());
        let fit = trainer.fit(&[[0.0]], &[4.0_f32]).epochs(3).validation(&[[0.0]], &[4.0]).progress(false);
        let history = fit.callback(&mut swap).callback(&mut watch).run().expect("a run");
        drop(watch);
        assert_eq!(history.get("loss"), Some(vec![16.0, 4.0, 1.0]));
        assert_eq!(history.get("val_loss"), Some(vec![4.0, 2.25, 1.0]));
        assert_eq!(seen, if swap_on_epoch { [2.0, 2.5, 3.0] } else { [2.0, 3.0, 3.5] });
        assert_eq!(trainer.dense_1().bias(), Some(&[3.0]));
        assert_eq!(trainer.averaged().expect("an average").block(), trainer.block());
    }
}

#[test]
fn swapping_needs_an_average() {
    let mut swap = SwapEmaWeights::new();
    let mut trainer = Line::zeros().compile(Sgd::new(0.25), MeanSquaredError, ());
    let error =
        trainer.fit(&[[0.0]], &[4.0_f32]).callback(&mut swap).progress(false).run().expect_err("no average");
    assert!(matches!(error, Error::NoAverage { callback: "SwapEmaWeights", optimizer: "Sgd" }));
    assert!(error.to_string().ends_with("expected an optimizer with `average(momentum)`"), "{error}");
}

/// Six epochs down to the minimum and out again, with these callbacks; the epochs' own and averaged weights.
fn there_and_back(
    epochs: usize,
    callbacks: Vec<&mut dyn Callback>,
) -> (Trainer<Line, Options<Sgd>, MeanSquaredError, ()>, History) {
    let (x, y) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    let mut trainer = Line::zeros().compile(Sgd::new(0.1).average(0.5), MeanSquaredError, ());
    let mut scheduler = LearningRateScheduler::new(|epoch, _| if epoch < 4 { 0.1 } else { 0.9 });
    let fit = trainer.fit(&x, &y).epochs(epochs).validation(&x, &y).callback(&mut scheduler);
    let history = fit.callbacks(callbacks).progress(false).run().expect("a run");
    (trainer, history)
}

#[test]
fn the_average_after_restore_best_weights_is_that_of_the_best_epoch() {
    let early = || EarlyStopping::default().patience(2).restore_best_weights(true);
    let mut alone = early();
    let (trainer, history) = there_and_back(9, vec![&mut alone]);
    let best_epoch = alone.best_epoch().expect("a finite score");
    assert!(best_epoch < history.epochs.len());
    let (best, _) = there_and_back(best_epoch, vec![]);
    assert_eq!(state(&trainer), state(&best));

    for swap_on_epoch in [false, true] {
        for swap_first in [false, true] {
            let mut swap = SwapEmaWeights::new().swap_on_epoch(swap_on_epoch);
            let mut early = early();
            let callbacks: Vec<&mut dyn Callback> =
                if swap_first { vec![&mut swap, &mut early] } else { vec![&mut early, &mut swap] };
            let (trainer, history) = there_and_back(9, callbacks);
            let best_epoch = early.best_epoch().expect("a finite score");
            assert!(best_epoch < history.epochs.len());
            let (mut best, _) = there_and_back(best_epoch, vec![]);
            assert!(best.use_averaged());
            assert_eq!(state(&trainer), state(&best), "swap_on_epoch {swap_on_epoch}, first {swap_first}");
            let losses = history.get("val_loss").expect("validated");
            let (x, y) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
            assert_eq!(Some(&best.evaluate(&x, &y).expect("scores").loss), losses.get(best_epoch - 1));
        }
    }
}
