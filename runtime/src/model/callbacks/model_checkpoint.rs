//! Saves the run or its weights.

use std::path::{Path, PathBuf};

use super::monitor::Monitor;
use super::path::Template;
use super::{Callback, Context, Mode, State, setting};
use crate::model::{EpochRecord, Error};

/// Saves a checkpoint of the run, or its weights alone: after every epoch, every few epochs or steps, or when a score is
/// the best so far.
///
/// `{epoch}` and `{step}` in the path become numbers, `{epoch:03}` with leading zeros; braces of the path itself are written twice,
/// `{{` and `}}`. Without numbers each file replaces the one before, whole or not at all. Missing folders are created. A run that is [interrupted](Context::interrupt) saves once more, except the best only.
/// [`Fit::resume`](crate::model::Fit::resume) goes on from a checkpoint; [`ModelExt::load`](crate::model::ModelExt::load) reads the
/// weights of either.
///
/// # Defaults
/// A whole checkpoint after every epoch; the score of [`save_best_only`](Self::save_best_only) has no threshold to begin
/// with, its mode is by its name (`keras.callbacks.ModelCheckpoint`, 3.15).
///
/// # Errors
/// Before the first step: [`Error::Template`], [`Error::Monitor`], [`Error::MonitorMode`], [`Error::CallbackSetting`],
/// [`Error::Save`] if no file can be written there. Later [`Error::Save`]; after the last epoch
/// [`Error::NoFiniteScore`].
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let place = |name: &str| folder.path().join(name);
/// let mut every_second = ModelCheckpoint::new(place("run-{epoch:04}.safetensors")).every_epochs(2);
/// let mut best = ModelCheckpoint::new(place("best.safetensors")).save_best_only("loss").save_weights_only(true);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(4).progress(false);
/// fit.callback(&mut every_second).callback(&mut best).run()?;
/// assert!(place("run-0002.safetensors").exists() && place("run-0004.safetensors").exists());
/// assert_eq!(Line::load(best.path())?.block(), trainer.block(), "the last epoch was the best");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ModelCheckpoint {
    path: Template,
    best_only: Option<Monitor>,
    mode: Mode,
    weights_only: bool,
    every: Every,
    threshold: Option<f64>,
    best: Option<f64>,
}

/// How often to save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Every {
    /// Epochs.
    Epochs(usize),
    /// Steps.
    Steps(u64),
}

impl Every {
    pub(super) fn check(self, callback: &'static str) -> Result<(), Error> {
        let (name, value) = match self {
            Self::Epochs(epochs) => ("every_epochs", epochs as f64),
            Self::Steps(steps) => ("every_steps", steps as f64),
        };
        setting(callback, name, value, value > 0.0, "at least 1")
    }

    pub(super) fn is_after_epoch(self, epoch: usize) -> bool {
        matches!(self, Self::Epochs(epochs) if epoch.is_multiple_of(epochs))
    }

    pub(super) fn is_after_step(self, step: u64) -> bool {
        matches!(self, Self::Steps(steps) if step.is_multiple_of(steps))
    }
}

const NAME: &str = "ModelCheckpoint";

impl ModelCheckpoint {
    /// Saves to this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Template::new(path),
            best_only: None,
            mode: Mode::Auto,
            weights_only: false,
            every: Every::Epochs(1),
            threshold: None,
            best: None,
        }
    }

    /// Saves after an epoch whose score is better than those of all epochs before. An epoch without the score, as one without
    /// validation, is passed over, and so is one whose score is NaN or infinite: the first becomes one of the
    /// [`History::warnings`](crate::model::History::warnings). If every score of a run is such, its result is
    /// [`Error::NoFiniteScore`], and the trainer holds the weights of the last epoch.
    ///
    /// ```
    /// use typenet::model::Error;
    /// use typenet::prelude::*;
    ///
    /// model! { Yes < Dense(1 => 1, sigmoid) > }
    ///
    /// let mut trainer = Yes::new(1).compile(Adam::new(0.1), BinaryCrossEntropy, (Auc::new(),));
    /// let mut best = ModelCheckpoint::new("best.safetensors").save_best_only("auc");
    /// // An area under the curve takes labels of both classes.
    /// let result = trainer.fit(&[[1.0], [2.0]], &[true, true]).callback(&mut best).progress(false).run();
    /// assert!(matches!(result, Err(Error::NoFiniteScore { epochs: 1, .. })));
    /// ```
    pub fn save_best_only(mut self, monitor: impl Into<String>) -> Self {
        self.best_only = Some(Monitor { mode: self.mode, ..Monitor::new(monitor) });
        self
    }

    /// Which way the score of [`save_best_only`](Self::save_best_only) gets better.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        if let Some(monitor) = &mut self.best_only {
            monitor.mode = mode;
        }
        self
    }

    /// What the first score of [`save_best_only`](Self::save_best_only) must beat (Keras's `initial_value_threshold`).
    ///
    /// ```
    /// use typenet::callbacks::Mode;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let best = ModelCheckpoint::new(folder.path().join("best.safetensors")).save_best_only("loss");
    /// let mut best = best.mode(Mode::Min).initial_value_threshold(1e-9);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut best).progress(false).run()?;
    /// assert!(!best.path().exists(), "no epoch was so good");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initial_value_threshold(mut self, threshold: f64) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Whether to save the weights without what is needed to go on.
    pub fn save_weights_only(mut self, weights_only: bool) -> Self {
        self.weights_only = weights_only;
        self
    }

    /// Saves after every so many epochs.
    pub fn every_epochs(mut self, epochs: usize) -> Self {
        self.every = Every::Epochs(epochs);
        self
    }

    /// Saves after every so many steps of the model, also in the middle of an epoch.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut saver = ModelCheckpoint::new(folder.path().join("step-{step}.safetensors")).every_steps(3);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).batch_size(1).epochs(2);
    /// fit.callback(&mut saver).progress(false).run()?;
    /// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "4 steps");
    /// assert!(folder.path().join("step-3.safetensors").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn every_steps(mut self, steps: u64) -> Self {
        self.every = Every::Steps(steps);
        self
    }

    /// The file; if its name has numbers, the path as it was given.
    pub fn path(&self) -> &Path {
        self.path.path()
    }

    fn save(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let path = self.path.now(context)?;
        if self.weights_only {
            return context.save_weights(path);
        }
        context.save_checkpoint(path);
        Ok(())
    }
}

impl Callback for ModelCheckpoint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.best = self.threshold;
        self.every.check(NAME)?;
        if let Some(monitor) = &self.best_only {
            let steps = if let Every::Steps(steps) = self.every { steps as f64 } else { 0.0 };
            setting(
                NAME,
                "every_steps",
                steps,
                steps == 0.0,
                "epochs, at whose end there are scores to save the best of",
            )?;
            monitor.check(NAME, context)?;
        } else if let Some(threshold) = self.threshold {
            let expected = "none without `save_best_only`, whose scores it is for";
            setting(NAME, "initial_value_threshold", threshold, false, expected)?;
        }
        self.path.check()
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        if let Some(monitor) = &self.best_only {
            let value = monitor.value(NAME, context, record)?;
            let Some(value) = value.filter(|&value| monitor.is_improvement(value, self.best)) else {
                return Ok(());
            };
            if !self.every.is_after_epoch(record.epoch) {
                return Ok(());
            }
            self.best = Some(value);
            return self.save(context);
        }
        if self.every.is_after_epoch(record.epoch) { self.save(context) } else { Ok(()) }
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, _: f64) -> Result<(), Error> {
        if self.every.is_after_step(context.step()) { self.save(context) } else { Ok(()) }
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let Some(monitor) = &self.best_only else { return Ok(()) };
        monitor.end(NAME, context);
        let epochs = monitor.values(context).count();
        // An interrupted run may still meet a finite score.
        if epochs == 0 || context.is_interrupted() || monitor.values(context).any(f64::is_finite) {
            return Ok(());
        }
        Err(Error::NoFiniteScore { callback: NAME, monitor: monitor.name.clone(), epochs })
    }

    fn on_interrupt(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.best_only.is_some() { Ok(()) } else { self.save(context) }
    }

    fn state(&self) -> Option<State<'_>> {
        self.best_only.as_ref()?;
        Some(State { numbers: vec![("best", self.best.unwrap_or(f64::NAN))], ..State::default() })
    }

    fn restore(&mut self, state: State<'_>) {
        self.best = state.get("best");
    }

    fn acts_within_epochs(&self) -> bool {
        matches!(self.every, Every::Steps(_)) && !self.weights_only
    }
}
