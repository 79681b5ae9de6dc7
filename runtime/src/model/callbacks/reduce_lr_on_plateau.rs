//! Lowers the learning rate when a score stops getting better.

use super::monitor::Monitor;
use super::{Callback, Context, Mode, State, setting};
use crate::model::{EpochRecord, Error};

/// Lowers the learning rate when a score has not got better for `patience` epochs:
/// `learning_rate = max(factor · learning_rate, min_lr)`, after which `cooldown` epochs pass before it counts again.
///
/// An epoch is better if its score beats the best so far by more than `min_delta`; one that is NaN or infinite is never better,
/// and the first becomes one of the [`History::warnings`](crate::model::History::warnings). An epoch without the score, as one without
/// validation, does not count.
///
/// # Defaults
/// Monitors `val_loss`; `factor` 0.1, `patience` 10, mode by the score's name, `min_delta` 1e-4, `cooldown` 0, `min_lr` 0
/// (`keras.callbacks.ReduceLROnPlateau`, 3.15).
///
/// # Errors
/// Before the first step: [`Error::Monitor`] names the scores that there are, [`Error::MonitorMode`],
/// [`Error::CallbackSetting`] for a factor that is not between 0 and 1.
///
/// # Example
/// ```
/// use typenet::callbacks::Mode;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let plateau = ReduceLrOnPlateau::new("loss").mode(Mode::Min).min_delta(0.1).patience(2);
/// let mut plateau = plateau.factor(0.5).cooldown(2).min_lr(1e-5);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(7).callback(&mut plateau);
/// let history = fit.progress(false).run()?;
/// let rates: Vec<f64> = history.epochs.iter().map(|record| record.learning_rate).collect();
/// assert_eq!(rates, [0.125, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625]);
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[doc(alias = "ReduceLROnPlateau")]
#[derive(Debug, Clone)]
pub struct ReduceLrOnPlateau {
    monitor: Monitor,
    factor: f64,
    patience: usize,
    cooldown: usize,
    min_lr: f64,
    wait: usize,
    cooling: usize,
    best: Option<f64>,
}

const NAME: &str = "ReduceLrOnPlateau";

impl Default for ReduceLrOnPlateau {
    fn default() -> Self {
        Self::new("val_loss")
    }
}

impl ReduceLrOnPlateau {
    /// Watches the score of this name: `loss`, `val_loss`, `val_accuracy`, …
    pub fn new(monitor: impl Into<String>) -> Self {
        Self {
            monitor: Monitor { min_delta: 1e-4, ..Monitor::new(monitor) },
            factor: 0.1,
            patience: 10,
            cooldown: 0,
            min_lr: 0.0,
            wait: 0,
            cooling: 0,
            best: None,
        }
    }

    /// What the learning rate is multiplied by.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Number of epochs without an improvement after which the learning rate is lowered.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.patience = epochs;
        self
    }

    /// Which way the score gets better.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.monitor.mode = mode;
        self
    }

    /// The least change that is an improvement.
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.monitor.min_delta = min_delta;
        self
    }

    /// Number of epochs that pass before it counts again.
    pub fn cooldown(mut self, epochs: usize) -> Self {
        self.cooldown = epochs;
        self
    }

    /// The smallest learning rate.
    pub fn min_lr(mut self, min_lr: f64) -> Self {
        self.min_lr = min_lr;
        self
    }
}

impl Callback for ReduceLrOnPlateau {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        (self.wait, self.cooling, self.best) = (0, 0, None);
        context.check_rate_is_free()?;
        let factor = self.factor;
        setting(NAME, "factor", factor, factor > 0.0 && factor < 1.0, "a number above 0 and below 1")?;
        let is_rate = self.min_lr >= 0.0 && self.min_lr.is_finite();
        setting(NAME, "min_lr", self.min_lr, is_rate, "a finite number not below 0")?;
        self.monitor.check(NAME, context)
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        let Some(value) = self.monitor.value(NAME, context, record)? else { return Ok(()) };
        if self.cooling > 0 {
            self.cooling -= 1;
            self.wait = 0;
        }
        if self.monitor.is_improvement(value, self.best) {
            (self.best, self.wait) = (Some(value), 0);
        } else if self.cooling == 0 {
            self.wait += 1;
            let rate = context.learning_rate();
            if self.wait >= self.patience && rate > self.min_lr {
                context.set_learning_rate((rate * self.factor).max(self.min_lr))?;
                (self.cooling, self.wait) = (self.cooldown, 0);
            }
        }
        Ok(())
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.monitor.end(NAME, context);
        Ok(())
    }

    fn state(&self) -> Option<State<'_>> {
        let numbers = vec![
            ("wait", self.wait as f64),
            ("cooldown", self.cooling as f64),
            ("best", self.best.unwrap_or(f64::NAN)),
        ];
        Some(State { numbers, ..State::default() })
    }

    fn restore(&mut self, state: State<'_>) {
        self.wait = state.get("wait").unwrap_or(0.0) as usize;
        self.cooling = state.get("cooldown").unwrap_or(0.0) as usize;
        self.best = state.get("best");
    }
}
