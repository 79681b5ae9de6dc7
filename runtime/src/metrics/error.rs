//! Distances between predicted and true numbers.

use super::{Mean, Metric};
use crate::tensor::FloatArray;
use crate::tensor::label::FloatLabel;

macro_rules! error {
    ($(#[$doc:meta])* $metric:ident, $name:literal, $distance:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $metric(Mean);

        impl $metric {
            /// Over no samples yet.
            pub const fn new() -> Self {
                Self(Mean::new())
            }
        }

        impl<Head, Output: FloatArray, Label: FloatLabel<Output>> Metric<Head, Output, Label> for $metric {
            fn name(&self) -> &'static str {
                $name
            }

            fn reset(&mut self) {
                *self = Self::new();
            }

            fn update(&mut self, predictions: &[Output], labels: &[Label]) {
                let (y, t) = (Output::values(predictions), Label::values(labels));
                assert_eq!(y.len(), t.len(), "update: one label for each prediction");
                let distance: fn(f64) -> f64 = $distance;
                let distances = y.iter().zip(t).map(|(&y, &t)| distance(f64::from(y) - f64::from(t)));
                self.0.add(distances.sum(), y.len());
            }

            fn compute(&self) -> f64 {
                self.0.value()
            }
        }
    };
}

error! {
    /// Mean of `|y − t|` over all values.
    MeanAbsoluteError, "mean_absolute_error", f64::abs
}
error! {
    /// Mean of `(y − t)²` over all values.
    MeanSquaredError, "mean_squared_error", |error| error * error
}
