//! Categorical cross-entropy and the Kullback-Leibler divergence: one of `N` classes.

use super::from_probabilities::surprises;
use super::settings::with_settings;
use super::{
    LabelError, Loss, OfPredictions, SettingError, assert_lengths, clear_unweighted, weight, weighted,
};
use crate::kernels::Activation;
use crate::kernels::activation::{Linear, LogSoftmax, Softmax};
use crate::kernels::cross_entropy::{Target, categorical_smoothed, categorical_smoothed_gradient};
use crate::kernels::function::{Function, Map};
use crate::kernels::softmax::SoftmaxRows;
use crate::schema::label::CategoricalLabel;
use crate::schema::setting::{SHARE, check};

with_settings! {
    /// `−Σᵢ tᵢ·log pᵢ` with `p = softmax(logits)`, for models that end in `softmax` or `log_softmax`.
    ///
    /// Computed from the logits as `Σᵢ tᵢ·(log Σⱼ eᶻʲ − zᵢ)`. Gradient by the logits: `(p·Σt − t) / batch`.
    ///
    /// Labels are class numbers, or `[f32; N]` with the probability of each class.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::losses::{CategoricalCrossEntropy, Loss};
    ///
    /// let loss = &CategoricalCrossEntropy.label_smoothing(0.5) as &dyn Loss<Softmax, [f32; 2], u8>;
    /// let mut gradient = [0.0; 2];
    /// loss.evaluate(&[0], None, &mut [0.0, 0.0], Some(&mut gradient));
    /// assert_eq!(gradient, [-0.25, 0.25]);
    /// ```
    #[doc(alias = "SparseCategoricalCrossentropy")]
    #[doc(alias = "NLLLoss")]
    pub struct CategoricalCrossEntropy {
        /// Share `s` from 0 to 1 that targets are moved towards equal probabilities: `(1 − s)·t + s/N`; 0 by default, as in
        /// Keras (Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016).
        label_smoothing: f64 = 0.0,
    }
}

with_settings! {
    /// [`CategoricalCrossEntropy`](struct@CategoricalCrossEntropy) for models that end in no activation and predict
    /// logits.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{CategoricalCrossEntropyWithLogits, Loss};
    ///
    /// let loss = &CategoricalCrossEntropyWithLogits as &dyn Loss<Linear, [f32; 2], u8>;
    /// let mut logits = [200.0, 0.0];
    /// assert!((loss.evaluate(&[1], None, &mut logits, None) - 200.0).abs() < 1e-4);
    /// assert_eq!(logits, [200.0, 0.0]);
    ///
    /// let smoothed = &CategoricalCrossEntropyWithLogits.label_smoothing(0.5) as &dyn Loss<Linear, [f32; 2], u8>;
    /// assert!((smoothed.evaluate(&[1], None, &mut logits, None) - 0.75 * 200.0).abs() < 1e-4);
    /// ```
    #[doc(alias = "SparseCategoricalCrossentropy")]
    #[doc(alias = "CrossEntropyLoss")]
    pub struct CategoricalCrossEntropyWithLogits {
        /// As in [`CategoricalCrossEntropy`](struct@CategoricalCrossEntropy).
        label_smoothing: f64 = 0.0,
    }
}

/// `Σᵢ tᵢ·log(tᵢ / pᵢ)` with `p = softmax(logits)`, for models that end in `softmax` or `log_softmax`: the cross-entropy
/// less what no prediction can save.
///
/// Computed from the logits, as PyTorch does after `log_softmax`; Keras clips `p` at 1e-7. Gradient by the logits:
/// `(p·Σt − t) / batch`.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::losses::{KlDivergence, Loss};
///
/// let loss = &KlDivergence as &dyn Loss<Softmax, [f32; 2], [f32; 2]>;
/// assert!(loss.evaluate(&[[0.5, 0.5]], None, &mut [1.0, 1.0], None).abs() < 1e-6);
/// ```
///
/// # References
/// Kullback & Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22, 1951.
#[doc(alias = "KLDivergence")]
#[doc(alias = "KLDivLoss")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KlDivergence;

macro_rules! categorical {
    ($loss:ident, $head:ident, $name:literal) => {
        impl<const N: usize, Label: CategoricalLabel<N>> Loss<$head, [f32; N], Label> for $loss {
            fn name(&self) -> &'static str {
                $name
            }

            fn settings(&self) -> Vec<(&'static str, f64)> {
                self.by_name()
            }

            fn validate(&self) -> Result<(), SettingError> {
                check(stringify!($loss), &[("label_smoothing", self.smoothing(), SHARE)])
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
            }

            fn evaluate(
                &self,
                labels: &[Label],
                weights: Option<&[f32]>,
                logits: &mut [f32],
                gradient: Option<&mut [f32]>,
            ) -> f64 {
                let value = |target: Target<'_>, row: &[f32]| {
                    categorical_smoothed(target, self.smoothing(), row) - Self::saved(target)
                };
                let slopes = |target: Target<'_>, scale: f32, row: &mut [f32]| {
                    categorical_smoothed_gradient(target, self.smoothing(), scale, row);
                };
                evaluate($head::FUNCTION, labels, weights, logits, gradient, value, slopes)
            }
        }

        impl<const N: usize, Label: CategoricalLabel<N>> OfPredictions<$head, [f32; N], Label> for $loss {
            fn of_predictions(&self, labels: &[Label], predictions: &[[f32; N]]) -> f64 {
                let loss = |(label, row): (&Label, &[f32; N])| {
                    let target = label.target();
                    let cross = match $head::FUNCTION {
                        Function::Linear => categorical_smoothed(target, self.smoothing(), row),
                        head => {
                            let surprise = surprises(head, row);
                            let term = |i| match target.smoothed(self.smoothing(), N, i) {
                                // An impossible class costs nothing, also where its logarithm is −∞.
                                0.0 if surprise(i) == f64::INFINITY => 0.0,
                                t => t * surprise(i),
                            };
                            (0..N).map(term).sum()
                        }
                    };
                    cross - Self::saved(target)
                };
                labels.iter().zip(predictions).map(loss).sum()
            }
        }
    };
}
categorical!(CategoricalCrossEntropy, Softmax, "categorical_crossentropy");
categorical!(CategoricalCrossEntropy, LogSoftmax, "categorical_crossentropy");
categorical!(CategoricalCrossEntropyWithLogits, Linear, "categorical_crossentropy");
categorical!(KlDivergence, Softmax, "kl_divergence");
categorical!(KlDivergence, LogSoftmax, "kl_divergence");

macro_rules! smoothed {
    ($($loss:ident)+) => {
        $(impl $loss {
            fn smoothing(&self) -> f64 {
                self.label_smoothing
            }

            /// What is taken from the cross-entropy.
            fn saved(_: Target<'_>) -> f64 {
                0.0
            }
        })+
    };
}
smoothed!(CategoricalCrossEntropy CategoricalCrossEntropyWithLogits);

impl KlDivergence {
    fn by_name(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    fn smoothing(&self) -> f64 {
        0.0
    }

    fn saved(target: Target<'_>) -> f64 {
        entropy(target)
    }
}

/// `−Σᵢ tᵢ·log tᵢ`
fn entropy(target: Target<'_>) -> f64 {
    match target {
        Target::Class(_) => 0.0,
        Target::Distribution(t) => {
            let terms = t.iter().map(|&t| f64::from(t)).filter(|&t| t > 0.0);
            -terms.map(|t| t * t.ln()).sum::<f64>()
        }
    }
}

/// `value` is a sample's loss from its logits; `slopes(target, scale, p)` replaces probabilities by `scale` times the
/// derivatives by the logits.
fn evaluate<const N: usize, Label: CategoricalLabel<N>>(
    head: Function,
    labels: &[Label],
    weights: Option<&[f32]>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
    value: impl Fn(Target<'_>, &[f32]) -> f64,
    slopes: impl Fn(Target<'_>, f32, &mut [f32]),
) -> f64 {
    assert_lengths(labels.len(), N, weights, logits, gradient.as_deref());
    let losses = labels.iter().zip(logits.chunks_exact(N)).enumerate();
    let loss =
        losses.map(|(sample, (label, row))| weighted(weights, sample, value(label.target(), row))).sum();
    if let Some(gradient) = gradient {
        gradient.copy_from_slice(logits);
        f32::softmax_rows(N, gradient);
        for (sample, (label, row)) in labels.iter().zip(gradient.chunks_exact_mut(N)).enumerate() {
            let scale = (weight(weights, sample) / labels.len() as f64) as f32;
            slopes(label.target(), scale, row);
        }
        clear_unweighted(weights, N, gradient);
    }
    f32::map(head, N, logits);
    loss
}
