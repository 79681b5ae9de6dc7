//! Sets the learning rate of each epoch.

use core::fmt;

use super::{Callback, Context};
use crate::model::Error;

/// Sets the learning rate at the beginning of each epoch to `schedule(epoch, learning_rate)`.
///
/// Epochs count from 1, as everywhere here; Keras's count from 0 (`keras.callbacks.LearningRateScheduler`, 3.15).
/// A schedule that changes the rate within an epoch belongs into the optimizer.
///
/// # Errors
/// [`Error::Optimizer`] if the rate is negative or not finite.
///
/// # Example
/// Two epochs at the first rate, then half of it in each:
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut scheduler = LearningRateScheduler::new(|epoch, rate| if epoch <= 2 { rate } else { 0.5 * rate });
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(4).callback(&mut scheduler);
/// let history = fit.progress(false).run()?;
/// let rates: Vec<f64> = history.epochs.iter().map(|record| record.learning_rate).collect();
/// assert_eq!(rates, [0.125, 0.125, 0.0625, 0.03125]);
/// # Ok::<(), typenet::model::Error>(())
/// ```
pub struct LearningRateScheduler<F> {
    schedule: F,
}

impl<F: FnMut(usize, f64) -> f64> LearningRateScheduler<F> {
    /// The rate as a function of the epoch's number, from 1, and of the present rate.
    pub fn new(schedule: F) -> Self {
        Self { schedule }
    }
}

impl<F> fmt::Debug for LearningRateScheduler<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LearningRateScheduler").finish_non_exhaustive()
    }
}

impl<F: FnMut(usize, f64) -> f64> Callback for LearningRateScheduler<F> {
    fn name(&self) -> &'static str {
        "LearningRateScheduler"
    }

    fn on_epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let rate = (self.schedule)(context.epoch(), context.learning_rate());
        context.set_learning_rate(rate)
    }
}
