//! What a loss can be set to.

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
