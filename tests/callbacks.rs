//! Callbacks: each in a run that would end differently without it, and in a loop written by hand.

use std::fs;

use serde_json::Value;
use typenet::callbacks::{Callback, CallbackList, Context, JsonLinesLogger, Mode, TerminateOnNan};
use typenet::data::digits;
use typenet::kernels::Rng;
use typenet::layers::Model;
use typenet::metrics;
use typenet::model::{EpochRecord, Error, History, NonFiniteCause, Scores, step_rng};
use typenet::prelude::*;

model! { Net < Dense(64 => 32, relu), Dropout(0.3), Dense(32 => 10, softmax) > }

type NetTrainer = Trainer<Net, Adam, CategoricalCrossEntropy, (Accuracy,)>;

fn trainer() -> NetTrainer {
    Net::new(3).compile(Adam::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),))
}

fn bits(model: &Net) -> Vec<u32> {
    model.block().iter().map(|weight| weight.to_bits()).collect()
}

/// Few enough samples to be learnt by heart, others to validate with.
struct Few {
    inputs: Vec<[f32; 64]>,
    labels: Vec<u8>,
    others: Vec<[f32; 64]>,
    other_labels: Vec<u8>,
}

fn few() -> Few {
    let data = digits::load().train;
    let at =
        |range: core::ops::Range<usize>| (data.inputs[range.clone()].to_vec(), data.labels[range].to_vec());
    let ((inputs, labels), (others, other_labels)) = (at(0..60), at(60..160));
    Few { inputs, labels, others, other_labels }
}

impl Few {
    /// A run of 40 epochs with these callbacks.
    fn run(&self, trainer: &mut NetTrainer, callbacks: Vec<&mut dyn Callback>) -> Result<History, Error> {
        let fit = trainer.fit(&self.inputs, &self.labels).epochs(40).batch_size(16).progress(false);
        fit.validation(&self.others, &self.other_labels).callbacks(callbacks).run()
    }
}

#[test]
fn early_stopping_ends_the_run_and_gives_back_the_best_weights() {
    let few = few();
    let mut by_epoch = Vec::new();
    let mut watch =
        LambdaCallback::new().on_epoch_end(|context, _| by_epoch.push(context.weights().to_vec()));
    let mut early = EarlyStopping::default().patience(2).restore_best_weights(true);
    let mut stopped = trainer();
    let history = few.run(&mut stopped, vec![&mut watch, &mut early]).expect("a run");
    drop(watch);

    let losses = history.get("val_loss").expect("validated");
    assert!(losses.len() < 40, "the run went to its end");
    let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).expect("an epoch");
    assert_eq!((early.best_epoch(), early.best()), (Some(best + 1), Some(losses[best])));
    assert_eq!(losses.len(), best + 1 + 2, "two epochs of patience");
    assert_eq!(stopped.block(), by_epoch[best]);
    assert_ne!(stopped.block(), by_epoch[losses.len() - 1]);
    let reason = history.stopped.expect("a reason");
    assert!(reason.contains("val_loss") && reason.contains(&format!("epoch {}", best + 1)), "{reason}");

    let whole = few.run(&mut trainer(), vec![]).expect("a run");
    assert_eq!((whole.epochs.len(), &whole.stopped), (40, &None));
    assert_eq!(whole.get("val_loss").expect("validated")[..losses.len()], losses);
}

#[test]
fn plateau_lowers_the_learning_rate_and_changes_the_run() {
    let few = few();
    let mut plateau = ReduceLrOnPlateau::default().patience(2).factor(0.5).min_lr(0.004);
    let mut with = trainer();
    let history = few.run(&mut with, vec![&mut plateau]).expect("a run");
    let rates: Vec<f64> = history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    let mut different = rates.clone();
    different.dedup();
    assert_eq!(different, [0.01, 0.005, 0.004]);
    // The first drop follows the first two epochs in a row that were no better than the best before by 1e-4.
    let losses = history.get("val_loss").expect("validated");
    let (mut best, mut wait) = (f64::INFINITY, 0);
    let first = losses.iter().position(|&loss| {
        (best, wait) = if loss < best - 1e-4 { (loss, 0) } else { (best, wait + 1) };
        wait == 2
    });
    assert_eq!(rates.iter().position(|&rate| rate < 0.01), first.map(|epoch| epoch + 1));

    let mut without = trainer();
    few.run(&mut without, vec![]).expect("a run");
    assert_ne!(bits(&with), bits(&without));
}

#[test]
fn scheduler_sets_the_rate_of_each_epoch() {
    let few = few();
    let mut scheduler = LearningRateScheduler::new(|epoch, rate| if epoch <= 2 { rate } else { rate / 2.0 });
    let history = few.run(&mut trainer(), vec![&mut scheduler]).expect("a run");
    let rates: Vec<f64> = history.epochs[..4].iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [0.01, 0.01, 0.005, 0.0025]);
    let mut wrong = LearningRateScheduler::new(|_, _| -1.0);
    let error = few.run(&mut trainer(), vec![&mut wrong]).expect_err("a rate below 0");
    assert!(matches!(error, Error::Optimizer(_)), "{error}");
}

#[test]
fn checkpoints_are_named_by_epoch_and_the_best_is_kept() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let path = |name: &str| folder.path().join(name);
    let mut by_epoch = Vec::new();
    let mut watch =
        LambdaCallback::new().on_epoch_end(|context, _| by_epoch.push(context.weights().to_vec()));
    let mut some = ModelCheckpoint::new(path("run-{epoch:03}.safetensors")).every_epochs(10);
    let mut steps =
        ModelCheckpoint::new(path("step-{step}.safetensors")).every_steps(50).save_weights_only(true);
    let mut best =
        ModelCheckpoint::new(path("best.safetensors")).save_best_only("val_accuracy").save_weights_only(true);
    let mut all = trainer();
    let history = few.run(&mut all, vec![&mut watch, &mut some, &mut steps, &mut best]).expect("a run");
    drop(watch);

    let mut names: Vec<String> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    let expected = [10, 20, 30, 40].map(|epoch| format!("run-{epoch:03}.safetensors"));
    let expected = [&["best.safetensors".to_string()][..], &expected].concat();
    assert_eq!(names[..5], expected);
    assert_eq!(names[5..], ["step-100.safetensors", "step-150.safetensors", "step-50.safetensors"]);
    assert_eq!(Net::load(path("run-020.safetensors")).expect("a checkpoint").block(), by_epoch[19]);

    let accuracies = history.get("val_accuracy").expect("validated");
    let mut best_epoch = 0;
    for (epoch, &accuracy) in accuracies.iter().enumerate() {
        if accuracy > accuracies[best_epoch] {
            best_epoch = epoch;
        }
    }
    assert_ne!(best_epoch, 39, "the best is the last: nothing is shown");
    assert_eq!(Net::load(path("best.safetensors")).expect("weights").block(), by_epoch[best_epoch]);
}

#[test]
fn the_mode_of_the_best_may_be_given_before_its_score_or_after() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let saver = |name: &str| ModelCheckpoint::new(folder.path().join(name)).save_weights_only(true);
    // The largest loss, which is that of the first epoch.
    let mut before = saver("before").mode(Mode::Max).save_best_only("loss");
    let mut after = saver("after").save_best_only("loss").mode(Mode::Max);
    let mut first = Vec::new();
    let mut watch = LambdaCallback::new().on_epoch_end(|context, record| {
        if record.epoch == 1 {
            first = context.weights().to_vec();
        }
    });
    few.run(&mut trainer(), vec![&mut before, &mut after, &mut watch]).expect("a run");
    drop(watch);
    for saver in [before, after] {
        assert_eq!(Net::load(saver.path()).expect("weights").block(), first, "{}", saver.path().display());
    }
}

#[test]
fn a_run_interrupted_after_any_step_goes_on_with_the_same_bits() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    /// The whole run, or a part of it.
    fn part(few: &Few, file: &std::path::Path, interrupt: Option<u64>) -> (NetTrainer, History) {
        let mut trainer = trainer();
        let mut early = EarlyStopping::default().patience(2).min_delta(0.25).restore_best_weights(true);
        let mut plateau = ReduceLrOnPlateau::new("loss").patience(0).min_delta(0.05).factor(0.9);
        let mut scheduler =
            LearningRateScheduler::new(|epoch, rate| if epoch == 3 { 0.8 * rate } else { rate });
        let mut lambda = LambdaCallback::new().on_batch_end(|context, _| {
            if Some(context.step()) == interrupt {
                context.interrupt("a test");
            }
        });
        let mut fit = trainer.fit(&few.inputs, &few.labels).epochs(12).batch_size(7).seed(5).progress(false);
        fit = fit.validation_split(0.3).callback(&mut early).callback(&mut plateau).callback(&mut scheduler);
        if file.exists() {
            fit = fit.resume(file);
        }
        let history = fit.callback(&mut lambda).checkpoint(file).run().expect("a run");
        (trainer, history)
    }
    let scores = |history: &History| {
        let epochs = history.epochs.iter();
        epochs.map(|e| (e.training.clone(), e.validation.clone(), e.learning_rate)).collect::<Vec<_>>()
    };
    let file = |name: &str| folder.path().join(name);
    let (whole, history) = part(&few, &file("whole"), None);
    let steps = whole.step();
    assert!(history.stopped.is_some() && history.epochs.len() < 12, "early stopping has a part in it");
    let rates: Vec<f64> = history.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    assert!(rates.last() < rates.first(), "the plateau has a part in it");
    for stop in 1..=steps {
        let file = file(&stop.to_string());
        let (interrupted, first) = part(&few, &file, Some(stop));
        assert_eq!((interrupted.step(), first.stopped.as_deref()), (stop, Some("a test")));
        let (resumed, second) = part(&few, &file, None);
        assert_eq!(bits(&resumed), bits(&whole), "interrupted after step {stop}");
        assert_eq!(scores(&second), scores(&history), "interrupted after step {stop}");
        assert_eq!((resumed.step(), &second.stopped), (steps, &history.stopped));
    }
}

#[test]
fn backup_goes_on_by_itself_and_goes_away() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("backup.safetensors");
    let mut whole = trainer();
    few.run(&mut whole, vec![]).expect("a run");
    let mut starts = Vec::new();
    let mut last = trainer();
    // Each attempt fails 33 steps after its start; backups are at every tenth step.
    loop {
        let mut steps = 0;
        let mut begin = 0;
        let mut fault = Fault(|context: &mut Context<'_>| {
            if steps == 0 {
                begin = context.step() - 1;
            }
            steps += 1;
            if steps > 33 { Err(Error::callback("Fault", "out of luck")) } else { Ok(()) }
        });
        let mut backup = BackupAndRestore::new(&file).every_steps(10);
        let result = few.run(&mut last, vec![&mut fault, &mut backup]);
        starts.push(begin);
        match result {
            Ok(_) => break,
            Err(error) => assert_eq!(error.to_string(), "Fault: out of luck"),
        }
        last = trainer();
    }
    assert_eq!(starts, [0, 30, 60, 90, 120, 150]);
    assert_eq!(bits(&last), bits(&whole));
    assert!(!file.exists());
}

/// A callback that can fail after a step.
struct Fault<F>(F);

impl<F: FnMut(&mut Context<'_>) -> Result<(), Error> + Send> Callback for Fault<F> {
    fn name(&self) -> &'static str {
        "Fault"
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, _: f64) -> Result<(), Error> {
        (self.0)(context)
    }
}

#[test]
fn logs_hold_every_epoch_and_resumed_ones_are_the_same() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let path = |name: &str| folder.path().join(name);
    let run = |epochs: usize| {
        let mut trainer = trainer();
        let mut csv = CsvLogger::new(path("log.csv")).separator(';');
        let mut json = JsonLinesLogger::new(path("log.jsonl"));
        let mut fit = trainer.fit(&few.inputs, &few.labels).epochs(epochs).progress(false).validation_freq(2);
        fit = fit.validation(&few.others, &few.other_labels).callback(&mut csv).callback(&mut json);
        if path("run").exists() {
            fit = fit.resume(path("run"));
        }
        fit.checkpoint(path("run")).run().expect("a run")
    };
    run(3);
    let history = run(5);
    let text = fs::read_to_string(path("log.csv")).expect("the log");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "epoch;loss;accuracy;val_loss;val_accuracy;learning_rate;seconds");
    assert_eq!(lines.len(), 1 + 5);
    for (line, record) in lines[1..].iter().zip(&history.epochs) {
        let row: Vec<&str> = line.split(';').collect();
        assert_eq!(row[0], record.epoch.to_string());
        assert_eq!(row[1].parse(), Ok(record.training.loss));
        let validation = if record.epoch % 2 == 0 { record.get("val_accuracy") } else { None };
        assert_eq!(row[4].parse().ok(), validation);
        assert_eq!(row[4] == "NA", validation.is_none());
        assert_eq!(row[5..], [record.learning_rate.to_string(), record.seconds.to_string()]);
    }
    let text = fs::read_to_string(path("log.jsonl")).expect("the log");
    for (line, record) in text.lines().zip(&history.epochs) {
        let object: Value = serde_json::from_str(line).expect("a line is JSON");
        let mut expected = serde_json::Map::from_iter(
            record.scores().map(|(name, value)| (name.into_owned(), Value::from(value))),
        );
        expected.insert("epoch".into(), record.epoch.into());
        expected.insert("learning_rate".into(), record.learning_rate.into());
        expected.insert("seconds".into(), record.seconds.into());
        assert_eq!(object, Value::Object(expected));
        assert_eq!(object.get("val_loss").is_some(), record.epoch % 2 == 0, "{line}");
    }
    // Names come in the order of the history.
    let line = text.lines().nth(1).expect("a second line");
    let names = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"];
    let places = names.map(|name| line.find(&format!("\"{name}\":")).expect(name));
    assert!(places.is_sorted(), "{line}");
    assert_eq!(text.lines().count(), 5);

    let mut appended = CsvLogger::new(path("log.csv")).separator(';').append(true);
    few.run(&mut trainer(), vec![&mut appended]).expect("a run");
    let text = fs::read_to_string(path("log.csv")).expect("the log");
    assert_eq!((text.lines().count(), text.matches("epoch").count()), (1 + 5 + 40, 1));
}

#[test]
fn numbers_that_json_lacks_are_null_in_json_lines() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let path = folder.path().join("log.jsonl");
    let of = |name: &'static str, value: f64| metrics::from_fn(name, move |_: &[f32; 10], _: &u8| value);
    let scores = (
        of("nan", f64::NAN),
        of("infinite", f64::NEG_INFINITY),
        // Digits that only a shortest decimal gives back, and a name that JSON must escape.
        of("a \"third\"\\\n", 0.1 + 0.2),
        of("tiny", f64::MIN_POSITIVE),
        of("zero", -0.0),
    );
    let mut trainer = Net::new(3).compile(Sgd::new(0.01), CategoricalCrossEntropy, scores);
    let mut log = JsonLinesLogger::new(&path);
    let fit = trainer.fit(&few.inputs, &few.labels).epochs(2).batch_size(60).progress(false);
    let history = fit.callback(&mut log).run().expect("a run");
    let text = fs::read_to_string(&path).expect("the log");
    assert_eq!((text.lines().count(), text.ends_with('\n')), (2, true));
    for (line, record) in text.lines().zip(&history.epochs) {
        let object: Value = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!(object.as_object().map(serde_json::Map::len), Some(1 + 6 + 2), "{line}");
        assert_eq!((&object["nan"], &object["infinite"]), (&Value::Null, &Value::Null));
        let bits = |name: &str| object[name].as_f64().map(f64::to_bits);
        for name in ["loss", "a \"third\"\\\n", "tiny", "zero"] {
            assert_eq!(bits(name), record.get(name).map(f64::to_bits), "{name}: {line}");
        }
        assert_eq!(bits("seconds"), Some(record.seconds.to_bits()));
    }
}

#[test]
fn callbacks_that_cannot_be_are_refused_before_the_first_step() {
    let few = few();
    let refused = |callback: &mut dyn Callback, parts: &[&str]| {
        let mut trainer = trainer();
        let before = bits(&trainer);
        let fit = trainer.fit(&few.inputs, &few.labels).progress(false);
        let error = fit.callback(callback).run().expect_err("the run is refused").to_string();
        for part in parts {
            assert!(error.contains(part), "`{error}` does not say `{part}`");
        }
        assert_eq!((bits(&trainer), trainer.step()), (before, 0));
    };
    refused(&mut EarlyStopping::default(), &["EarlyStopping", "val_loss", "loss, accuracy"]);
    refused(&mut ReduceLrOnPlateau::new("acuracy"), &["ReduceLrOnPlateau", "acuracy", "accuracy"]);
    refused(
        &mut ModelCheckpoint::new("x").save_best_only("val_accuracy"),
        &["ModelCheckpoint", "val_accuracy"],
    );
    refused(&mut ReduceLrOnPlateau::new("loss").factor(1.0), &["factor", "1", "below 1"]);
    refused(&mut ReduceLrOnPlateau::new("loss").min_lr(f64::NAN), &["min_lr", "NaN"]);
    refused(&mut EarlyStopping::new("loss").min_delta(f64::NAN), &["min_delta", "NaN"]);
    refused(&mut ModelCheckpoint::new("{epok}"), &["{epok}", "{epoch}"]);
    refused(&mut ModelCheckpoint::new("x").every_epochs(0), &["every_epochs", "0"]);
    refused(&mut ModelCheckpoint::new("x").every_steps(3).save_best_only("loss"), &["every_steps", "3"]);
    refused(
        &mut ModelCheckpoint::new("x").initial_value_threshold(0.25),
        &["ModelCheckpoint", "initial_value_threshold", "0.25", "save_best_only"],
    );
    refused(&mut BackupAndRestore::new("x").every_steps(0), &["every_steps", "0"]);
    refused(&mut TerminateOnNan::new().every_steps(0), &["every_steps", "0"]);
    refused(&mut TensorBoard::new("x").every_steps(0), &["every_steps", "0"]);
    // A file is no folder.
    refused(&mut CsvLogger::new("Cargo.toml/log.csv"), &["Cargo.toml/log.csv"]);
    refused(&mut CsvLogger::new("x").separator('→'), &["separator"]);
    refused(&mut JsonLinesLogger::new("Cargo.toml/log"), &["Cargo.toml/log"]);
    let error = trainer().fit(&few.inputs, &few.labels).validation_freq(0).run().expect_err("zero");
    assert_eq!(error.to_string(), "validation_freq is 0, expected at least 1");
    let error = trainer().fit(&few.inputs, &few.labels).steps_per_epoch(0).run().expect_err("zero");
    assert_eq!(error.to_string(), "steps_per_epoch is 0, expected at least 1");
}

#[test]
fn a_score_whose_direction_is_unknown_needs_a_mode() {
    model! { Line < Dense(1 => 1) > }
    use typenet::losses::Loss;
    use typenet::metrics::Metric;
    /// A metric whose name says nothing.
    struct Profit;
    impl<Head> Metric<Head, [f32; 1], f32> for Profit {
        fn name(&self) -> &'static str {
            "profit"
        }
        fn reset(&mut self) {}
        fn update(&mut self, _: &[[f32; 1]], _: &[f32]) {}
        fn compute(&self) -> f64 {
            1.0
        }
    }
    fn run(early: &mut EarlyStopping) -> Result<History, Error>
    where
        MeanSquaredError: Loss<<Line as Layer>::Head, [f32; 1], f32>,
    {
        let mut trainer = Line::new(1).compile(Sgd::new(0.1), MeanSquaredError, (Profit,));
        trainer.fit(&[[1.0], [2.0]], &[1.0f32, 2.0]).epochs(9).progress(false).callback(early).run()
    }
    let error = run(&mut EarlyStopping::new("profit")).expect_err("no direction").to_string();
    assert!(error.contains("profit") && error.contains("Mode::Max"), "{error}");
    let history = run(&mut EarlyStopping::new("profit").mode(Mode::Max).patience(1)).expect("a run");
    assert_eq!(history.epochs.len(), 2);
}

#[test]
fn numbers_that_stop_being_finite_name_step_and_tensor_and_leave_the_checkpoint() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("run.safetensors");
    // Steps so long that the second overflows; the optimizer's state is not finite yet.
    let sgd = || Net::new(3).compile(Sgd::new(1e37), CategoricalCrossEntropy, (Accuracy::new(),));
    let run = |trainer: &mut Trainer<Net, Sgd, CategoricalCrossEntropy, (Accuracy,)>,
               more: &mut dyn Callback| {
        let fit = trainer.fit(&few.inputs, &few.labels).epochs(9).batch_size(60).progress(false);
        fit.callback(more).checkpoint(&file).run().expect_err("numbers that overflow")
    };
    let error = run(&mut sgd(), &mut LambdaCallback::new());
    let Error::NonFiniteLoss { epoch: 2, step: 2, cause, .. } = &error else { panic!("{error}") };
    let NonFiniteCause::Overflow { layer: Some(layer), largest: Some((tensor, _)) } = cause else {
        panic!("{cause}")
    };
    assert!(layer.starts_with("dense_") && tensor.starts_with("dense_"), "{cause}");
    assert!(error.to_string().contains(" at step 2 of epoch 2, expected a finite number: "), "{error}");
    assert_eq!(Net::load(&file).expect("the checkpoint of epoch 1").block().len(), Net::BLOCK_LEN);

    // A weight that the loss does not see: behind units that are always off, whose gradient is zero.
    let hidden = |every_steps: Option<u64>| {
        let mut net = Net::new(3);
        net.dense_1_mut().bias().expect("a bias").fill(-1e9);
        let mut trainer = net.compile(Sgd::new(0.01), CategoricalCrossEntropy, (Accuracy::new(),));
        let mut spoil = LambdaCallback::new().on_batch_end(|context, _| {
            if context.step() == 2 {
                context.weights_mut()[64 * 32 + 5] = f32::NEG_INFINITY;
            }
        });
        let mut look = TerminateOnNan::new().every_steps(every_steps.unwrap_or(1));
        let mut fit =
            trainer.fit(&few.inputs, &few.labels).batch_size(10).progress(false).callback(&mut spoil);
        if every_steps.is_some() {
            fit = fit.callback(&mut look);
        }
        fit.run().expect_err("a weight that is not finite")
    };
    for (every_steps, expected) in [(Some(1), (2, 2)), (Some(4), (1, 4)), (Some(9), (1, 6)), (None, (1, 6))] {
        let error = hidden(every_steps);
        let Error::NonFiniteWeights { epoch: 1, since, step, found } = &error else { panic!("{error}") };
        assert_eq!((found.tensor.as_str(), found.index), ("dense_1.bias", 5), "{error}");
        assert_eq!((*since, *step), expected, "{error}");
    }
    let [exact, late] = [Some(1), None].map(|every_steps| hidden(every_steps).to_string());
    assert!(exact.starts_with("value 5 of `dense_1.bias` is -inf since step 2 of epoch 1, "), "{exact}");
    assert!(late.contains(" since one of the steps 1 to 6 of epoch 1, "), "{late}");
}

#[test]
fn a_loop_written_by_hand_does_what_fit_does() {
    let few = few();
    let settings =
        || (EarlyStopping::default().patience(2), ReduceLrOnPlateau::default().patience(1).factor(0.5));
    let mut by_fit = Net::new(3).compile(Adam::new(0.01), CategoricalCrossEntropy, ());
    let (mut early, mut plateau) = settings();
    let fit = by_fit.fit(&few.inputs, &few.labels).epochs(40).batch_size(16).shuffle(false).progress(false);
    let fit = fit.validation(&few.others, &few.other_labels).callback(&mut early).callback(&mut plateau);
    let expected = fit.run().expect("a run");

    let mut by_hand = Net::new(3).compile(Adam::new(0.01), CategoricalCrossEntropy, ());
    let (mut early, mut plateau) = settings();
    let mut callbacks = CallbackList::new().callback(&mut early).callback(&mut plateau);
    let rng = step_rng(0);
    callbacks.on_train_begin(&mut by_hand).expect("callbacks that can be");
    while callbacks.next_epoch() <= 40 && !callbacks.is_stopping() {
        callbacks.on_epoch_begin(&mut by_hand).expect("an epoch");
        for (samples, labels) in few.inputs.chunks(16).zip(few.labels.chunks(16)) {
            let loss = by_hand.train_on_batch(samples, labels, &rng).expect("a step");
            callbacks.on_batch_end(&mut by_hand, samples.len(), loss).expect("a step");
        }
        let validation = by_hand.evaluate(&few.others, &few.other_labels).expect("validation");
        let training = Scores { loss: callbacks.mean_loss(), metrics: vec![] };
        callbacks.on_epoch_end(&mut by_hand, training, Some(validation)).expect("an epoch");
    }
    let history = callbacks.on_train_end(&mut by_hand).expect("the end");
    assert_eq!(bits(&by_hand), bits(&by_fit));
    assert_eq!(history.get("val_loss"), expected.get("val_loss"));
    assert_eq!(history.stopped, expected.stopped);
    assert!(history.stopped.is_some());

    let mut unknown = EarlyStopping::new("val_accuracy");
    let mut callbacks = CallbackList::new().callback(&mut unknown);
    callbacks.on_train_begin(&mut by_hand).expect("scores are not known yet");
    callbacks.on_epoch_begin(&mut by_hand).expect("an epoch");
    let validation = Some(Scores::default());
    let error =
        callbacks.on_epoch_end(&mut by_hand, Scores::default(), validation).expect_err("no such score");
    assert!(matches!(&error, Error::Monitor { found, .. } if found == &["loss", "val_loss"]), "{error}");
}

#[test]
fn a_loop_written_by_hand_goes_on_within_an_epoch() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("run.safetensors");
    let run = |interrupt: Option<u64>| {
        let mut trainer = Net::new(3).compile(Adam::new(0.01), CategoricalCrossEntropy, ());
        let mut backup = BackupAndRestore::new(&file);
        let mut lambda = LambdaCallback::new().on_batch_end(|context, _| {
            if Some(context.step()) == interrupt {
                context.interrupt("a test");
            }
        });
        let mut callbacks = CallbackList::new().callback(&mut lambda).callback(&mut backup);
        callbacks.on_train_begin(&mut trainer).expect("callbacks that can be");
        while callbacks.next_epoch() <= 3 && !callbacks.is_stopping() {
            callbacks.on_epoch_begin(&mut trainer).expect("an epoch");
            for (samples, labels) in few.inputs.chunks(16).zip(few.labels.chunks(16)).skip(callbacks.batch())
            {
                let loss = trainer.train_on_batch(samples, labels, &Rng::seed(1)).expect("a step");
                callbacks.on_batch_end(&mut trainer, samples.len(), loss).expect("a step");
                if callbacks.is_stopping() {
                    break;
                }
            }
            if !callbacks.is_stopping() {
                let training = Scores { loss: callbacks.mean_loss(), metrics: vec![] };
                callbacks.on_epoch_end(&mut trainer, training, None).expect("an epoch");
            }
        }
        let history = callbacks.on_train_end(&mut trainer).expect("the end");
        (bits(&trainer), history.get("loss"))
    };
    let whole = run(None);
    for stop in [1, 4, 6, 11] {
        run(Some(stop));
        assert!(file.exists());
        assert_eq!(run(None), whole, "interrupted after step {stop}");
    }
}

#[test]
fn events_come_in_keras_order() {
    /// Writes down what it is told.
    #[derive(Default)]
    struct Events(Vec<String>);
    impl Callback for Events {
        fn name(&self) -> &'static str {
            "Events"
        }
        fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
            self.0.push(format!("train begin {:?}", context.epochs()));
            Ok(())
        }
        fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
            self.0.push(format!("train end {}", context.history().epochs.len()));
            Ok(())
        }
        fn on_epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
            self.0.push(format!("epoch begin {}", context.epoch()));
            Ok(())
        }
        fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
            assert_eq!(context.history().last(), Some(record));
            self.0.push(format!("epoch end {}", record.epoch));
            Ok(())
        }
        fn on_batch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
            self.0.push(format!("batch begin {}", context.batch()));
            Ok(())
        }
        fn on_batch_end(&mut self, context: &mut Context<'_>, loss: f64) -> Result<(), Error> {
            assert!(loss > 0.0);
            self.0.push(format!("batch end {} {}", context.batch(), context.step()));
            Ok(())
        }
    }
    let few = few();
    let mut events = Events::default();
    let mut trainer = trainer();
    let fit =
        trainer.fit(&few.inputs, &few.labels).epochs(2).batch_size(10).steps_per_epoch(2).progress(false);
    fit.callback(&mut events).run().expect("a run");
    let expected = [
        "train begin Some(2)",
        "epoch begin 1",
        "batch begin 0",
        "batch end 1 1",
        "batch begin 1",
        "batch end 2 2",
        "epoch end 1",
        "epoch begin 2",
        "batch begin 0",
        "batch end 1 3",
        "batch begin 1",
        "batch end 2 4",
        "epoch end 2",
        "train end 2",
    ];
    assert_eq!(events.0, expected);
}

#[test]
fn a_checkpoint_of_other_callbacks_or_options_is_refused() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("run.safetensors");
    let run = |early: Option<&mut EarlyStopping>, steps: Option<usize>, resume: bool| {
        let mut trainer = trainer();
        let mut fit = trainer.fit(&few.inputs, &few.labels).epochs(2).progress(false);
        if let Some(steps) = steps {
            fit = fit.steps_per_epoch(steps);
        }
        fit = fit.callbacks(early.map(|early| early as &mut dyn Callback));
        fit = if resume { fit.resume(&file) } else { fit.checkpoint(&file) };
        fit.run().map(|history| history.epochs.len()).map_err(|error| error.to_string())
    };
    run(Some(&mut EarlyStopping::new("loss")), Some(1), false).expect("a run");
    let error = run(None, Some(1), true).expect_err("a callback less");
    assert!(error.contains("callbacks") && error.contains("EarlyStopping.1"), "{error}");
    let error = run(Some(&mut EarlyStopping::new("loss")), Some(2), true).expect_err("other epochs");
    assert!(error.contains("steps_per_epoch") && error.contains("`1`") && error.contains("`2`"), "{error}");
    let error = run(Some(&mut EarlyStopping::new("loss")), None, true).expect_err("whole epochs");
    assert!(error.contains("steps_per_epoch") && error.contains("`all`"), "{error}");
    assert_eq!(run(Some(&mut EarlyStopping::new("loss")), Some(1), true), Ok(2));
}

#[test]
fn a_checkpoint_whose_position_cannot_be_is_refused() {
    use typenet::io::safetensors::{Tensor, read, write};
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("run.safetensors");
    let mut interrupt = LambdaCallback::new().on_batch_end(|context, _| {
        if context.step() == 2 {
            context.interrupt("a test");
        }
    });
    let mut first = trainer();
    let fit = first.fit(&few.inputs, &few.labels).batch_size(20).progress(false).callback(&mut interrupt);
    fit.checkpoint(&file).run().expect("a part of a run");
    let original = read(&file).expect("the checkpoint");
    let resume = || {
        let mut trainer = trainer();
        let before = bits(&trainer);
        let fit = trainer.fit(&few.inputs, &few.labels).batch_size(20).progress(false).resume(&file);
        let result = fit.run().map_err(|error| error.to_string());
        assert!(result.is_ok() || bits(&trainer) == before, "a refused run changes nothing");
        result
    };
    let tampered = |key: &str, text: &str, predictions: usize| {
        let names: Vec<_> = original.tensors().map(|tensor| (tensor.name(), tensor.shape())).collect();
        let mut values: Vec<_> =
            names.iter().map(|(name, _)| original.values(name).expect("a tensor")).collect();
        let mut shapes: Vec<Vec<usize>> =
            names.iter().map(|(_, shape)| shape.iter().map(|&size| size as usize).collect()).collect();
        for ((name, _), (values, shape)) in names.iter().zip(values.iter_mut().zip(&mut shapes)) {
            if name == "epoch.predictions" {
                assert_eq!(*shape, [40, 10]);
                values.truncate(10 * predictions);
                shape[0] = predictions;
            }
        }
        let parts = names.iter().zip(values.iter().zip(&shapes));
        let tensors: Vec<Tensor<'_>> =
            parts.map(|((name, _), (values, shape))| Tensor { name: name.clone(), shape, values }).collect();
        let mut metadata = original.metadata();
        metadata.insert(key.into(), text.into());
        write(&file, &tensors, &metadata).expect("a checkpoint");
        resume()
    };
    for (key, text, predictions, expected) in [
        ("epoch.batches", "4", 40, "no more batches"),
        ("epoch.batches", "-1", 40, "a number"),
        ("epoch.samples", "30", 40, "the samples of its batches"),
        ("epoch.loss", "much", 40, "a number"),
        ("step", "2", 30, "a prediction for each"),
    ] {
        let error = tampered(key, text, predictions).expect_err("a position that cannot be");
        assert!(error.contains(expected), "{error}");
    }
    tampered("step", "2", 40).expect("the checkpoint as it was");
}

#[test]
fn a_run_goes_on_in_the_same_process_after_its_learning_rate_was_lowered() {
    let (few, folder) = (few(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("run.safetensors");
    let run = |trainer: &mut NetTrainer, epochs: usize, resume: bool| {
        let mut plateau = ReduceLrOnPlateau::new("loss").patience(0).min_delta(10.0).factor(0.5);
        let mut fit =
            trainer.fit(&few.inputs, &few.labels).epochs(epochs).progress(false).callback(&mut plateau);
        if resume {
            fit = fit.resume(&file);
        }
        fit.checkpoint(&file).run().expect("a run").last().map(|epoch| epoch.learning_rate)
    };
    let (mut whole, mut parts) = (trainer(), trainer());
    let expected = run(&mut whole, 4, false);
    run(&mut parts, 2, false);
    assert_eq!(run(&mut parts, 4, true), expected);
    assert_eq!(bits(&parts), bits(&whole));
    // The checkpoint of a resumed run knows the first rate still.
    let mut anew = trainer();
    assert_eq!(run(&mut anew, 5, true), expected.map(|rate| rate / 2.0));
}
