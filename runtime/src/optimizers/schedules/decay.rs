//! Rates that fall by a formula in the step.

use super::{AT_LEAST_ONE, NOT_NEGATIVE, Schedule, setters, settings};
use crate::kernels::lerp::lerp;

/// `initial·decay_rate^(step / decay_steps)`; with `staircase`, of the quotient rounded down.
///
/// As `keras.optimizers.schedules.ExponentialDecay`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{ExponentialDecay, Schedule};
/// let schedule = ExponentialDecay::new(0.5, 100, 0.25);
/// assert_eq!((schedule.rate(50), schedule.staircase(true).rate(50)), (0.25, 0.5));
/// ```
#[doc(alias = "ExponentialLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialDecay {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps in which the rate falls by `decay_rate`, at least 1.
    pub decay_steps: u64,
    /// Factor, at least 0.
    pub decay_rate: f64,
    /// Whether the rate falls in jumps; not by default.
    pub staircase: bool,
}

impl ExponentialDecay {
    /// Without jumps.
    pub fn new(initial: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self { initial, decay_steps, decay_rate, staircase: false }
    }
}

setters!(ExponentialDecay: /// Whether the rate falls in jumps.
staircase: bool);

/// `step / decay_steps`, rounded down for a staircase.
fn fraction(step: u64, decay_steps: u64, staircase: bool) -> f64 {
    let decay_steps = decay_steps.max(1);
    if staircase { (step / decay_steps) as f64 } else { step as f64 / decay_steps as f64 }
}

impl Schedule for ExponentialDecay {
    settings!(
        "ExponentialDecay", self:
        initial: self.initial => NOT_NEGATIVE;
        decay_steps: self.decay_steps as f64 => AT_LEAST_ONE;
        decay_rate: self.decay_rate => NOT_NEGATIVE;
    );

    fn rate(&self, step: u64) -> f64 {
        self.initial * libm::pow(self.decay_rate, fraction(step, self.decay_steps, self.staircase))
    }
}

/// `initial / (1 + decay_rate·step / decay_steps)`; with `staircase`, of the quotient rounded down.
///
/// As `keras.optimizers.schedules.InverseTimeDecay`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{InverseTimeDecay, Schedule};
/// let schedule = InverseTimeDecay::new(0.5, 100, 1.0);
/// assert_eq!([300, 399].map(|step| schedule.staircase(true).rate(step)), [0.125; 2]);
/// assert!(schedule.rate(399) < schedule.rate(300));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InverseTimeDecay {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps that count as one unit of time, at least 1.
    pub decay_steps: u64,
    /// How fast the rate falls, at least 0.
    pub decay_rate: f64,
    /// Whether the rate falls in jumps; not by default.
    pub staircase: bool,
}

impl InverseTimeDecay {
    /// Without jumps.
    pub fn new(initial: f64, decay_steps: u64, decay_rate: f64) -> Self {
        Self { initial, decay_steps, decay_rate, staircase: false }
    }
}

setters!(InverseTimeDecay: /// Whether the rate falls in jumps.
staircase: bool);

impl Schedule for InverseTimeDecay {
    settings!(
        "InverseTimeDecay", self:
        initial: self.initial => NOT_NEGATIVE;
        decay_steps: self.decay_steps as f64 => AT_LEAST_ONE;
        decay_rate: self.decay_rate => NOT_NEGATIVE;
    );

    fn rate(&self, step: u64) -> f64 {
        self.initial / (1.0 + self.decay_rate * fraction(step, self.decay_steps, self.staircase))
    }
}

/// `(initial − end)·(1 − step / decay_steps)^power + end`, and `end` from then on.
///
/// With `cycle` it goes on: `decay_steps` counts as often as it takes to reach the step, so the rate jumps up behind each
/// multiple of it. As `keras.optimizers.schedules.PolynomialDecay`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{PolynomialDecay, Schedule};
/// let schedule = PolynomialDecay::new(0.5, 100).end(0.25);
/// assert_eq!([0, 50, 100, 150].map(|step| schedule.rate(step)), [0.5, 0.375, 0.25, 0.25]);
/// assert_eq!(schedule.cycle(true).rate(150), 0.3125);
/// assert_eq!(schedule.power(2.0).rate(50), 0.25 * 0.5 * 0.5 + 0.25);
/// ```
#[doc(alias = "PolynomialLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolynomialDecay {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps until `end`, at least 1.
    pub decay_steps: u64,
    /// Rate at the end, at least 0; 0.0001 by default, as in Keras.
    pub end: f64,
    /// Exponent, at least 0; 1 by default, a straight line.
    pub power: f64,
    /// Whether the rate rises again behind the end; not by default.
    pub cycle: bool,
}

impl PolynomialDecay {
    /// A straight line to 0.0001.
    pub fn new(initial: f64, decay_steps: u64) -> Self {
        Self { initial, decay_steps, end: 0.0001, power: 1.0, cycle: false }
    }
}

setters!(PolynomialDecay:
    /// With another rate at the end.
    end: f64,
    /// With another exponent.
    power: f64,
    /// Whether the rate rises again behind the end.
    cycle: bool
);

impl Schedule for PolynomialDecay {
    settings!(
        "PolynomialDecay", self:
        initial: self.initial => NOT_NEGATIVE;
        decay_steps: self.decay_steps as f64 => AT_LEAST_ONE;
        end: self.end => NOT_NEGATIVE;
        power: self.power => NOT_NEGATIVE;
    );

    fn rate(&self, step: u64) -> f64 {
        let steps = self.decay_steps.max(1);
        let (step, steps) = if self.cycle {
            (step, steps.saturating_mul(step.div_ceil(steps).max(1)))
        } else {
            (step.min(steps), steps)
        };
        let left = 1.0 - step as f64 / steps as f64;
        lerp(self.end, self.initial, libm::pow(left, self.power))
    }
}
