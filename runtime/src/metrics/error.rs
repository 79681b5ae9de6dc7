//! Distances between predicted and true numbers.

use super::{Mean, Metric};
use crate::schema::FloatArray;
use crate::schema::label::FloatLabel;

/// What Keras keeps denominators away from zero by (`keras.config.epsilon()`).
const EPSILON: f64 = 1e-7;

macro_rules! error {
    ($(#[$doc:meta])* $metric:ident, $name:literal, |$y:ident, $t:ident| $distance:expr, |$mean:ident| $value:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            mean: Mean,
            name: &'static str,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $metric {
            /// Over no samples yet.
            pub const fn new() -> Self {
                Self { mean: Mean::new(), name: $name }
            }

            /// With another name in the history.
            #[must_use]
            pub fn named(self, name: &'static str) -> Self {
                Self { name, ..self }
            }
        }

        impl<Head, Output: FloatArray, Label: FloatLabel<Output>> Metric<Head, Output, Label> for $metric {
            fn name(&self) -> &'static str {
                self.name
            }

            fn reset(&mut self) {
                self.mean = Mean::new();
            }

            fn update(&mut self, predictions: &[Output], labels: &[Label]) {
                let (y, t) = (Output::values(predictions), Label::values(labels));
                assert_eq!(y.len(), t.len(), "update: one label for each prediction");
                let distance = |$y: f64, $t: f64| $distance;
                let distances = y.iter().zip(t).map(|(&y, &t)| distance(f64::from(y), f64::from(t)));
                self.mean.add(distances.sum(), y.len());
            }

            fn compute(&self) -> f64 {
                let $mean = self.mean.value();
                $value
            }
        }
    };
}

error! {
    /// Mean of `|y − t|` over all values.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{MeanAbsoluteError, Metric};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut MeanAbsoluteError::new().named("mae");
    /// metric.update(&[[1.0], [3.0]], &[2.0, 1.0]);
    /// assert_eq!((metric.name(), metric.compute()), ("mae", 1.5));
    /// ```
    MeanAbsoluteError, "mean_absolute_error", |y, t| (y - t).abs(), |mean| mean
}
error! {
    /// Mean of `(y − t)²` over all values.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{MeanSquaredError, Metric};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut MeanSquaredError::new();
    /// // Three samples in two batches count alike.
    /// metric.update(&[[1.0], [3.0]], &[2.0, 1.0]);
    /// metric.update(&[[5.0]], &[1.0]);
    /// assert_eq!(metric.compute(), (1.0 + 4.0 + 16.0) / 3.0);
    /// ```
    MeanSquaredError, "mean_squared_error", |y, t| (y - t) * (y - t), |mean| mean
}
error! {
    /// Square root of the mean of `(y − t)²` over all values.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{Metric, RootMeanSquaredError};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 2], [f32; 2]> = &mut RootMeanSquaredError::new();
    /// metric.update(&[[1.0, 1.0], [2.0, 4.0]], &[[0.0, 0.0], [1.0, 1.0]]);
    /// assert_eq!(metric.compute(), 3.0f64.sqrt());
    /// ```
    RootMeanSquaredError, "root_mean_squared_error", |y, t| (y - t) * (y - t), |mean| mean.sqrt()
}
error! {
    /// Mean of `100·|y − t| / max(|t|, ε)` over all values; ε = 1e-7 (Keras).
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{MeanAbsolutePercentageError, Metric};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut MeanAbsolutePercentageError::new();
    /// metric.update(&[[90.0]], &[100.0]);
    /// assert_eq!(metric.compute(), 10.0);
    /// ```
    MeanAbsolutePercentageError, "mean_absolute_percentage_error",
    |y, t| 100.0 * (y - t).abs() / t.abs().max(EPSILON), |mean| mean
}
