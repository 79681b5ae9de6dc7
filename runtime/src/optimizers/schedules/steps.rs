//! Rates that stay for many steps, and then jump.

use super::{AT_LEAST_ONE, NOT_NEGATIVE, Schedule, SettingError, check, setters, settings};

/// The same rate at every step.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{Constant, Schedule};
/// assert_eq!(Constant::new(0.1).rate(1_000_000), 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// The rate, at least 0.
    pub rate: f64,
}

impl Constant {
    /// `rate` at every step.
    pub fn new(rate: f64) -> Self {
        Self { rate }
    }
}

impl Schedule for Constant {
    settings!("Constant", self: rate: self.rate => NOT_NEGATIVE;);

    fn rate(&self, _: u64) -> f64 {
        self.rate
    }
}

/// `initial·gamma^⌊step / step_size⌋`, PyTorch's `StepLR`.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{Schedule, StepDecay};
/// assert_eq!([0, 29, 30].map(|step| StepDecay::new(0.5, 30).gamma(0.5).rate(step)), [0.5, 0.5, 0.25]);
/// ```
#[doc(alias = "StepLR")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepDecay {
    /// Rate of the first step, at least 0.
    pub initial: f64,
    /// Steps between two jumps, at least 1.
    pub step_size: u64,
    /// Factor of a jump, at least 0; 0.1 by default, as in PyTorch.
    pub gamma: f64,
}

impl StepDecay {
    /// A tenth of the rate after every `step_size` steps.
    pub fn new(initial: f64, step_size: u64) -> Self {
        Self { initial, step_size, gamma: 0.1 }
    }
}

setters!(StepDecay: /// With another factor.
gamma: f64);

impl Schedule for StepDecay {
    settings!(
        "StepDecay", self:
        initial: self.initial => NOT_NEGATIVE;
        step_size: self.step_size as f64 => AT_LEAST_ONE;
        gamma: self.gamma => NOT_NEGATIVE;
    );

    fn rate(&self, step: u64) -> f64 {
        self.initial * libm::pow(self.gamma, (step / self.step_size.max(1)) as f64)
    }
}

/// One rate up to and with each boundary, and a last one behind them; as in Keras.
///
/// ```text
/// rate = values[0]      step ≤ boundaries[0]
///        values[i]      boundaries[i − 1] < step ≤ boundaries[i]
///        values[n]      boundaries[n − 1] < step
/// ```
///
/// ```
/// use typenet_runtime::optimizers::schedules::{PiecewiseConstant, Schedule};
/// let schedule = PiecewiseConstant::new([100, 200], [1.0, 0.5, 0.1]);
/// assert_eq!([0, 100, 101, 200, 201].map(|step| schedule.rate(step)), [1.0, 1.0, 0.5, 0.5, 0.1]);
/// ```
#[doc(alias = "PiecewiseConstantDecay")]
#[doc(alias = "MultiStepLR")]
#[derive(Debug, Clone, PartialEq)]
pub struct PiecewiseConstant {
    boundaries: Vec<u64>,
    values: Vec<f64>,
}

impl PiecewiseConstant {
    /// `values[i]` up to and with step `boundaries[i]`, which ascend; one value more than boundaries.
    pub fn new(boundaries: impl Into<Vec<u64>>, values: impl Into<Vec<f64>>) -> Self {
        Self { boundaries: boundaries.into(), values: values.into() }
    }
}

impl Schedule for PiecewiseConstant {
    fn rate(&self, step: u64) -> f64 {
        let place = self.boundaries.partition_point(|&boundary| boundary < step);
        self.values.get(place).or(self.values.last()).copied().unwrap_or_default()
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }

    fn validate(&self) -> Result<(), SettingError> {
        let error = |setting, expected: &'static str, found| {
            Err(SettingError { owner: "PiecewiseConstant", setting, expected: expected.into(), found })
        };
        if self.values.len() != self.boundaries.len() + 1 {
            return error("number of values", "one more than there are boundaries", self.values.len() as f64);
        }
        if let Some(pair) = self.boundaries.windows(2).find(|pair| pair[0] >= pair[1]) {
            return error("boundary", "boundaries in ascending order", pair[1] as f64);
        }
        self.values
            .iter()
            .try_for_each(|&value| check("PiecewiseConstant", &[("value", value, NOT_NEGATIVE)]))
    }
}
