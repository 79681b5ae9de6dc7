//! What the files of optimizers have in common, written by macros.

/// `new`, a setter for each other setting, `Display`, and the [`Options`] of an optimizer.
macro_rules! builder {
    ($optimizer:ident: $($setting:ident)*) => {
        impl $optimizer {
            /// With the other settings at their defaults.
            pub fn new(learning_rate: f64) -> Self {
                Self { learning_rate, ..Self::default() }
            }

            $(
                #[doc = concat!("With another `", stringify!($setting), "`.")]
                #[must_use]
                pub fn $setting(self, $setting: f64) -> Self {
                    Self { $setting, ..self }
                }
            )*
        }

        impl core::fmt::Display for $optimizer {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::optimizers::display(self, f)
            }
        }

        impl $crate::optimizers::OptimizerExt for $optimizer {}
    };
}
pub(super) use builder;

/// The part of [`Optimizer`] that follows from an optimizer's settings: its name, its flags, and each setting but the step
/// size with its condition.
macro_rules! settings {
    ($name:literal $(, $flag:ident)* $(; $setting:ident: $condition:expr)* $(;)?) => {
        fn name(&self) -> &'static str {
            $name
        }

        fn settings(&self) -> Vec<(&'static str, f64)> {
            vec![
                ("learning_rate", self.learning_rate),
                $((stringify!($setting), self.$setting),)*
                $((stringify!($flag), f64::from(u8::from(self.$flag))),)*
            ]
        }

        fn validate(&self) -> Result<(), $crate::optimizers::SettingError> {
            let settings = [
                ("learning_rate", self.learning_rate, $crate::optimizers::NOT_NEGATIVE),
                $((stringify!($setting), self.$setting, $condition),)*
            ];
            $crate::optimizers::check($name, &settings)
        }

        fn learning_rate(&self) -> f64 {
            self.learning_rate
        }

        fn set_learning_rate(&mut self, learning_rate: f64) {
            self.learning_rate = learning_rate;
        }
    };
}
pub(super) use settings;

/// [`Optimizer::update_tensors`] and [`Optimizer::elementwise`] of an optimizer that is [`Elementwise`].
macro_rules! elementwise {
    () => {
        fn update_tensors(
            &self,
            turn: &$crate::optimizers::Turn,
            tensors: &[core::ops::Range<usize>],
            parameters: &mut [f32],
            gradients: &[f32],
            slots: &mut [&mut [f32]],
        ) {
            $crate::optimizers::update_runs(self, turn, tensors, parameters, gradients, slots);
        }

        fn elementwise(&self) -> Option<&dyn $crate::optimizers::Elementwise> {
            Some(self)
        }
    };
}
pub(super) use elementwise;
