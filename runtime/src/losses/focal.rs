//! Focal cross-entropies: what is predicted well already counts less.

use super::binary::smoothed;
use super::from_probabilities::{clip, surprise, surprises};
use super::settings::with_settings;
use super::{
    LabelError, Loss, OfPredictions, SettingError, assert_lengths, clear_unweighted, weight, weighted,
};
use crate::kernels::Activation;
use crate::kernels::activation::{Linear, LogSoftmax, Sigmoid, Softmax};
use crate::kernels::focal::{BinaryFocus, CategoricalFocus};
use crate::kernels::function::{Function, Map};
use crate::schema::FloatArray;
use crate::schema::label::{BinaryLabel, CategoricalLabel};
use crate::schema::setting::{NOT_NEGATIVE, SHARE, check};

with_settings! {
    /// Mean of `w·(1 − pₜ)ᵞ·(−t·log p − (1 − t)·log(1 − p))` over the values of a sample, with `p = sigmoid(logits)` and
    /// `pₜ = t·p + (1 − t)·(1 − p)`, for models that end in `sigmoid`; computed from the logits.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::losses::{BinaryFocalCrossEntropy, Loss};
    ///
    /// let loss = &BinaryFocalCrossEntropy.gamma(1.0) as &dyn Loss<Sigmoid, [f32; 1], bool>;
    /// let sum = loss.evaluate(&[true], None, &mut [0.0], None);
    /// assert!((sum - 0.5 * 2.0f64.ln()).abs() < 1e-12);
    ///
    /// let focal = BinaryFocalCrossEntropy.alpha(0.75).apply_class_balancing(true).label_smoothing(0.5);
    /// let loss = &focal as &dyn Loss<Sigmoid, [f32; 1], bool>;
    /// // t = ¾, so w = ¾·¾ + ¼·¼; p = ½.
    /// let sum = loss.evaluate(&[true], None, &mut [0.0], None);
    /// assert!((sum - 0.625 * 0.25 * 2.0f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # References
    /// Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection", ICCV 2017.
    pub struct BinaryFocalCrossEntropy {
        /// γ, at least 0: how much less a good prediction counts; 2 by default, as in Keras and the paper.
        gamma: f64 = 2.0,
        /// α from 0 to 1: with class balancing, yes counts α and no `1 − α`; 0.25 by default, as in Keras and the paper.
        alpha: f64 = 0.25,
        /// Whether `w` is `t·α + (1 − t)·(1 − α)` instead of 1; not by default, as in Keras.
        apply_class_balancing: bool = false,
        /// Share `s` from 0 to 1 that each target is moved towards ½: `(1 − s)·t + s/2`; 0 by default, as in Keras.
        label_smoothing: f64 = 0.0,
    }
}

with_settings! {
    /// [`BinaryFocalCrossEntropy`](struct@BinaryFocalCrossEntropy) for models that end in no activation and predict
    /// logits.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{BinaryFocalCrossEntropyWithLogits, Loss};
    ///
    /// let focal = BinaryFocalCrossEntropyWithLogits.gamma(1.0).label_smoothing(0.5);
    /// let loss = &focal.alpha(0.75).apply_class_balancing(true) as &dyn Loss<Linear, [f32; 1], bool>;
    /// // t = ¾, so w = ¾·¾ + ¼·¼; p = ½.
    /// let expected = 0.625 * 0.5 * 2.0f64.ln();
    /// assert!((loss.evaluate(&[true], None, &mut [0.0], None) - expected).abs() < 1e-12);
    /// ```
    #[doc(alias = "sigmoid_focal_loss")]
    pub struct BinaryFocalCrossEntropyWithLogits {
        /// As in [`BinaryFocalCrossEntropy`](struct@BinaryFocalCrossEntropy).
        gamma: f64 = 2.0,
        /// As in [`BinaryFocalCrossEntropy`](struct@BinaryFocalCrossEntropy).
        alpha: f64 = 0.25,
        /// As in [`BinaryFocalCrossEntropy`](struct@BinaryFocalCrossEntropy).
        apply_class_balancing: bool = false,
        /// As in [`BinaryFocalCrossEntropy`](struct@BinaryFocalCrossEntropy).
        label_smoothing: f64 = 0.0,
    }
}

with_settings! {
    /// `−α·Σᵢ tᵢ·(1 − pᵢ)ᵞ·log pᵢ` with `p = softmax(logits)`, for models that end in `softmax` or `log_softmax`; computed
    /// from the logits.
    ///
    /// Labels are class numbers, or `[f32; N]` with the probability of each class. For weights that differ between
    /// classes, see the class weights of a run.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::losses::{CategoricalFocalCrossEntropy, Loss};
    ///
    /// let focal = CategoricalFocalCrossEntropy.gamma(3.0).alpha(1.0).label_smoothing(0.5);
    /// let loss = &focal as &dyn Loss<Softmax, [f32; 2], u8>;
    /// // t = (¼, ¾) and p = (½, ½).
    /// let sum = loss.evaluate(&[1], None, &mut [0.0, 0.0], None);
    /// assert!((sum - 0.125 * 2.0f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # References
    /// Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection", ICCV 2017.
    pub struct CategoricalFocalCrossEntropy {
        /// γ, at least 0: how much less a good prediction counts; 2 by default, as in Keras.
        gamma: f64 = 2.0,
        /// α, at least 0: what all classes count; 0.25 by default, as in Keras.
        alpha: f64 = 0.25,
        /// Share `s` from 0 to 1 that targets are moved towards equal probabilities: `(1 − s)·t + s/N`; 0 by default, as in
        /// Keras.
        label_smoothing: f64 = 0.0,
    }
}

with_settings! {
    /// [`CategoricalFocalCrossEntropy`](struct@CategoricalFocalCrossEntropy) for models that end in no activation and
    /// predict logits.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{CategoricalFocalCrossEntropyWithLogits, Loss};
    ///
    /// let focal = CategoricalFocalCrossEntropyWithLogits.gamma(3.0).alpha(1.0).label_smoothing(0.5);
    /// let loss = &focal as &dyn Loss<Linear, [f32; 2], u8>;
    /// // t = (¼, ¾) and p = (½, ½).
    /// let expected = 0.5f64.powi(3) * 2.0f64.ln();
    /// assert!((loss.evaluate(&[1], None, &mut [7.0, 7.0], None) - expected).abs() < 1e-12);
    /// ```
    pub struct CategoricalFocalCrossEntropyWithLogits {
        /// As in [`CategoricalFocalCrossEntropy`](struct@CategoricalFocalCrossEntropy).
        gamma: f64 = 2.0,
        /// As in [`CategoricalFocalCrossEntropy`](struct@CategoricalFocalCrossEntropy).
        alpha: f64 = 0.25,
        /// As in [`CategoricalFocalCrossEntropy`](struct@CategoricalFocalCrossEntropy).
        label_smoothing: f64 = 0.0,
    }
}

macro_rules! binary {
    ($loss:ident, $head:ident) => {
        impl $loss {
            fn focus(&self) -> BinaryFocus {
                BinaryFocus { gamma: self.gamma, alpha: self.apply_class_balancing.then_some(self.alpha) }
            }

            fn target<Output>(&self, label: &impl BinaryLabel<Output>, place: usize) -> f64 {
                f64::from(smoothed(label.probability(place), self.label_smoothing))
            }
        }

        impl<Output: FloatArray, Label: BinaryLabel<Output>> Loss<$head, Output, Label> for $loss {
            fn name(&self) -> &'static str {
                "binary_focal_crossentropy"
            }

            fn settings(&self) -> Vec<(&'static str, f64)> {
                self.by_name()
            }

            fn validate(&self) -> Result<(), SettingError> {
                check(
                    stringify!($loss),
                    &[
                        ("gamma", self.gamma, NOT_NEGATIVE),
                        ("alpha", self.alpha, SHARE),
                        ("label_smoothing", self.label_smoothing, SHARE),
                    ],
                )
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
                let focus = self.focus();
                let value = |sample: usize, z: &[f32]| {
                    let terms = z.iter().enumerate();
                    let sum: f64 = terms
                        .map(|(place, &z)| focus.value(self.target(&labels[sample], place), z.into()))
                        .sum();
                    sum / Output::LEN as f64
                };
                let slopes = |sample: usize, scale: f64, z: &mut [f32]| {
                    let scale = scale / Output::LEN as f64;
                    for (place, z) in z.iter_mut().enumerate() {
                        let t = self.target(&labels[sample], place);
                        *z = (focus.derivative(t, f64::from(*z)) * scale) as f32;
                    }
                };
                evaluate::<Output>($head::FUNCTION, labels.len(), weights, logits, gradient, value, slopes)
            }
        }

        impl<Output: FloatArray, Label: BinaryLabel<Output>> OfPredictions<$head, Output, Label> for $loss {
            fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64 {
                let focus = self.focus();
                let loss = |(label, y): (&Label, &[f32])| {
                    let term = |(place, &y): (usize, &f32)| {
                        let (t, y) = (self.target(label, place), f64::from(y));
                        match $head::FUNCTION {
                            Function::Linear => focus.value(t, y),
                            _ => focus.of_probability(t, y, surprise(t, clip(y))),
                        }
                    };
                    y.iter().enumerate().map(term).sum::<f64>() / Output::LEN as f64
                };
                labels.iter().zip(Output::values(predictions).chunks_exact(Output::LEN)).map(loss).sum()
            }
        }
    };
}
binary!(BinaryFocalCrossEntropy, Sigmoid);
binary!(BinaryFocalCrossEntropyWithLogits, Linear);

macro_rules! categorical {
    ($loss:ident, $head:ident) => {
        impl<const N: usize, Label: CategoricalLabel<N>> Loss<$head, [f32; N], Label> for $loss {
            fn name(&self) -> &'static str {
                "categorical_focal_crossentropy"
            }

            fn settings(&self) -> Vec<(&'static str, f64)> {
                self.by_name()
            }

            fn validate(&self) -> Result<(), SettingError> {
                check(
                    stringify!($loss),
                    &[
                        ("gamma", self.gamma, NOT_NEGATIVE),
                        ("alpha", self.alpha, NOT_NEGATIVE),
                        ("label_smoothing", self.label_smoothing, SHARE),
                    ],
                )
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
                let focus = self.focus();
                let value = |sample: usize, z: &[f32]| focus.value(labels[sample].target(), z);
                let slopes = |sample: usize, scale: f64, z: &mut [f32]| {
                    focus.gradient(labels[sample].target(), scale, z);
                };
                evaluate::<[f32; N]>($head::FUNCTION, labels.len(), weights, logits, gradient, value, slopes)
            }
        }

        impl<const N: usize, Label: CategoricalLabel<N>> OfPredictions<$head, [f32; N], Label> for $loss {
            fn of_predictions(&self, labels: &[Label], predictions: &[[f32; N]]) -> f64 {
                let focus = self.focus();
                let loss = |(label, row): (&Label, &[f32; N])| match $head::FUNCTION {
                    Function::Linear => focus.value(label.target(), row),
                    head => {
                        let (target, surprise) = (label.target(), surprises(head, row));
                        let t = |i| target.smoothed(self.label_smoothing, N, i);
                        (0..N).map(|i| focus.cost(t(i), surprise(i))).sum()
                    }
                };
                labels.iter().zip(predictions).map(loss).sum()
            }
        }
    };
}

macro_rules! categorical_focus {
    ($($loss:ident)+) => {
        $(impl $loss {
            fn focus(&self) -> CategoricalFocus {
                CategoricalFocus { gamma: self.gamma, alpha: self.alpha, smoothing: self.label_smoothing }
            }
        })+
    };
}
categorical_focus!(CategoricalFocalCrossEntropy CategoricalFocalCrossEntropyWithLogits);
categorical!(CategoricalFocalCrossEntropy, Softmax);
categorical!(CategoricalFocalCrossEntropy, LogSoftmax);
categorical!(CategoricalFocalCrossEntropyWithLogits, Linear);

/// `value` is a sample's loss from its logits; `slopes(sample, scale, z)` replaces logits by `scale` times the derivatives
/// by them.
fn evaluate<Output: FloatArray>(
    head: Function,
    batch: usize,
    weights: Option<&[f32]>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
    value: impl Fn(usize, &[f32]) -> f64,
    slopes: impl Fn(usize, f64, &mut [f32]),
) -> f64 {
    assert_lengths(batch, Output::LEN, weights, logits, gradient.as_deref());
    let losses = logits.chunks_exact(Output::LEN).enumerate();
    let loss = losses.map(|(sample, z)| weighted(weights, sample, value(sample, z))).sum();
    if let Some(gradient) = gradient {
        gradient.copy_from_slice(logits);
        for (sample, z) in gradient.chunks_exact_mut(Output::LEN).enumerate() {
            slopes(sample, weight(weights, sample) / batch as f64, z);
        }
        clear_unweighted(weights, Output::LEN, gradient);
    }
    f32::map(head, Output::WIDTH, logits);
    loss
}
