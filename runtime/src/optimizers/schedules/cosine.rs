//! Rates that fall like half a cosine.

use core::f64::consts::PI;

use super::{AT_LEAST_ONE, NOT_NEGATIVE, SHARE, Schedule, setters, settings};

/// `initial·((1 − alpha)·½(1 + cos(π·step / decay_steps)) + alpha)`, and `initial·alpha` from then on.
///
/// As `keras.optimizers.schedules.CosineDecay`, whose warm-up is [`WarmUp`](super::WarmUp).
///
/// ```
/// use typenet_runtime::optimizers::schedules::{CosineDecay, Schedule};
/// assert_eq!([0, 1000, 2000].map(|step| CosineDecay::new(0.5, 1000).rate(step)), [0.5, 0.0, 0.0]);
/// assert_eq!(CosineDecay::new(0.5, 1000).alpha(0.5).rate(1000), 0.25);
/// ```
///
/// # References
/// Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.
#[doc(alias = "CosineAnnealingLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineDecay {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps until the end, at least 1.
    pub decay_steps: u64,
    /// Share of the rate that is left at the end, from 0 to 1; 0 by default.
    pub alpha: f64,
}

impl CosineDecay {
    /// Down to zero.
    pub fn new(initial: f64, decay_steps: u64) -> Self {
        Self { initial, decay_steps, alpha: 0.0 }
    }
}

setters!(CosineDecay: /// With something left at the end.
alpha: f64);

/// From 1 at 0 to `alpha` at 1.
fn half_cosine(fraction: f64, height: f64, alpha: f64) -> f64 {
    (1.0 - alpha) * (0.5 * height * (1.0 + libm::cos(PI * fraction))) + alpha
}

impl Schedule for CosineDecay {
    settings!(
        "CosineDecay", self:
        initial: self.initial => NOT_NEGATIVE;
        decay_steps: self.decay_steps as f64 => AT_LEAST_ONE;
        alpha: self.alpha => SHARE;
    );

    fn rate(&self, step: u64) -> f64 {
        let steps = self.decay_steps.max(1);
        self.initial * half_cosine(step.min(steps) as f64 / steps as f64, 1.0, self.alpha)
    }
}

/// [`CosineDecay`] again and again: period `i` takes `first_decay_steps·t_mulⁱ` steps, and its cosine begins at `m_mulⁱ`.
///
/// As `keras.optimizers.schedules.CosineDecayRestarts`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{CosineDecayRestarts, Schedule};
/// let schedule = CosineDecayRestarts::new(0.5, 100).m_mul(0.5);
/// assert_eq!([0, 100, 300, 700].map(|step| schedule.rate(step)), [0.5, 0.25, 0.125, 0.0625]);
///
/// // Periods of one length, each down to half the rate.
/// let schedule = CosineDecayRestarts::new(1.0, 100).t_mul(1.0).alpha(0.5);
/// assert_eq!([0, 50, 100, 150].map(|step| schedule.rate(step)), [1.0, 0.75, 1.0, 0.75]);
/// ```
///
/// # References
/// Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
#[doc(alias = "CosineAnnealingWarmRestarts")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineDecayRestarts {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps of the first period, at least 1.
    pub first_decay_steps: u64,
    /// How many times as long each period is as the one before, at least 1; 2 by default, as in Keras.
    pub t_mul: f64,
    /// How many times as high each period begins as the one before, at least 0; 1 by default.
    pub m_mul: f64,
    /// Share of `initial` that is left at the end of each period, from 0 to 1; 0 by default.
    pub alpha: f64,
}

impl CosineDecayRestarts {
    /// With periods that double.
    pub fn new(initial: f64, first_decay_steps: u64) -> Self {
        Self { initial, first_decay_steps, t_mul: 2.0, m_mul: 1.0, alpha: 0.0 }
    }
}

setters!(CosineDecayRestarts:
    /// With another growth of the periods.
    t_mul: f64,
    /// With another height of each period.
    m_mul: f64,
    /// With something left at the end of each period.
    alpha: f64
);

impl Schedule for CosineDecayRestarts {
    settings!(
        "CosineDecayRestarts", self:
        initial: self.initial => NOT_NEGATIVE;
        first_decay_steps: self.first_decay_steps as f64 => AT_LEAST_ONE;
        t_mul: self.t_mul => AT_LEAST_ONE;
        m_mul: self.m_mul => NOT_NEGATIVE;
        alpha: self.alpha => SHARE;
    );

    fn rate(&self, step: u64) -> f64 {
        // In first periods.
        let time = step as f64 / self.first_decay_steps.max(1) as f64;
        let (period, fraction) = if self.t_mul == 1.0 {
            (libm::floor(time), time - libm::floor(time))
        } else {
            let start = |period: f64| (libm::pow(self.t_mul, period) - 1.0) / (self.t_mul - 1.0);
            // The logarithm may round to the wrong side of a restart.
            let near = libm::floor(libm::log(1.0 + time * (self.t_mul - 1.0)) / libm::log(self.t_mul));
            let period = if start(near + 1.0) <= time {
                near + 1.0
            } else if start(near) > time {
                near - 1.0
            } else {
                near
            };
            (period, (time - start(period)) / libm::pow(self.t_mul, period))
        };
        self.initial * half_cosine(fraction, libm::pow(self.m_mul, period), self.alpha)
    }
}
