//! Binary cross-entropy: yes or no, for each value.

use super::from_probabilities::{clip, surprise};
use super::settings::with_settings;
use super::{
    LabelError, Loss, OfPredictions, SettingError, assert_lengths, clear_unweighted, weight, weighted,
};
use crate::kernels::activation::{Linear, Sigmoid};
use crate::kernels::function::{Function, Map};
use crate::kernels::{Activation, cross_entropy};
use crate::schema::FloatArray;
use crate::schema::label::BinaryLabel;
use crate::schema::setting::{SHARE, check};

with_settings! {
    /// Mean of `−t·log p − (1 − t)·log(1 − p)` over the values of a sample, with `p = sigmoid(logits)`, for models that
    /// end in `sigmoid`.
    ///
    /// Computed from the logits as `log(1 + eᶻ) − t·z`. Gradient by the logits: `(p − t) / (values · batch)`.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::losses::{BinaryCrossEntropy, Loss};
    ///
    /// let loss = &BinaryCrossEntropy.label_smoothing(0.5) as &dyn Loss<Sigmoid, [f32; 1], bool>;
    /// let mut gradient = [0.0];
    /// loss.evaluate(&[true], None, &mut [0.0], Some(&mut gradient));
    /// assert_eq!(gradient, [-0.25]);
    /// ```
    #[doc(alias = "BCELoss")]
    pub struct BinaryCrossEntropy {
        /// Share `s` from 0 to 1 that each target is moved towards ½: `(1 − s)·t + s/2`; 0 by default, as in Keras.
        label_smoothing: f64 = 0.0,
    }
}

with_settings! {
    /// [`BinaryCrossEntropy`](struct@BinaryCrossEntropy) for models that end in no activation and predict logits.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{BinaryCrossEntropyWithLogits, Loss};
    ///
    /// let loss = &BinaryCrossEntropyWithLogits.label_smoothing(0.5) as &dyn Loss<Linear, [f32; 1], bool>;
    /// // `log(1 − sigmoid(40))` of an f32 would be −∞; the target is ¼.
    /// let (mut logits, mut gradient) = ([40.0], [0.0]);
    /// let sum = loss.evaluate(&[false], None, &mut logits, Some(&mut gradient));
    /// assert!((sum - (40.0 - 0.25 * 40.0)).abs() < 1e-5);
    /// assert_eq!((logits, gradient), ([40.0], [0.75]));
    /// ```
    #[doc(alias = "BCEWithLogitsLoss")]
    pub struct BinaryCrossEntropyWithLogits {
        /// As in [`BinaryCrossEntropy`](struct@BinaryCrossEntropy).
        label_smoothing: f64 = 0.0,
    }
}

macro_rules! binary {
    ($loss:ident, $head:ident, $name:literal) => {
        impl<Output: FloatArray, Label: BinaryLabel<Output>> Loss<$head, Output, Label> for $loss {
            fn name(&self) -> &'static str {
                $name
            }

            fn settings(&self) -> Vec<(&'static str, f64)> {
                self.by_name()
            }

            fn validate(&self) -> Result<(), SettingError> {
                check(stringify!($loss), &[("label_smoothing", self.label_smoothing, SHARE)])
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
                let head = $head::FUNCTION;
                evaluate::<Output, Label>(head, self.label_smoothing, labels, weights, logits, gradient)
            }
        }

        impl<Output: FloatArray, Label: BinaryLabel<Output>> OfPredictions<$head, Output, Label> for $loss {
            fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64 {
                let loss = |(label, y): (&Label, &[f32])| {
                    let target = |place| smoothed(label.probability(place), self.label_smoothing);
                    let sum = match $head::FUNCTION {
                        Function::Linear => cross_entropy::binary(target, y),
                        _ => {
                            let terms = y.iter().enumerate();
                            terms.map(|(place, &p)| surprise(f64::from(target(place)), clip(p.into()))).sum()
                        }
                    };
                    sum / Output::LEN as f64
                };
                labels.iter().zip(Output::values(predictions).chunks_exact(Output::LEN)).map(loss).sum()
            }
        }
    };
}
binary!(BinaryCrossEntropy, Sigmoid, "binary_crossentropy");
binary!(BinaryCrossEntropyWithLogits, Linear, "binary_crossentropy");

/// A target moved towards ½.
pub(super) fn smoothed(t: f32, smoothing: f64) -> f32 {
    ((1.0 - smoothing) * f64::from(t) + 0.5 * smoothing) as f32
}

fn evaluate<Output: FloatArray, Label: BinaryLabel<Output>>(
    head: Function,
    smoothing: f64,
    labels: &[Label],
    weights: Option<&[f32]>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
) -> f64 {
    let len = Output::LEN;
    assert_lengths(labels.len(), len, weights, logits, gradient.as_deref());
    let target = |label: &Label, place: usize| smoothed(label.probability(place), smoothing);
    let (mut loss, mut sample) = (0.0, 0);
    cross_entropy::binary_rows(
        len,
        |sample, place| target(&labels[sample], place),
        logits,
        |sum| {
            loss += weighted(weights, sample, sum / len as f64);
            sample += 1;
        },
    );
    if let Some(gradient) = gradient {
        gradient.copy_from_slice(logits);
        f32::map(Function::Sigmoid, Output::WIDTH, gradient);
        if head == Function::Sigmoid {
            logits.copy_from_slice(gradient);
        }
        for (sample, (label, row)) in labels.iter().zip(gradient.chunks_exact_mut(len)).enumerate() {
            let scale = (weight(weights, sample) / logits.len() as f64) as f32;
            cross_entropy::binary_gradient(|place| target(label, place), scale, row);
        }
        clear_unweighted(weights, len, gradient);
    } else {
        f32::map(head, Output::WIDTH, logits);
    }
    loss
}
