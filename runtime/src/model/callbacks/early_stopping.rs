//! Ends a run when a score stops getting better.

use std::borrow::Cow;

use super::monitor::Monitor;
use super::{Callback, Context, Mode, State, setting};
use crate::brief::brief_debug;
use crate::model::{EpochRecord, Error};

/// Ends the run when a score has not got better for `patience` epochs.
///
/// An epoch is better if its score beats the best so far by more than `min_delta`, and counts as progress if it beats
/// the `baseline` too. A score that is NaN or infinite is never better, and the first becomes one of the
/// [`History::warnings`](crate::model::History::warnings). An epoch without the score, as one without validation, does not count. The run ends after the first epoch but one at the earliest, as in
/// Keras.
///
/// # Defaults
/// Monitors `val_loss`; `min_delta` 0, `patience` 0, mode by the score's name, no baseline, weights stay, from the
/// first epoch on (`keras.callbacks.EarlyStopping`, 3.15).
///
/// # Errors
/// Before the first step: [`Error::Monitor`] names the scores that there are, [`Error::MonitorMode`] if a name does
/// not say which way is better, [`Error::CallbackSetting`].
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut early = EarlyStopping::new("loss").min_delta(0.1).patience(2).restore_best_weights(true);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut early);
/// let history = fit.progress(false).run()?;
/// assert_eq!((history.epochs.len(), early.best_epoch(), early.best()), (5, Some(3), Some(0.0791015625)));
/// assert!(history.stopped.is_some_and(|why| why.starts_with("loss has not got better than 0.0791015625")));
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[derive(Clone)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    baseline: Option<f64>,
    restore_best_weights: bool,
    start_from_epoch: usize,
    wait: usize,
    best: Option<f64>,
    best_epoch: Option<usize>,
    best_weights: Option<Vec<f32>>,
    /// The averaged weights at that time, if there were any.
    best_average: Option<Vec<f32>>,
}

brief_debug!(EarlyStopping { monitor, patience, baseline, restore_best_weights, start_from_epoch, wait, best, best_epoch, (best_weights) });

const NAME: &str = "EarlyStopping";

impl Default for EarlyStopping {
    fn default() -> Self {
        Self::new("val_loss")
    }
}

impl EarlyStopping {
    /// Watches the score of this name: `loss`, `val_loss`, `val_accuracy`, …
    pub fn new(monitor: impl Into<String>) -> Self {
        Self {
            monitor: Monitor::new(monitor),
            patience: 0,
            baseline: None,
            restore_best_weights: false,
            start_from_epoch: 0,
            wait: 0,
            best: None,
            best_epoch: None,
            best_weights: None,
            best_average: None,
        }
    }

    /// The least change that is an improvement.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// Number of epochs without progress after which the run ends.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Which way the score gets better.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// What the score must beat for an epoch to count as progress.
    ///
    /// ```
    /// use typenet::callbacks::Mode;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let early = EarlyStopping::new("loss").mode(Mode::Min).start_from_epoch(1);
    /// let mut early = early.min_delta(1.0).patience(2).baseline(0.001);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut early);
    /// let history = fit.progress(false).run()?;
    /// assert_eq!(history.epochs.len(), 3, "epoch 2 was the best, but no progress");
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn baseline(mut self, baseline: f64) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// Whether the model gets the weights of its best epoch when the run ends, however it ends but by an error, and the optimizer
    /// the averaged weights of that epoch if it keeps any. Keeps a copy of them. While no score is
    /// finite, the first epoch that was watched takes the place of the best, as in Keras.
    pub fn restore_best_weights(mut self, restore: bool) -> Self {
        self.restore_best_weights = restore;
        self
    }

    /// How many epochs pass before the score is watched.
    pub fn start_from_epoch(mut self, epochs: usize) -> Self {
        self.start_from_epoch = epochs;
        self
    }

    /// The best score of the run; `None` while there is no finite one.
    pub fn best(&self) -> Option<f64> {
        self.best
    }

    /// Number of the epoch of the best score, from 1; `None` where [`best`](Self::best) is.
    pub fn best_epoch(&self) -> Option<usize> {
        self.best_epoch
    }

    fn keep(&mut self, context: &Context<'_>) {
        if self.restore_best_weights {
            let weights = self.best_weights.get_or_insert_default();
            weights.clear();
            weights.extend_from_slice(context.weights());
            self.best_average = context.average().map(<[f32]>::to_vec);
        }
    }
}

impl Callback for EarlyStopping {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        (self.wait, self.best, self.best_epoch) = (0, None, None);
        (self.best_weights, self.best_average) = (None, None);
        if let Some(baseline) = self.baseline {
            setting(NAME, "baseline", baseline, baseline.is_finite(), "a finite number")?;
        }
        self.monitor.check(NAME, context)
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        let Some(value) = self.monitor.value(NAME, context, record)? else { return Ok(()) };
        if record.epoch <= self.start_from_epoch {
            return Ok(());
        }
        if self.restore_best_weights && self.best_weights.is_none() {
            self.keep(context);
        }
        self.wait += 1;
        if self.monitor.is_improvement(value, self.best) {
            (self.best, self.best_epoch) = (Some(value), Some(record.epoch));
            self.keep(context);
            if self.baseline.is_none_or(|baseline| self.monitor.is_improvement(value, Some(baseline))) {
                self.wait = 0;
            }
        } else if self.wait >= self.patience && record.epoch > 1 {
            let name = &self.monitor.name;
            context.stop(match self.best.zip(self.best_epoch) {
                Some((best, epoch)) => format!("{name} has not got better than {best} of epoch {epoch}"),
                None => format!("{name} has never been a finite number"),
            });
        }
        Ok(())
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(weights) = &self.best_weights {
            context.weights_mut().copy_from_slice(weights);
        }
        if let Some(average) = &self.best_average {
            context.set_average(average);
        }
        self.monitor.end(NAME, context);
        Ok(())
    }

    fn state(&self) -> Option<State<'_>> {
        let numbers = vec![
            ("wait", self.wait as f64),
            ("best", self.best.unwrap_or(f64::NAN)),
            ("best_epoch", self.best_epoch.map_or(f64::NAN, |epoch| epoch as f64)),
        ];
        Some(State {
            numbers,
            weights: self.best_weights.as_deref().map(Cow::Borrowed),
            average: self.best_average.as_deref().map(Cow::Borrowed),
        })
    }

    fn restore(&mut self, state: State<'_>) {
        self.wait = state.get("wait").unwrap_or(0.0) as usize;
        self.best = state.get("best");
        // Earlier versions had an epoch without a score here.
        self.best_epoch = self.best.and(state.get("best_epoch")).map(|epoch| epoch as usize);
        self.best_weights = state.weights.map(Cow::into_owned);
        self.best_average = state.average.map(Cow::into_owned);
    }
}
