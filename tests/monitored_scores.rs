//! Callbacks that watch a score: epochs without it, names that there are not, values that are no numbers.

use typenet::callbacks::{Callback, Context, State};
use typenet::kernels::Rng;
use typenet::metrics::{self, Metric};
use typenet::model::{EpochRecord, Error, History, Scores};
use typenet::prelude::*;

model! { Line < Dense(1 => 1) > }

type Line0 = Trainer<Line, Sgd, MeanSquaredError, ()>;

fn line() -> Line0 {
    Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ())
}

const SAMPLES: [[f32; 1]; 2] = [[1.0], [2.0]];
const LABELS: [f32; 2] = [2.0, 4.0];

/// A loop written by hand, which validates in each epoch that has a value here.
fn run(
    trainer: &mut Line0,
    mut callbacks: CallbackList<'_>,
    validation: &[Option<f64>],
) -> Result<History, Error> {
    callbacks.on_train_begin(trainer)?;
    while let Some(loss) = validation.get(callbacks.next_epoch() - 1)
        && !callbacks.is_stopping()
    {
        callbacks.on_epoch_begin(trainer)?;
        callbacks.on_batch_begin(trainer)?;
        let training = trainer.train_on_batch(&SAMPLES, &LABELS, &Rng::seed(1))?;
        callbacks.on_batch_end(trainer, SAMPLES.len(), training)?;
        let scores = |loss| Scores { loss, metrics: Vec::new() };
        callbacks.on_epoch_end(trainer, scores(training), loss.map(scores))?;
    }
    callbacks.on_train_end(trainer)
}

#[test]
fn an_epoch_without_validation_passes_in_a_loop_as_in_fit() {
    let folder = tempfile::tempdir().unwrap();
    let best = folder.path().join("best.safetensors");
    let validation = [None, Some(3.0), None, Some(2.0), None, Some(2.5), None];
    for says_names in [false, true] {
        let mut early = EarlyStopping::new("val_loss").patience(5);
        let mut plateau = ReduceLrOnPlateau::new("val_loss").patience(1).factor(0.5);
        let mut saver = ModelCheckpoint::new(&best).save_best_only("val_loss").save_weights_only(true);
        let mut callbacks =
            CallbackList::new().callback(&mut early).callback(&mut plateau).callback(&mut saver);
        if says_names {
            callbacks = callbacks.score_names(["loss", "val_loss"]);
        }
        let mut trainer = line();
        let history = run(&mut trainer, callbacks, &validation).unwrap();
        assert_eq!((history.epochs.len(), history.stopped), (7, None));
        assert_eq!((early.best(), early.best_epoch()), (Some(2.0), Some(4)));
        assert_eq!(trainer.learning_rate(), 0.0625, "one of three validated epochs was no better");
        assert!(best.exists());
        std::fs::remove_file(&best).unwrap();
    }
}

#[test]
fn a_loop_that_says_its_scores_hears_of_a_misspelt_one_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut early = EarlyStopping::new("val_los");
    let mut plateau = ReduceLrOnPlateau::new("val_los");
    let mut saver = ModelCheckpoint::new(folder.path().join("best")).save_best_only("val_los");
    let callbacks: [&mut dyn Callback; 3] = [&mut early, &mut plateau, &mut saver];
    for callback in callbacks {
        let name = callback.name();
        let mut trainer = line();
        let list = CallbackList::new().callback(callback).score_names(["loss", "val_loss"]);
        let error = run(&mut trainer, list, &[Some(1.0); 3]).unwrap_err();
        let Error::Monitor { callback, monitor, found } = error else { panic!("{error}") };
        assert_eq!((callback, monitor.as_str()), (name, "val_los"));
        assert_eq!(found, ["loss", "val_loss"]);
        assert_eq!(trainer.step(), 0);
    }
}

#[test]
fn a_loop_that_does_not_say_its_scores_hears_of_a_misspelt_one_in_the_first_epoch_that_could_have_it() {
    for (name, validation, epochs) in [
        ("los", vec![None; 3], 1),
        ("val_los", vec![None, Some(1.0), None], 2),
        ("val_accuracy", vec![Some(1.0)], 1),
    ] {
        let mut early = EarlyStopping::new(name).mode(Mode::Min);
        let mut trainer = line();
        let error = run(&mut trainer, CallbackList::new().callback(&mut early), &validation).unwrap_err();
        assert!(matches!(&error, Error::Monitor { monitor, .. } if monitor == name), "{error}");
        assert_eq!(trainer.step(), epochs);
    }
}

/// A metric that is a number in no epoch.
#[derive(Debug, Clone)]
struct NoNumber(f64);

impl<Head, Output, Label> Metric<Head, Output, Label> for NoNumber {
    fn name(&self) -> &'static str {
        "no_number_error"
    }

    fn update(&mut self, _: &[Output], _: &[Label]) {}

    fn compute(&self) -> f64 {
        self.0
    }

    fn reset(&mut self) {}
}

#[test]
fn a_score_that_is_no_number_is_said_once_by_each_callback() {
    for value in [f64::NAN, f64::INFINITY] {
        let mut early = EarlyStopping::new("no_number_error").patience(10);
        let mut plateau = ReduceLrOnPlateau::new("no_number_error").patience(10);
        let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (NoNumber(value),));
        let fit = trainer.fit(&SAMPLES, &LABELS).epochs(4).progress(false);
        let history = fit.callback(&mut early).callback(&mut plateau).run().unwrap();
        assert_eq!(history.warnings.len(), 2, "{:?}", history.warnings);
        for (warning, callback) in history.warnings.iter().zip(["EarlyStopping", "ReduceLrOnPlateau"]) {
            let start = format!("{callback}: `no_number_error` is {value} in epoch 1");
            assert!(warning.starts_with(&start), "{warning}");
        }
        assert_eq!((early.best(), early.best_epoch()), (None, None));
    }
}

#[test]
fn a_number_that_comes_later_is_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let best = folder.path().join("best.safetensors");
    for bad in [f64::NAN, f64::INFINITY] {
        let mut early = EarlyStopping::new("val_loss").patience(3).restore_best_weights(true);
        let mut saver = ModelCheckpoint::new(&best).save_best_only("val_loss").save_weights_only(true);
        let callbacks = CallbackList::new().callback(&mut early).callback(&mut saver);
        let mut trainer = line();
        let history = run(&mut trainer, callbacks, &[Some(bad), Some(3.0), Some(bad)]).unwrap();
        assert_eq!((early.best(), early.best_epoch()), (Some(3.0), Some(2)));
        assert_eq!(history.warnings.len(), 2, "{:?}", history.warnings);
        assert_eq!(Line::load(&best).unwrap().block(), trainer.block(), "both are those of epoch 2");
        std::fs::remove_file(&best).unwrap();
    }
}

#[test]
fn the_best_of_no_numbers_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best.safetensors");
    let mut saver = ModelCheckpoint::new(&path).save_best_only("no_number_error");
    let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (NoNumber(f64::NAN),));
    let fit = trainer.fit(&SAMPLES, &LABELS).epochs(3).progress(false);
    let error = fit.callback(&mut saver).run().unwrap_err();
    let Error::NoFiniteScore { callback, monitor, epochs } = &error else { panic!("{error}") };
    assert_eq!((*callback, monitor.as_str(), *epochs), ("ModelCheckpoint", "no_number_error", 3));
    assert!(!path.exists());
    assert_eq!(trainer.step(), 3, "what was trained is still there");
}

#[test]
fn an_interrupted_run_may_still_meet_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut saver = ModelCheckpoint::new(folder.path().join("best")).save_best_only("no_number_error");
    let mut leave = LambdaCallback::new().on_epoch_end(|context: &mut Context<'_>, _: &EpochRecord| {
        context.interrupt("the machine is needed");
    });
    let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (NoNumber(f64::NAN),));
    let fit = trainer.fit(&SAMPLES, &LABELS).epochs(3).progress(false);
    let history = fit.callback(&mut saver).callback(&mut leave).run().unwrap();
    assert_eq!((history.epochs.len(), history.warnings.len()), (1, 1));
}

#[test]
fn a_resumed_run_does_not_repeat_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let fit = |epochs: usize, resume: bool| {
        let mut early = EarlyStopping::new("no_number_error").patience(10);
        let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (NoNumber(f64::NAN),));
        let mut fit = trainer.fit(&SAMPLES, &LABELS).epochs(epochs).progress(false).callback(&mut early);
        fit = if resume { fit.resume(&path) } else { fit.checkpoint(&path) };
        fit.run().unwrap()
    };
    let first = fit(2, false);
    let resumed = fit(4, true);
    assert_eq!((resumed.epochs.len(), resumed.warnings), (4, first.warnings));
}

/// Also a metric of the library can be no number: the area under the curve of a single class.
#[test]
fn early_stopping_on_the_area_under_the_curve_of_one_class_says_why_it_ends() {
    model! { Yes < Dense(1 => 1, sigmoid) > }
    let mut early = EarlyStopping::new("auc").patience(1);
    let mut trainer = Yes::zeros().compile(Sgd::new(0.1), BinaryCrossEntropy, (metrics::Auc::new(),));
    let fit = trainer.fit(&SAMPLES, &[true, true]).epochs(9).progress(false);
    let history = fit.callback(&mut early).run().unwrap();
    assert_eq!((history.epochs.len(), early.best_epoch()), (2, None));
    assert!(
        history.warnings[0].starts_with("EarlyStopping: `auc` is NaN in epoch 1"),
        "{:?}",
        history.warnings
    );
}

#[test]
fn the_best_epoch_of_a_checkpoint_without_a_best_score_is_none() {
    let restored = |best: f64| {
        let mut early = EarlyStopping::new("loss");
        // Checkpoints of earlier versions have the epoch of the weights here.
        let numbers = vec![("wait", 1.0), ("best", best), ("best_epoch", 1.0)];
        early.restore(State { numbers, ..State::default() });
        (early.best(), early.best_epoch())
    };
    assert_eq!(restored(f64::NAN), (None, None));
    assert_eq!(restored(0.5), (Some(0.5), Some(1)));
}

/// In a process of its own, whose output can be read.
#[test]
fn fit_shows_a_warning_once_among_the_lines_of_its_epochs() {
    const CHILD: &str = "TYPENET_TEST_SHOWS_A_WARNING";
    if std::env::var_os(CHILD).is_some() {
        let mut early = EarlyStopping::new("no_number_error").patience(10);
        let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (NoNumber(f64::NAN),));
        trainer.fit(&SAMPLES, &LABELS).epochs(3).callback(&mut early).run().unwrap();
        return;
    }
    let name = "fit_shows_a_warning_once_among_the_lines_of_its_epochs";
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    let output = program.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let has = |text: &str| lines.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        (has("/3  loss "), has("warning: EarlyStopping: `no_number_error` is NaN")),
        (3, 1),
        "{lines}"
    );
}
