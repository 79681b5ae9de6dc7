//! How much of the targets' variation the predictions share: R² and Pearson's correlation.
//!
//! Means and squares are updated sample by sample in f64 (Welford 1962), so that large values with a small spread keep
//! their digits.

use super::Metric;
use crate::brief::brief_debug;
use crate::schema::FloatArray;
use crate::schema::label::FloatLabel;

/// Moments of one output's predictions `y` and targets `t`.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean_y: f64,
    mean_t: f64,
    /// `Σ (y − ȳ)²`
    squares_y: f64,
    /// `Σ (t − t̄)²`
    squares_t: f64,
    /// `Σ (y − ȳ)·(t − t̄)`
    products: f64,
    /// `Σ (y − t)²`
    residuals: f64,
}

/// Moments of every output.
#[derive(Clone, Default)]
struct Outputs {
    outputs: Vec<Moments>,
    samples: u64,
}

brief_debug!(Outputs { [outputs], samples });

impl Outputs {
    const fn new() -> Self {
        Self { outputs: Vec::new(), samples: 0 }
    }

    fn reset(&mut self) {
        self.outputs.fill(Moments::default());
        self.samples = 0;
    }

    fn update<Output: FloatArray>(&mut self, predictions: &[f32], targets: &[f32]) {
        assert_eq!(predictions.len(), targets.len(), "update: one label for each prediction");
        self.outputs.resize(Output::LEN, Moments::default());
        for (y, t) in predictions.chunks_exact(Output::LEN).zip(targets.chunks_exact(Output::LEN)) {
            self.samples += 1;
            for ((moments, &y), &t) in self.outputs.iter_mut().zip(y).zip(t) {
                let (y, t, n) = (f64::from(y), f64::from(t), self.samples as f64);
                let (from_y, from_t) = (y - moments.mean_y, t - moments.mean_t);
                moments.mean_y += from_y / n;
                moments.mean_t += from_t / n;
                moments.squares_y += from_y * (y - moments.mean_y);
                moments.squares_t += from_t * (t - moments.mean_t);
                moments.products += from_y * (t - moments.mean_t);
                moments.residuals += (y - t) * (y - t);
            }
        }
    }

    /// Mean over the outputs; NaN of fewer than two samples.
    fn mean(&self, score: impl Fn(&Moments) -> f64) -> f64 {
        if self.samples < 2 {
            return f64::NAN;
        }
        self.outputs.iter().map(score).sum::<f64>() / self.outputs.len() as f64
    }
}

macro_rules! moments_metric {
    ($(#[$doc:meta])* $metric:ident, $name:literal, |$moments:ident| $score:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            outputs: Outputs,
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
                Self { outputs: Outputs::new(), name: $name }
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
                self.outputs.reset();
            }

            fn update(&mut self, predictions: &[Output], labels: &[Label]) {
                self.outputs.update::<Output>(Output::values(predictions), Label::values(labels));
            }

            fn compute(&self) -> f64 {
                self.outputs.mean(|$moments| $score)
            }
        }
    };
}

moments_metric! {
    /// The coefficient of determination `1 − Σ(y − t)² / Σ(t − t̄)²`, and the mean over several outputs (Keras's and
    /// scikit-learn's `uniform_average`).
    ///
    /// Of targets that are all the same it is 1 if every prediction is right, else 0, as in scikit-learn. NaN of fewer
    /// than two samples.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{Metric, R2Score};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut R2Score::new();
    /// metric.update(&[[1.0], [2.0], [3.0]], &[1.0, 2.0, 4.0]);
    /// assert!((metric.compute() - (1.0 - 1.0 / (14.0 / 3.0))).abs() < 1e-12);
    /// ```
    R2Score, "r2_score",
    |moments| match (moments.residuals, moments.squares_t) {
        (0.0, 0.0) => 1.0,
        (residuals, 0.0) if !residuals.is_nan() => 0.0,
        (residuals, squares) => 1.0 - residuals / squares,
    }
}

moments_metric! {
    /// Pearson's correlation of predictions and targets over all samples, from −1 to 1, and the mean over several outputs.
    ///
    /// NaN if predictions or targets are all the same, and of fewer than two samples. `scipy.stats.pearsonr`; Keras's
    /// metric of this name correlates the outputs of one sample unless it is told `axis = 0`, and then the samples of one
    /// batch.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::metrics::{Metric, PearsonCorrelation};
    ///
    /// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut PearsonCorrelation::new().named("r");
    /// metric.update(&[[1.0], [2.0], [3.0]], &[-2.0, -4.0, -6.0]);
    /// assert!(metric.name() == "r" && (metric.compute() + 1.0).abs() < 1e-12);
    /// ```
    PearsonCorrelation, "pearson_correlation",
    |moments| (moments.products / (moments.squares_y.sqrt() * moments.squares_t.sqrt())).clamp(-1.0, 1.0)
}
