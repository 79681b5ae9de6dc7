//! What a loss can be set to.

/// A setting that cannot be.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{Huber, Loss};
///
/// let loss = &Huber.delta(-1.0) as &dyn Loss<Linear, [f32; 1], f32>;
/// let error = loss.validate().unwrap_err();
/// assert_eq!(error.to_string(), "Huber: `delta` is -1, expected a finite number above 0");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{loss}: `{setting}` is {found}, expected {expected}")]
pub struct SettingError {
    /// The loss's type: `Huber`.
    pub loss: &'static str,
    /// The setting's field.
    pub setting: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What it is.
    pub found: f64,
}

/// A condition on a setting, and how it reads.
type Condition = (fn(f64) -> bool, &'static str);

pub(super) const NOT_NEGATIVE: Condition = (|x| x >= 0.0 && x.is_finite(), "a finite number not below 0");
pub(super) const POSITIVE: Condition = (|x| x > 0.0 && x.is_finite(), "a finite number above 0");
pub(super) const SHARE: Condition = (|x| (0.0..=1.0).contains(&x), "a number from 0 to 1");

/// The first of `settings` whose condition does not hold, as an error.
pub(super) fn check(
    loss: &'static str,
    settings: &[(&'static str, f64, Condition)],
) -> Result<(), SettingError> {
    match settings.iter().find(|(_, value, (holds, _))| !holds(*value)) {
        None => Ok(()),
        Some(&(setting, found, (_, expected))) => Err(SettingError { loss, setting, expected, found }),
    }
}

/// A loss with settings: the struct, a method for each setting, and a constant of the struct's name that holds the
/// defaults, so that `CategoricalCrossEntropy` and `CategoricalCrossEntropy.label_smoothing(0.1)` are both values.
macro_rules! with_settings {
    (
        $(#[$doc:meta])*
        pub struct $loss:ident { $($(#[$about:meta])* $setting:ident: $type:ty = $default:expr,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $loss {
            $($(#[$about])* pub $setting: $type,)+
        }

        #[doc = concat!("[`", stringify!($loss), "`](struct@", stringify!($loss), ") with its defaults.")]
        #[allow(non_upper_case_globals)]
        pub const $loss: $loss = $loss { $($setting: $default,)+ };

        impl Default for $loss {
            fn default() -> Self {
                $loss
            }
        }

        impl $loss {
            fn by_name(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($setting), f64::from(self.$setting)),)+]
            }

            $(
                $(#[$about])*
                #[must_use]
                pub const fn $setting(mut self, $setting: $type) -> Self {
                    self.$setting = $setting;
                    self
                }
            )+
        }
    };
}
pub(super) use with_settings;
