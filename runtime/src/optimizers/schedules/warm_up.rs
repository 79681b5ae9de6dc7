//! A rate that rises before a schedule begins.

use super::{NOT_NEGATIVE, Schedule, SettingError, check};
use crate::kernels::lerp::lerp;

/// A straight line from `start` to the first rate of another schedule, which then begins.
///
/// ```text
/// rate = start + (then.rate(0) − start)·step / steps      step < steps
///        then.rate(step − steps)                          step ≥ steps
/// ```
///
/// In front of [`CosineDecay`](super::CosineDecay) it is Keras's `warmup_steps`, in front of any optax's `join_schedules`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{Constant, Schedule, WarmUp};
/// let schedule = WarmUp::new(4, Constant::new(1.0));
/// assert_eq!([0, 1, 3, 4, 9].map(|step| schedule.rate(step)), [0.0, 0.25, 0.75, 1.0, 1.0]);
/// assert_eq!([0, 2, 4].map(|step| schedule.start(0.5).rate(step)), [0.5, 0.75, 1.0]);
/// ```
///
/// # References
/// Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677, 2017, section 2.2.
#[doc(alias = "warmup_steps")]
#[doc(alias = "LinearLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUp<S> {
    /// Number of steps of the line.
    pub steps: u64,
    /// Rate of the first step, at least 0; 0 by default.
    pub start: f64,
    /// What follows.
    pub then: S,
}

impl<S: Schedule> WarmUp<S> {
    /// From zero in `steps` steps.
    pub fn new(steps: u64, then: S) -> Self {
        Self { steps, start: 0.0, then }
    }

    /// With another rate of the first step.
    #[must_use]
    pub fn start(self, start: f64) -> Self {
        Self { start, ..self }
    }
}

impl<S: Schedule> Schedule for WarmUp<S> {
    fn rate(&self, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(step) => self.then.rate(step),
            None => lerp(self.start, self.then.rate(0), step as f64 / self.steps as f64),
        }
    }

    fn describe(&self) -> String {
        format!("WarmUp {{ steps: {}, start: {:?}, then: {} }}", self.steps, self.start, self.then.describe())
    }

    fn validate(&self) -> Result<(), SettingError> {
        check("WarmUp", &[("start", self.start, NOT_NEGATIVE)])?;
        self.then.validate()
    }
}
