//! Ends a run at the step that made a number NaN or infinite.

use super::{Callback, Context, setting};
use crate::model::report::finite::cause;
use crate::model::{EpochRecord, Error};

/// Ends the run with an error at the step whose update made a weight, or a number of the optimizer's state, NaN or
/// infinite; the error names step, tensor and value.
///
/// `fit` needs no help to stop at a loss that is not finite, and looks at all numbers after each epoch. This looks at them
/// after each step: one more pass over model and optimizer state, for runs whose culprit is looked for. It sees what
/// those miss until the end of the epoch: numbers that have no part in the loss any more, such as weights behind a relu that
/// is never positive, or a moment whose overflow has stopped its weight. Gradients are seen through what the update
/// makes of them: where an optimizer limits them before, they leave no trace, and do no harm.
///
/// # Defaults
/// After every step (`keras.callbacks.TerminateOnNaN` looks at the loss after every batch).
///
/// # Errors
/// [`Error::NonFiniteLoss`], [`Error::NonFiniteWeights`]; [`Error::CallbackSetting`] before the first step.
///
/// # Example
/// ```
/// use typenet::callbacks::TerminateOnNan;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut terminate = TerminateOnNan::new();
/// let mut trainer = Line::zeros().compile(Sgd::new(1e38), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).shuffle(false).batch_size(1);
/// let error = fit.callback(&mut terminate).progress(false).run().unwrap_err();
/// assert!(error.to_string().contains("value 0 of `dense_1.weight` is inf since step 1 of epoch 1"), "{error}");
/// ```
#[doc(alias = "TerminateOnNaN")]
#[derive(Debug, Clone)]
pub struct TerminateOnNan {
    every_steps: u64,
}

const NAME: &str = "TerminateOnNan";

impl Default for TerminateOnNan {
    fn default() -> Self {
        Self::new()
    }
}

impl TerminateOnNan {
    /// Looks after every step.
    pub fn new() -> Self {
        Self { every_steps: 1 }
    }

    /// Looks at the numbers after every so many steps, and after every epoch.
    ///
    /// ```
    /// use typenet::callbacks::TerminateOnNan;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut never = TerminateOnNan::new().every_steps(0);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut never);
    /// let error = fit.progress(false).run().unwrap_err();
    /// assert_eq!(error.to_string(), "TerminateOnNan: `every_steps` is 0, expected at least 1");
    /// ```
    pub fn every_steps(mut self, steps: u64) -> Self {
        self.every_steps = steps;
        self
    }
}

/// Looks at all numbers. The last look was at the last multiple of `every` before this step, or later.
fn check(context: &Context<'_>, every: u64) -> Result<(), Error> {
    match context.find_non_finite() {
        None => Ok(()),
        Some(found) => {
            let (epoch, step) = (context.epoch(), context.step());
            let before = step.saturating_sub(1) / every * every;
            Err(Error::NonFiniteWeights { epoch, since: before + 1, step, found })
        }
    }
}

impl Callback for TerminateOnNan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        setting(NAME, "every_steps", self.every_steps as f64, self.every_steps > 0, "at least 1")
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, loss: f64) -> Result<(), Error> {
        if !loss.is_finite() {
            let cause = cause(context.layers(), context.weights());
            return Err(Error::NonFiniteLoss { epoch: context.epoch(), step: context.step(), loss, cause });
        }
        if context.step().is_multiple_of(self.every_steps) {
            check(context, self.every_steps)
        } else {
            Ok(())
        }
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, _: &EpochRecord) -> Result<(), Error> {
        check(context, self.every_steps)
    }
}
