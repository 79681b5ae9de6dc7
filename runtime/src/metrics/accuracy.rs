//! Accuracy: the share of predictions that are right. A prediction of NaN is wrong.
//!
//! A label of −1, the no of hinge losses, says what 0 says to a single output.

use super::{Mean, Metric, MetricError};
use crate::kernels::activation::{Activation, Scale};
use crate::kernels::reduce::argmax;
use crate::schema::FloatArray;
use crate::schema::label::{BinaryLabel, CategoricalLabel, Class, LabelError};
use crate::schema::setting::check;

/// The place of the largest value, the first of equals; `None` if a value is NaN.
fn decision(prediction: &[f32]) -> Option<usize> {
    let place = argmax(prediction);
    (!prediction[place].is_nan()).then_some(place)
}

/// Whether a value on the right side of `threshold` says what `truth` says: 1 for yes, 0 or −1 for no.
fn agrees(value: f32, threshold: f32, truth: f32) -> bool {
    match value > threshold {
        true => truth == 1.0,
        false => !value.is_nan() && (truth == 0.0 || truth == -1.0),
    }
}

/// What a yes must exceed: ½ for probabilities, its logarithm for theirs, 0 for logits and for activations between −1 and 1.
pub(super) fn threshold<Head: Activation>() -> f32 {
    match Head::FUNCTION.scale() {
        Scale::Logit | Scale::Symmetric => 0.0,
        Scale::LogProbability => -core::f32::consts::LN_2,
        Scale::Probability | Scale::Open => 0.5,
    }
}

/// A label that [`Accuracy`] can compare with `N` outputs.
///
/// ```
/// use typenet_runtime::metrics::AccuracyLabel;
///
/// assert!(2u8.is_right(&[0.1, 0.2, 0.7], 0.5));
/// assert!([0.0f32, 1.0].is_right(&[0.4, 0.6], 0.5));
/// // A single output of 0.4 says no as a probability, and yes as a logit.
/// assert!(!true.is_right(&[0.4], 0.5) && true.is_right(&[0.4], 0.0));
/// assert!((-1i8).is_right(&[-0.4], 0.0));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with {N} outputs",
    note = "labels of classes are integers or `[f32; {N}]`; for one output also `bool` and `f32`"
)]
pub trait AccuracyLabel<const N: usize>: Sync {
    /// Whether the prediction is right; a single output says yes above `threshold`.
    fn is_right(&self, prediction: &[f32; N], threshold: f32) -> bool;
}

#[diagnostic::do_not_recommend]
impl<const N: usize, C: Class> AccuracyLabel<N> for C {
    fn is_right(&self, prediction: &[f32; N], threshold: f32) -> bool {
        match &prediction[..] {
            [value] => self.answer() == Some(*value > threshold) && !value.is_nan(),
            prediction => decision(prediction).is_some_and(|place| self.class() == Some(place)),
        }
    }
}

impl<const N: usize> AccuracyLabel<N> for [f32; N] {
    fn is_right(&self, prediction: &[f32; N], threshold: f32) -> bool {
        match (&prediction[..], &self[..]) {
            ([value], [label]) => agrees(*value, threshold, *label),
            _ => decision(prediction).is_some_and(|place| place == argmax(self)),
        }
    }
}

impl AccuracyLabel<1> for bool {
    fn is_right(&self, [value]: &[f32; 1], threshold: f32) -> bool {
        agrees(*value, threshold, f32::from(*self))
    }
}

impl AccuracyLabel<1> for f32 {
    fn is_right(&self, [value]: &[f32; 1], threshold: f32) -> bool {
        agrees(*value, threshold, *self)
    }
}

macro_rules! accuracy {
    (
        $(#[$doc:meta])* $metric:ident, $name:literal,
        [$($generics:tt)*] $head:ident, $output:ty, $label:ty,
        |$predictions:ident, $labels:ident| $right:expr
    ) => {
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

        impl<$($generics)*> Metric<$head, $output, $label> for $metric {
            fn name(&self) -> &'static str {
                self.name
            }

            fn reset(&mut self) {
                self.mean = Mean::new();
            }

            fn update(&mut self, $predictions: &[$output], $labels: &[$label]) {
                assert_eq!($predictions.len(), $labels.len(), "update: one label for each prediction");
                let (right, count): (usize, usize) = $right;
                self.mean.add(right as f64, count);
            }

            fn compute(&self) -> f64 {
                self.mean.value()
            }
        }
    };
}

accuracy! {
    /// The share of samples that are predicted right, in the form that the types ask for.
    ///
    /// - several outputs, class numbers: the largest output is the class ([`SparseCategoricalAccuracy`]);
    /// - several outputs, one-hot labels: the largest output is the largest label ([`CategoricalAccuracy`]);
    /// - one output: it exceeds ½ (as a logit, without an activation, and after `tanh` and `softsign`: 0) if and only if the label
    ///   is 1, against 0 or −1.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::{Linear, Softmax};
    /// use typenet_runtime::metrics::{Accuracy, Metric};
    ///
    /// let of_classes: &mut dyn Metric<Softmax, [f32; 3], u8> = &mut Accuracy::new();
    /// of_classes.update(&[[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]], &[1, 2]);
    /// assert_eq!(of_classes.compute(), 0.5);
    ///
    /// let of_logits: &mut dyn Metric<Linear, [f32; 1], bool> = &mut Accuracy::new().named("right");
    /// of_logits.update(&[[0.3], [-2.0]], &[true, false]);
    /// assert_eq!((of_logits.name(), of_logits.compute()), ("right", 1.0));
    /// ```
    Accuracy, "accuracy",
    [const N: usize, Head: Activation, Label: AccuracyLabel<N>] Head, [f32; N], Label,
    |predictions, labels| {
        let right = |(p, label): &(&[f32; N], &Label)| label.is_right(p, threshold::<Head>());
        (predictions.iter().zip(labels).filter(right).count(), labels.len())
    }
}

accuracy! {
    /// The share of values, not samples, on the right side of ½ (as logits, without an activation, and after `tanh` and
    /// `softsign`: 0; after `log_softmax`: log ½). A label of −1 counts as 0, and one between 0 and 1 is never right, as in Keras.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{BinaryAccuracy, Metric};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 2], [f32; 2]> = &mut BinaryAccuracy::new();
    /// metric.update(&[[0.9, 0.2], [0.6, 0.1]], &[[1.0, 1.0], [1.0, 0.0]]);
    /// assert_eq!(metric.compute(), 0.75);
    /// ```
    BinaryAccuracy, "binary_accuracy",
    [Head: Activation, Output: FloatArray, Label: BinaryLabel<Output>] Head, Output, Label,
    |predictions, labels| {
        let values = Output::values(predictions);
        let right = values.chunks_exact(Output::LEN).zip(labels).map(|(values, label)| {
            let right = |(i, value): &(usize, &f32)| agrees(**value, threshold::<Head>(), label.probability(*i));
            values.iter().enumerate().filter(right).count()
        });
        (right.sum(), values.len())
    }
}

accuracy! {
    /// The share of samples whose largest output is the largest value of their one-hot label.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::metrics::{CategoricalAccuracy, Metric};
    ///
    /// let metric: &mut dyn Metric<Softmax, [f32; 2], [f32; 2]> = &mut CategoricalAccuracy::new();
    /// metric.update(&[[0.6, 0.4], [0.3, 0.7]], &[[1.0, 0.0], [1.0, 0.0]]);
    /// assert_eq!(metric.compute(), 0.5);
    /// ```
    CategoricalAccuracy, "categorical_accuracy",
    [const N: usize, Head] Head, [f32; N], [f32; N],
    |predictions, labels| {
        let right = |(p, label): &(&[f32; N], &[f32; N])| decision(*p) == Some(argmax(*label));
        (predictions.iter().zip(labels).filter(right).count(), labels.len())
    }
}

accuracy! {
    /// The share of samples whose largest output is their class.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::metrics::{Metric, SparseCategoricalAccuracy};
    ///
    /// let metric: &mut dyn Metric<Softmax, [f32; 2], u8> = &mut SparseCategoricalAccuracy::new();
    /// // Of equal outputs the first counts.
    /// metric.update(&[[0.5, 0.5], [0.5, 0.5]], &[0, 1]);
    /// assert_eq!(metric.compute(), 0.5);
    /// ```
    SparseCategoricalAccuracy, "sparse_categorical_accuracy",
    [const N: usize, Head, Label: Class] Head, [f32; N], Label,
    |predictions, labels| {
        let right = |(p, label): &(&[f32; N], &Label)| decision(*p).is_some_and(|p| label.class() == Some(p));
        (predictions.iter().zip(labels).filter(right).count(), labels.len())
    }
}

/// The share of samples whose class is among the `k` largest outputs: fewer than `k` outputs exceed its own.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Metric, TopKCategoricalAccuracy};
///
/// let metric: &mut dyn Metric<Softmax, [f32; 3], u8> = &mut TopKCategoricalAccuracy::new(2).named("top_2");
/// metric.update(&[[0.5, 0.3, 0.2]; 3], &[0, 1, 2]);
/// assert_eq!((metric.name(), metric.compute()), ("top_2", 2.0 / 3.0));
/// ```
#[derive(Debug, Clone)]
pub struct TopKCategoricalAccuracy {
    k: usize,
    mean: Mean,
    name: &'static str,
}

impl TopKCategoricalAccuracy {
    /// Among the `k` largest, at least one. Keras's default is 5.
    pub const fn new(k: usize) -> Self {
        Self { k, mean: Mean::new(), name: "top_k_categorical_accuracy" }
    }

    /// With another name in the history.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Default for TopKCategoricalAccuracy {
    fn default() -> Self {
        Self::new(5)
    }
}

impl<const N: usize, Head, Label: CategoricalLabel<N>> Metric<Head, [f32; N], Label>
    for TopKCategoricalAccuracy
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self) -> Result<(), MetricError> {
        Ok(check("TopKCategoricalAccuracy", &[("k", self.k as f64, (|k| k >= 1.0, "at least 1"))])?)
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
    }

    fn reset(&mut self) {
        self.mean = Mean::new();
    }

    fn update(&mut self, predictions: &[[f32; N]], labels: &[Label]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        let right = |(p, label): &(&[f32; N], &Label)| {
            let class = match label.target() {
                crate::schema::label::Target::Class(class) => class,
                crate::schema::label::Target::Distribution(t) => argmax(t),
            };
            !p.iter().any(|value| value.is_nan())
                && p.iter().filter(|value| **value > p[class]).count() < self.k
        };
        let right = predictions.iter().zip(labels).filter(right).count();
        self.mean.add(right as f64, labels.len());
    }

    fn compute(&self) -> f64 {
        self.mean.value()
    }
}
