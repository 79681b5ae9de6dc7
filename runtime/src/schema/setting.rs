//! Settings of losses, metrics, optimizers, schedules and callbacks: what they can be, and the error for what they cannot.

use std::borrow::Cow;

/// A setting that cannot be.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{Huber, Loss};
/// use typenet_runtime::optimizers::{Adam, Optimizer};
///
/// let error = Adam::new(0.001).beta_1(1.0).validate().unwrap_err();
/// assert_eq!(error.to_string(), "Adam: `beta_1` is 1, expected a number from 0 to below 1");
///
/// let loss = &Huber.delta(-1.0) as &dyn Loss<Linear, [f32; 1], f32>;
/// let error = loss.validate().unwrap_err();
/// assert_eq!((error.owner, error.setting, error.found), ("Huber", "delta", -1.0));
/// assert_eq!(error.expected, "a finite number above 0");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{owner}: `{setting}` is {found}, expected {expected}")]
pub struct SettingError {
    /// The type that has the setting: `Adam`.
    pub owner: &'static str,
    /// The setting's field.
    pub setting: &'static str,
    /// What it must be.
    pub expected: Cow<'static, str>,
    /// What it is.
    pub found: f64,
}

/// A condition on a setting, and how it reads.
pub(crate) type Condition = (fn(f64) -> bool, &'static str);

pub(crate) const NOT_NEGATIVE: Condition = (|x| x >= 0.0 && x.is_finite(), "a finite number not below 0");
pub(crate) const POSITIVE: Condition = (|x| x > 0.0 && x.is_finite(), "a finite number above 0");
pub(crate) const SHARE: Condition = (|x| (0.0..=1.0).contains(&x), "a number from 0 to 1");
pub(crate) const BELOW_ONE: Condition = (|x| (0.0..1.0).contains(&x), "a number from 0 to below 1");

/// The first of `settings` whose condition does not hold, as an error.
pub(crate) fn check(
    owner: &'static str,
    settings: &[(&'static str, f64, Condition)],
) -> Result<(), SettingError> {
    match settings.iter().find(|(_, value, (holds, _))| !holds(*value)) {
        None => Ok(()),
        Some(&(setting, found, (_, expected))) => {
            Err(SettingError { owner, setting, expected: expected.into(), found })
        }
    }
}
