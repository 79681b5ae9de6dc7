//! Schedules: the step size as a function of the number of updates.
//!
//! A schedule remembers nothing, so a run that is resumed goes on with the same rates. Names and formulas are Keras's,
//! where it has them. Steps count from 0: step 0 is the first update.

mod cosine;
mod decay;
mod one_cycle;
mod steps;
mod warm_up;

pub use cosine::{CosineDecay, CosineDecayRestarts};
pub use decay::{ExponentialDecay, InverseTimeDecay, PolynomialDecay};
pub use one_cycle::OneCycle;
pub use steps::{Constant, PiecewiseConstant, StepDecay};
pub use warm_up::WarmUp;

use super::SettingError;
use crate::schema::setting::{Condition, NOT_NEGATIVE, SHARE, check};

/// The step size as a function of the number of updates.
///
/// A closure is one too. A checkpoint cannot tell one closure from another; it knows the others by their settings.
///
/// ```
/// use typenet_runtime::optimizers::schedules::{CosineDecay, Schedule, WarmUp};
///
/// let schedule = WarmUp::new(100, CosineDecay::new(0.1, 900));
/// assert_eq!([0, 50, 100, 1000, 5000].map(|step| schedule.rate(step)), [0.0, 0.05, 0.1, 0.0, 0.0]);
///
/// let closure = |step: u64| 0.1 / (1.0 + step as f64);
/// assert_eq!((closure.rate(1), closure.describe()), (0.05, "closure".to_owned()));
/// assert_eq!(CosineDecay::new(0.1, 0).validate().unwrap_err().setting, "decay_steps");
/// ```
#[doc(alias = "LearningRateSchedule")]
#[doc(alias = "LambdaLR")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a schedule",
    note = "a schedule is a type of `optimizers::schedules`, or a closure such as `|step: u64| 0.1 / (1.0 + step as f64)`"
)]
pub trait Schedule: Send + Sync {
    /// The step size of the update that `step` others come before.
    fn rate(&self, step: u64) -> f64;

    /// Name and settings, as a checkpoint knows them.
    fn describe(&self) -> String;

    /// Whether every setting can be.
    ///
    /// # Errors
    /// [`SettingError`] names the first that cannot.
    fn validate(&self) -> Result<(), SettingError>;
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for F {
    fn rate(&self, step: u64) -> f64 {
        self(step)
    }

    fn describe(&self) -> String {
        "closure".to_string()
    }

    fn validate(&self) -> Result<(), SettingError> {
        check("closure", &[("rate of step 0", self(0), NOT_NEGATIVE)])
    }
}

const AT_LEAST_ONE: Condition = (|x| x >= 1.0 && x.is_finite(), "a finite number not below 1");

/// `describe` and `validate` of a schedule, from the conditions of its settings.
macro_rules! settings {
    ($name:literal, $self:ident: $($setting:ident: $value:expr => $condition:expr;)*) => {
        fn describe(&$self) -> String {
            format!("{:?}", $self)
        }

        fn validate(&$self) -> Result<(), $crate::optimizers::SettingError> {
            $crate::optimizers::check($name, &[$((stringify!($setting), $value, $condition)),*])
        }
    };
}
use settings;

/// Changes one setting.
macro_rules! setters {
    ($schedule:ident: $($(#[$doc:meta])* $setting:ident: $value:ty),+) => {
        impl $schedule {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $setting(self, $setting: $value) -> Self {
                    Self { $setting, ..self }
                }
            )+
        }
    };
}
use setters;
