//! Metrics: what a person wants to know about predictions, exact over a whole epoch.
//!
//! A metric adds up in f64 over any number of batches of any length, so the last, shorter batch counts for what it
//! holds. Names and meanings are Keras's. Metrics know no layers, losses or optimizers.

mod accuracy;
mod auc;
mod confusion;
mod correlation;
mod custom;
mod decision;
mod error;
mod mean;
mod precision;
mod rank;

pub use accuracy::{
    Accuracy, AccuracyLabel, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy,
    TopKCategoricalAccuracy,
};
pub use auc::{AucOverThresholds, Curve};
pub use confusion::ConfusionMatrix;
pub use correlation::{PearsonCorrelation, R2Score};
pub use custom::{FromFn, from_fn};
pub use decision::{Average, DecisionLabel, Truth};
pub use error::{MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, RootMeanSquaredError};
pub use mean::Mean;
pub use precision::{F1Score, FBetaScore, Precision, Recall, Specificity};
pub use rank::{Auc, AveragePrecision};

use crate::schema::SettingError;
use crate::schema::label::LabelError;

/// Metrics that cannot be, or not for the model.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Metrics, Precision};
///
/// let of_class_3: &dyn Metrics<Softmax, [f32; 3], u8> = &(Precision::new().class_id(3),);
/// let error = of_class_3.check().unwrap_err();
/// assert_eq!(error.to_string(), "Precision: `class_id` is 3, expected a class from 0 to 2");
///
/// let twice: &dyn Metrics<Softmax, [f32; 3], u8> = &(Precision::new(), Precision::new().class_id(1));
/// let error = twice.check().unwrap_err();
/// assert_eq!(error.to_string(), "`precision` names another metric too, expected a name of its own by `named`");
/// ```
///
/// Thresholds between 0 and 1 say nothing of outputs without an upper limit:
///
/// ```
/// use typenet_runtime::kernels::activation::Relu;
/// use typenet_runtime::metrics::{AucOverThresholds, MetricError, Metrics};
///
/// let metrics: &dyn Metrics<Relu, [f32; 1], bool> = &(AucOverThresholds::default(),);
/// assert!(matches!(metrics.check(), Err(MetricError::Head { found: "relu", .. })));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// A setting cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A metric has no meaning for what the model's last activation gives.
    #[error("{metric}: the model ends in `{found}`, expected {expected}")]
    Head {
        /// The metric's type: `AucOverThresholds`.
        metric: &'static str,
        /// What the outputs must be.
        expected: &'static str,
        /// The activation's name: `relu`.
        found: &'static str,
    },
    /// A metric's name would be that of two columns in a history and in logs.
    #[error("`{name}` names {also} too, expected a name of its own by `named`")]
    Name {
        /// The name.
        name: &'static str,
        /// What else is called so.
        also: &'static str,
    },
}

/// A label that a metric cannot use.
///
/// ```
/// use typenet_runtime::kernels::activation::Sigmoid;
/// use typenet_runtime::metrics::{Accuracy, Metrics, Recall};
///
/// let metrics: &dyn Metrics<Sigmoid, [f32; 1], u8> = &(Accuracy::new(), Recall::new());
/// let error = metrics.check_labels(&[0, 1, 2]).unwrap_err();
/// assert_eq!(error.to_string(), "metric `recall`: label 2 is class 2, expected a class from 0 to 1");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("metric `{metric}`: {error}")]
pub struct MetricLabelError {
    /// The metric's name: `recall`.
    pub metric: &'static str,
    /// The label and what was expected.
    #[source]
    pub error: LabelError,
}

/// An error if one of `names`, of metrics side by side, would be the name of two columns.
fn check_names(names: &[&'static str]) -> Result<(), MetricError> {
    for (place, &name) in names.iter().enumerate() {
        let also = match name {
            _ if names[..place].contains(&name) => "another metric",
            "loss" => "the loss",
            "epoch" | "learning_rate" | "seconds" => "a column of logs",
            _ if name.starts_with("val_") => "a score of validation",
            _ => continue,
        };
        return Err(MetricError::Name { name, also });
    }
    Ok(())
}

/// An error if `class` is none of a model of `outputs` outputs.
fn class_error(metric: &'static str, class: Option<usize>, outputs: usize) -> Result<(), MetricError> {
    match class {
        Some(class) if class >= outputs => Err(MetricError::Setting(SettingError {
            owner: metric,
            setting: "class_id",
            expected: format!("a class from 0 to {}", outputs - 1).into(),
            found: class as f64,
        })),
        _ => Ok(()),
    }
}

/// Metric of a model that ends with activation `Head` and predicts `Output`, against labels of type `Label`.
///
/// # Example
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Accuracy, Metric};
///
/// let metric: &mut dyn Metric<Softmax, [f32; 2], u8> = &mut Accuracy::new();
/// metric.update(&[[0.9, 0.1], [0.2, 0.8]], &[0, 1]);
/// metric.update(&[[0.9, 0.1]], &[1]);
/// assert_eq!(metric.compute(), 2.0 / 3.0);
/// assert_eq!(metric.check_labels(&[1]), Ok(()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric of an output that ends in `{Head}` and predicts `{Output}`",
    label = "this is where the metrics, given to `compile`, are used",
    note = "a loss becomes a metric by `LossMetric::new(MeanAbsoluteError)`; errors are metrics too, by \
            `metrics::MeanAbsoluteError::new()`"
)]
pub trait Metric<Head, Output, Label>: Send {
    /// Keras's name for it: the column in the history.
    fn name(&self) -> &'static str;
    /// Whether the metric's settings can be, for this model.
    ///
    /// # Errors
    /// [`MetricError`] names the first that cannot.
    fn check(&self) -> Result<(), MetricError> {
        Ok(())
    }
    /// Whether the metric can use every label; every one by default.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{Metric, Recall};
    ///
    /// let metric: &dyn Metric<Sigmoid, [f32; 1], i32> = &Recall::new();
    /// assert!(metric.check_labels(&[0, 1, -1]).is_ok() && metric.check_labels(&[2]).is_err());
    /// ```
    ///
    /// # Errors
    /// [`LabelError`] names the first that it cannot.
    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        let _ = labels;
        Ok(())
    }
    /// Forgets all samples, but keeps memory that the next will need.
    fn reset(&mut self);
    /// Takes a batch into account.
    ///
    /// # Panics
    /// If there are not as many labels as predictions, or [`check_labels`](Self::check_labels) refuses a label.
    fn update(&mut self, predictions: &[Output], labels: &[Label]);
    /// The metric over all samples since [`reset`](Self::reset); NaN if there were none.
    fn compute(&self) -> f64;
}

/// Metrics side by side: a tuple of none to eight, `(Accuracy::new(),)`.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Accuracy, Metrics, Recall};
///
/// let recall = Recall::new().class_id(1).named("recall_of_1");
/// let metrics: &mut dyn Metrics<Softmax, [f32; 2], u8> = &mut (Accuracy::new(), recall);
/// metrics.update(&[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], &[0, 1, 1]);
/// let mut values = Vec::new();
/// metrics.compute(&mut values);
/// assert_eq!(metrics.names(), ["accuracy", "recall_of_1"]);
/// assert_eq!(values, [2.0 / 3.0, 0.5]);
/// metrics.reset();
/// assert_eq!(metrics.check(), Ok(()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of metrics for an output that ends in `{Head}` and predicts `{Output}`",
    label = "this is where the metrics, given to `compile`, are used",
    note = "metrics are a tuple: `()`, `(Accuracy::new(),)`, `(Accuracy::new(), LossMetric::new(MeanSquaredError))`"
)]
pub trait Metrics<Head, Output, Label>: Send {
    /// Their names, in order.
    fn names(&self) -> Vec<&'static str>;
    /// Whether the settings of each can be, and each has a name of its own: not `loss`, `epoch`, `learning_rate`, `seconds`
    /// or `val_…`, which other columns of a history or a log have.
    ///
    /// # Errors
    /// [`MetricError`] names the first that cannot.
    fn check(&self) -> Result<(), MetricError>;
    /// Whether each can use every label.
    ///
    /// # Errors
    /// [`MetricLabelError`] names the first metric that cannot, and the label.
    fn check_labels(&self, labels: &[Label]) -> Result<(), MetricLabelError>;
    /// Each forgets all samples.
    fn reset(&mut self);
    /// Each takes a batch into account.
    fn update(&mut self, predictions: &[Output], labels: &[Label]);
    /// Appends their values, in order.
    fn compute(&self, values: &mut Vec<f64>);
}

macro_rules! metrics {
    ($($metric:ident $place:tt)*) => {
        impl<Head, Output, Label, $($metric: Metric<Head, Output, Label>),*> Metrics<Head, Output, Label>
            for ($($metric,)*)
        {
            fn names(&self) -> Vec<&'static str> {
                vec![$(self.$place.name()),*]
            }

            fn check(&self) -> Result<(), MetricError> {
                $(self.$place.check()?;)*
                check_names(&Metrics::<Head, Output, Label>::names(self))
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), MetricLabelError> {
                let _ = labels;
                $(
                    let of_metric = |error| MetricLabelError { metric: self.$place.name(), error };
                    self.$place.check_labels(labels).map_err(of_metric)?;
                )*
                Ok(())
            }

            fn reset(&mut self) {
                $(self.$place.reset();)*
            }

            fn update(&mut self, predictions: &[Output], labels: &[Label]) {
                let _ = (predictions, labels);
                $(self.$place.update(predictions, labels);)*
            }

            fn compute(&self, values: &mut Vec<f64>) {
                let _ = &values;
                $(values.push(self.$place.compute());)*
            }
        }
    };
}
metrics!();
metrics!(A 0);
metrics!(A 0 B 1);
metrics!(A 0 B 1 C 2);
metrics!(A 0 B 1 C 2 D 3);
metrics!(A 0 B 1 C 2 D 3 E 4);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
metrics!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::*;

    /// The metric over `predictions`, in batches of two.
    fn over<Head, Output, Label>(
        mut metric: impl Metric<Head, Output, Label>,
        predictions: &[Output],
        labels: &[Label],
    ) -> f64 {
        assert!(metric.compute().is_nan(), "of no samples");
        for (predictions, labels) in predictions.chunks(2).zip(labels.chunks(2)) {
            metric.update(predictions, labels);
        }
        let value = metric.compute();
        metric.reset();
        assert!(metric.compute().is_nan(), "after a reset");
        value
    }

    #[test]
    fn accuracy_of_classes_is_the_share_of_largest_outputs() {
        let predictions = [[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]];
        assert_eq!(over::<Softmax, _, _>(Accuracy::new(), &predictions, &[1u8, 1, 2]), 2.0 / 3.0);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &predictions, &[1i64, -1, 2]), 2.0 / 3.0);
        let one_hot = [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(over::<Softmax, _, _>(Accuracy::new(), &predictions, &one_hot), 2.0 / 3.0);
        assert_eq!(over::<Softmax, _, _>(CategoricalAccuracy::new(), &predictions, &one_hot), 2.0 / 3.0);
        let sparse = SparseCategoricalAccuracy::new();
        assert_eq!(over::<Softmax, _, _>(sparse, &predictions, &[1u8, 1, 2]), 2.0 / 3.0);
    }

    #[test]
    fn accuracy_of_one_output_has_the_threshold_of_its_activation() {
        let values = [[0.4], [0.6], [-0.1], [0.1]];
        let labels = [false, true, false, true];
        assert_eq!(over::<Sigmoid, _, _>(Accuracy::new(), &values, &labels), 0.75);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &values, &labels), 0.75);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &values, &[1u8, 1, 0, 1]), 1.0);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &values, &[1.0f32, 1.0, 0.0, 1.0]), 1.0);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &values, &[[1.0], [1.0], [0.0], [1.0]]), 1.0);
        assert_eq!(over::<Linear, _, _>(BinaryAccuracy::new(), &values, &[true, true, false, true]), 1.0);
    }

    #[test]
    fn a_value_on_the_threshold_says_no() {
        assert_eq!(over::<Sigmoid, _, _>(Accuracy::new(), &[[0.5]], &[false]), 1.0);
        assert_eq!(over::<Linear, _, _>(Accuracy::new(), &[[0.0]], &[true]), 0.0);
    }

    #[test]
    fn binary_accuracy_counts_values() {
        let values = [[0.9, 0.1], [0.9, 0.9], [0.1, 0.1]];
        let labels = [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]];
        assert_eq!(over::<Sigmoid, _, _>(BinaryAccuracy::new(), &values, &labels), 0.5);
    }

    #[test]
    fn logarithms_of_probabilities_have_the_threshold_of_one_half() {
        let values =
            [[0.75f32.ln(), 0.25f32.ln()], [0.25f32.ln(), 0.75f32.ln()], [0.5f32.ln(), f32::NEG_INFINITY]];
        let labels = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
        assert_eq!(over::<LogSoftmax, _, _>(BinaryAccuracy::new(), &values, &labels), 1.0);
    }

    #[test]
    fn a_prediction_of_nan_is_wrong() {
        let nan = f32::NAN;
        assert_eq!(over::<Softmax, _, _>(Accuracy::new(), &[[nan, 0.0]], &[0u8]), 0.0);
        assert_eq!(over::<Softmax, _, _>(Accuracy::new(), &[[0.0, nan]], &[[0.0, 1.0]]), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Accuracy::new(), &[[nan]], &[false]), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Accuracy::new(), &[[nan]], &[0u8]), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(BinaryAccuracy::new(), &[[nan, 1.0]], &[[0.0, 1.0]]), 0.5);
        assert_eq!(over::<Softmax, _, _>(SparseCategoricalAccuracy::new(), &[[nan, 0.0]], &[0u8]), 0.0);
        assert_eq!(over::<Softmax, _, _>(CategoricalAccuracy::new(), &[[nan, 0.0]], &[[1.0, 0.0]]), 0.0);
        assert_eq!(over::<Softmax, _, _>(TopKCategoricalAccuracy::new(2), &[[nan, 0.0]], &[0u8]), 0.0);
    }

    #[test]
    fn top_k_counts_larger_outputs() {
        let predictions = [[0.4, 0.3, 0.2, 0.1]; 4];
        for (k, share) in [(1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)] {
            let metric = TopKCategoricalAccuracy::new(k);
            assert_eq!(over::<Softmax, _, _>(metric, &predictions, &[0u8, 1, 2, 3]), share);
        }
    }

    #[test]
    fn errors_are_exact_over_unequal_batches() {
        let (values, labels) = ([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0], [1.0, -2.0]]);
        assert_eq!(over::<Linear, _, _>(MeanAbsoluteError::new(), &values, &labels), 13.0 / 6.0);
        assert_eq!(over::<Linear, _, _>(MeanSquaredError::new(), &values, &labels), 35.0 / 6.0);
        assert_eq!(over::<Relu, _, _>(MeanAbsoluteError::new(), &[[1.0f32], [3.0]], &[0.0f32, 1.0]), 1.5);
    }

    #[test]
    fn what_is_undefined_is_zero_as_in_keras_or_nan_where_the_documentation_says_so() {
        let (values, no, yes) = ([[0.2], [0.4], [0.1]], [false; 3], [true; 3]);
        assert_eq!(over::<Sigmoid, _, _>(Precision::new(), &values, &yes), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Recall::new(), &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Specificity::new(), &values, &yes), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(F1Score::new(), &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(FBetaScore::new().beta(2.0), &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(AveragePrecision::new(), &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(AveragePrecision::new(), &values, &yes), 1.0);
        let curves = || AucOverThresholds::default().curve(Curve::PrecisionRecall);
        assert_eq!(over::<Sigmoid, _, _>(AucOverThresholds::default(), &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(AucOverThresholds::default(), &values, &yes), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(curves(), &values, &no), 0.0);
        assert!(over::<Sigmoid, _, _>(Auc::new(), &values, &no).is_nan());
        assert!(over::<Sigmoid, _, _>(Auc::new(), &values, &yes).is_nan());
        assert_eq!(over::<Linear, _, _>(R2Score::new(), &[[1.0], [2.0]], &[3.0f32, 3.0]), 0.0);
        assert_eq!(over::<Linear, _, _>(R2Score::new(), &[[3.0], [3.0]], &[3.0f32, 3.0]), 1.0);
        assert!(over::<Linear, _, _>(R2Score::new(), &[[3.0]], &[3.0f32]).is_nan());
        assert!(over::<Linear, _, _>(PearsonCorrelation::new(), &[[1.0], [2.0]], &[3.0f32, 3.0]).is_nan());
    }

    #[test]
    fn nan_is_wrong_or_gives_nan() {
        let (nan, yes) = (f32::NAN, [true, false]);
        let values = [[nan], [nan]];
        assert_eq!(over::<Sigmoid, _, _>(Recall::new(), &values, &yes), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Specificity::new(), &values, &yes), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(AucOverThresholds::default(), &values, &yes), 0.0);
        assert!(over::<Sigmoid, _, _>(Auc::new(), &values, &yes).is_nan());
        assert!(over::<Sigmoid, _, _>(AveragePrecision::new(), &values, &yes).is_nan());
        let rows = [[nan, 0.0, 1.0], [0.0, 1.0, 0.0]];
        assert_eq!(over::<Softmax, _, _>(Recall::new(), &rows, &[2u8, 1]), 0.5);
        assert_eq!(over::<Softmax, _, _>(Precision::new(), &rows, &[2u8, 1]), 1.0);
        let targets = [1.0f32, 2.0];
        assert!(over::<Linear, _, _>(R2Score::new(), &[[nan], [1.0]], &targets).is_nan());
        assert!(over::<Linear, _, _>(R2Score::new(), &[[nan], [1.0]], &[1.0f32, 1.0]).is_nan());
        assert!(over::<Linear, _, _>(PearsonCorrelation::new(), &[[nan], [1.0]], &targets).is_nan());
        assert!(over::<Linear, _, _>(RootMeanSquaredError::new(), &[[nan], [1.0]], &targets).is_nan());
    }

    #[test]
    fn the_exact_area_is_the_share_of_pairs_in_order() {
        // Against the definition, with many ties and both zeros.
        let mut rng = crate::kernels::Rng::seed(3);
        let values: Vec<[f32; 1]> =
            (0..101).map(|_| [((rng.uniform() * 8.0) as f32).floor() / 8.0]).collect();
        let values: Vec<[f32; 1]> =
            values.iter().enumerate().map(|(i, v)| if i % 2 == 0 { *v } else { [-v[0]] }).collect();
        let labels: Vec<bool> = values.iter().map(|[v]| rng.uniform() < 0.5 + 0.3 * f64::from(*v)).collect();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (yes, _) in values.iter().zip(&labels).filter(|(_, label)| **label) {
            for (no, _) in values.iter().zip(&labels).filter(|(_, label)| !**label) {
                pairs += 1.0;
                sum += if yes > no {
                    1.0
                } else if yes == no {
                    0.5
                } else {
                    0.0
                };
            }
        }
        assert_eq!(over::<Linear, _, _>(Auc::new(), &values, &labels), sum / pairs);
    }

    #[test]
    fn a_class_of_weight_zero_contributes_nothing() {
        let rows = [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.6, 0.2]];
        // Nothing is of class 2, whose area is therefore not a number.
        let weighted = || Auc::new().average(Average::Weighted);
        assert_eq!(over::<Softmax, _, _>(weighted(), &rows, &[0u8, 1, 1]), 1.0);
        assert!(over::<Softmax, _, _>(Auc::new(), &rows, &[0u8, 1, 1]).is_nan(), "macro counts every class");
        let precision = AveragePrecision::new().average(Average::Weighted);
        assert_eq!(over::<Softmax, _, _>(precision, &rows, &[0u8, 1, 1]), 1.0);
        // An output of NaN is not hidden by the weight of its class.
        let mut with_nan = rows;
        with_nan[0][2] = f32::NAN;
        assert!(over::<Softmax, _, _>(weighted(), &with_nan, &[0u8, 1, 1]).is_nan());
        assert_eq!(over::<Softmax, _, _>(Auc::new().class_id(1), &with_nan, &[0u8, 1, 1]), 1.0);
        // Where no class has a weight nothing is left to average: as with one output of which yes is never true.
        let (values, no) = ([[0.2, 0.7], [0.4, 0.1]], [[0.0, 0.0]; 2]);
        assert!(over::<Sigmoid, _, _>(weighted(), &values, &no).is_nan());
        let precision = AveragePrecision::new().average(Average::Weighted);
        assert_eq!(over::<Sigmoid, _, _>(precision, &values, &no), 0.0);
        assert_eq!(over::<Sigmoid, _, _>(Recall::new().average(Average::Weighted), &values, &no), 0.0);
    }

    #[test]
    fn the_largest_and_the_smallest_beta_give_recall_and_precision() {
        // True positives, false negatives, false positives: 1, 2, 1.
        let (values, labels) = ([[0.9], [0.1], [0.2], [0.8]], [true, true, true, false]);
        let f = |beta| over::<Sigmoid, _, _>(FBetaScore::new().beta(beta), &values, &labels);
        assert_eq!((f(1e300), f(1e-300)), (1.0 / 3.0, 0.5));
        assert_eq!(f(1.0), over::<Sigmoid, _, _>(F1Score::new(), &values, &labels));
        let f = |beta| over::<Sigmoid, _, _>(FBetaScore::new().beta(beta), &values, &[false; 4]);
        assert_eq!((f(1e300), f(1e-300)), (0.0, 0.0));
    }

    #[test]
    fn an_area_over_thresholds_keeps_the_order_of_outputs_or_is_refused() {
        /// The area for outputs in ascending order, the upper half true, and what `check` says.
        fn area<Head: Activation>(outputs: [f32; 4]) -> (f64, Result<(), MetricError>) {
            let metric = AucOverThresholds::default();
            let checked = Metric::<Head, [f32; 1], bool>::check(&metric);
            let area = match checked {
                Ok(()) => over::<Head, _, _>(metric, &outputs.map(|y| [y]), &[false, false, true, true]),
                Err(_) => f64::NAN,
            };
            (area, checked)
        }
        for outputs in [[-0.9, -0.8, -0.4, -0.2], [-1.0, -0.5, 0.5, 1.0], [0.2, 0.3, 0.7, 0.8]] {
            assert_eq!(area::<Tanh>(outputs), (1.0, Ok(())), "{outputs:?}");
            assert_eq!(area::<Softsign>(outputs), (1.0, Ok(())), "{outputs:?}");
            assert_eq!(area::<Linear>(outputs.map(|y| 10.0 * y)), (1.0, Ok(())), "{outputs:?}");
        }
        assert_eq!(area::<Sigmoid>([0.0, 0.25, 0.75, 1.0]), (1.0, Ok(())));
        assert_eq!(area::<HardSigmoid>([0.0, 0.25, 0.75, 1.0]), (1.0, Ok(())));
        assert_eq!(area::<LogSoftmax>([f32::NEG_INFINITY, -3.0, -1.0, 0.0]), (1.0, Ok(())));
        assert_eq!(area::<Softmax>([0.0, 0.25, 0.75, 1.0]), (1.0, Ok(())));
        for (_, checked) in [
            area::<Relu>([2.0, 3.0, 4.0, 5.0]),
            area::<LeakyRelu>([2.0, 3.0, 4.0, 5.0]),
            area::<Elu>([2.0, 3.0, 4.0, 5.0]),
            area::<Selu>([2.0, 3.0, 4.0, 5.0]),
            area::<Gelu>([2.0, 3.0, 4.0, 5.0]),
            area::<GeluTanh>([2.0, 3.0, 4.0, 5.0]),
            area::<Silu>([2.0, 3.0, 4.0, 5.0]),
            area::<Softplus>([2.0, 3.0, 4.0, 5.0]),
        ] {
            assert!(
                matches!(checked, Err(MetricError::Head { metric: "AucOverThresholds", .. })),
                "{checked:?}"
            );
        }
        assert_eq!(
            area::<Relu>([0.0; 4]).1.unwrap_err().to_string(),
            "AucOverThresholds: the model ends in `relu`, expected outputs between two limits, as of `sigmoid`, or logits \
             (no activation); `Auc` compares outputs of any size"
        );
    }

    #[test]
    fn decisions_follow_the_task() {
        // Logits of labels: above zero. Logits of classes: the largest. One's own threshold: every output.
        let values = [[0.2, 0.3, -1.0], [-0.5, -0.2, -0.1]];
        let labels = [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(over::<Linear, _, _>(Recall::new(), &values, &labels), 2.0 / 3.0);
        assert_eq!(over::<Linear, _, _>(Recall::new(), &values, &[0u8, 2]), 0.5);
        assert_eq!(over::<LogSoftmax, _, _>(Recall::new(), &values, &labels), 2.0 / 3.0);
        assert_eq!(over::<Softmax, _, _>(Recall::new().threshold(0.25), &values, &labels), 1.0 / 3.0);
        assert_eq!(over::<Linear, _, _>(Recall::new().class_id(2), &values, &labels), 0.0);
    }

    #[test]
    fn minus_one_says_no_to_a_single_output() {
        fn scores<Label: AccuracyLabel<1> + DecisionLabel<1>>(labels: [Label; 4]) -> [f64; 6] {
            let values = [[0.75], [-1.0], [0.5], [-0.25]];
            let mut accuracy = Accuracy::new();
            assert_eq!(Metric::<Linear, [f32; 1], Label>::check_labels(&Recall::new(), &labels), Ok(()));
            Metric::<Tanh, _, _>::update(&mut accuracy, &values, &labels);
            [
                Metric::<Tanh, [f32; 1], Label>::compute(&accuracy),
                over::<Linear, _, _>(Accuracy::new(), &values, &labels),
                over::<Linear, _, _>(Precision::new(), &values, &labels),
                over::<Linear, _, _>(Auc::new(), &values, &labels),
                over::<Linear, _, _>(AveragePrecision::new(), &values, &labels),
                over::<Linear, _, _>(AucOverThresholds::new(5), &values, &labels),
            ]
        }
        let expected = scores([true, false, false, true]);
        assert_eq!(expected[..4], [0.5, 0.5, 0.5, 0.75]);
        assert_eq!(scores([1i8, -1, -1, 1]), expected);
        assert_eq!(scores([1i32, -1, 0, 1]), expected);
        assert_eq!(scores([1i64, -1, -1, 1]), expected);
        assert_eq!(scores([1.0f32, -1.0, -1.0, 1.0]), expected);
        assert_eq!(scores([[1.0f32], [-1.0], [-1.0], [1.0]]), expected);
        let (values, labels) = ([[0.75, -1.0], [0.5, -0.25]], [[1.0, -1.0], [-1.0, 1.0]]);
        assert_eq!(over::<Linear, _, _>(BinaryAccuracy::new(), &values, &labels), 0.5);
        assert_eq!(over::<Linear, _, _>(Precision::new(), &values, &labels), 0.5);
    }

    #[test]
    fn labels_that_a_metric_cannot_use_are_found() {
        #[track_caller]
        fn check<const N: usize, Label>(
            metric: impl Metric<Softmax, [f32; N], Label>,
            labels: &[Label],
            text: &str,
        ) {
            assert_eq!(metric.check_labels(&labels[..1]), Ok(()));
            let error = metric.check_labels(labels).expect_err("a label that cannot be").to_string();
            assert!(error.starts_with("label 1 ") && error.contains(text), "`{error}` does not say `{text}`");
        }
        check::<3, _>(Precision::new(), &[0u8, 3], "class 3, expected a class from 0 to 2");
        check::<3, _>(Recall::new(), &[0i32, -1], "class -1");
        check::<1, _>(Specificity::new(), &[-1i8, 2], "class 2, expected a class from 0 to 1");
        check::<1, _>(F1Score::new(), &[-1i64, -2], "class -2");
        check::<1, _>(FBetaScore::new(), &[-1.0f32, 3.5], "3.5");
        check::<2, _>(Auc::new(), &[[1.0f32, 0.25], [1.0, f32::NAN]], "NaN at place 1");
        check::<3, _>(AveragePrecision::new(), &[2u64, u64::MAX], "class 18446744073709551615");
        check::<3, _>(AucOverThresholds::new(3), &[2usize, 7], "class 7");
        check::<3, _>(TopKCategoricalAccuracy::new(2), &[2u8, 3], "class 3");
        check::<2, _>(TopKCategoricalAccuracy::new(2), &[[0.5f32, 0.5], [0.5, 1.0]], "sums to 1.5");
    }

    #[test]
    fn names_of_ones_own_reach_the_history_and_outlast_a_reset() {
        fn check<Head, Output, Label>(mut metrics: impl Metrics<Head, Output, Label>, expected: &[&str]) {
            metrics.reset();
            assert_eq!(metrics.names(), expected);
            assert_eq!(metrics.check(), Ok(()));
        }
        let metrics = (
            Accuracy::new().named("a"),
            CategoricalAccuracy::new().named("b"),
            TopKCategoricalAccuracy::new(3).named("c"),
            BinaryAccuracy::new().named("d"),
            Precision::new().class_id(1).named("e"),
            Auc::new().named("f"),
            AucOverThresholds::default().named("g"),
            R2Score::new().named("h"),
        );
        check::<Softmax, [f32; 3], [f32; 3]>(metrics, &["a", "b", "c", "d", "e", "f", "g", "h"]);
        let metrics = (
            MeanAbsoluteError::new().named("a"),
            MeanSquaredError::new().named("b"),
            RootMeanSquaredError::new().named("c"),
            MeanAbsolutePercentageError::new().named("d"),
            PearsonCorrelation::new().named("e"),
        );
        check::<Linear, [f32; 3], [f32; 3]>(metrics, &["a", "b", "c", "d", "e"]);
        let metrics = (SparseCategoricalAccuracy::new().named("a"), TopKCategoricalAccuracy::default());
        check::<Softmax, [f32; 3], u8>(metrics, &["a", "top_k_categorical_accuracy"]);
    }

    #[test]
    fn a_name_is_that_of_one_column() {
        fn found(metrics: impl Metrics<Sigmoid, [f32; 1], u8>) -> Option<(&'static str, &'static str)> {
            match metrics.check() {
                Ok(()) => None,
                Err(MetricError::Name { name, also }) => Some((name, also)),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(found((Auc::new(), Accuracy::new(), Recall::new())), None);
        let another = Some(("auc", "another metric"));
        assert_eq!(found((Auc::new(), Accuracy::new(), AucOverThresholds::default())), another);
        assert_eq!(found((Auc::new(), AucOverThresholds::default().named("auc_200"))), None);
        assert_eq!(found((Auc::new().named("loss"),)), Some(("loss", "the loss")));
        for name in ["epoch", "learning_rate", "seconds"] {
            assert_eq!(found((Auc::new().named(name),)), Some((name, "a column of logs")));
        }
        assert_eq!(found((Auc::new().named("val_auc"),)), Some(("val_auc", "a score of validation")));
    }

    #[test]
    #[should_panic(expected = "class 3 is not one of 3")]
    fn precision_of_a_class_too_many_panics() {
        Metric::<Softmax, _, _>::update(&mut Precision::new(), &[[0.0; 3]], &[3u8]);
    }

    #[test]
    #[should_panic(expected = "class 2 is not one of 2")]
    fn recall_of_a_third_truth_value_panics() {
        Metric::<Sigmoid, _, _>::update(&mut Recall::new(), &[[0.0; 1]], &[2u8]);
    }

    #[test]
    fn a_tuple_runs_its_metrics_side_by_side() {
        fn run<M: Metrics<Linear, [f32; 1], f32>>(mut metrics: M) -> (Vec<&'static str>, Vec<f64>) {
            metrics.update(&[[9.0]], &[0.0]);
            metrics.reset();
            metrics.update(&[[1.0], [3.0]], &[0.0, 0.0]);
            let mut values = Vec::new();
            metrics.compute(&mut values);
            (metrics.names(), values)
        }
        assert_eq!(run(()), (vec![], vec![]));
        assert_eq!(run((MeanSquaredError::new(),)), (vec!["mean_squared_error"], vec![5.0]));
        assert_eq!(
            run((MeanAbsoluteError::new(), MeanSquaredError::new(), Accuracy::new())),
            (vec!["mean_absolute_error", "mean_squared_error", "accuracy"], vec![2.0, 5.0, 0.0])
        );
    }

    #[test]
    fn confusion_matrix_counts_and_displays() {
        let mut matrix = ConfusionMatrix::<3>::new();
        matrix.update(&[[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]], &[0u8, 0]);
        matrix.update(&[[0.0, 0.9, 0.1]], &[1u8]);
        assert_eq!(matrix.counts(), [[1, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!((matrix.accuracy(), matrix.recall(0), matrix.precision(1)), (2.0 / 3.0, 0.5, 0.5));
        assert!(matrix.recall(2).is_nan());
        let table = "\
true \\ predicted 0 1 2   recall
               0 1 1 0  50.00 %
               1 0 1 0 100.00 %
               2 0 0 0        -
";
        assert_eq!(matrix.to_string(), table);
    }

    #[test]
    #[should_panic(expected = "class 3 is not one of 3")]
    fn confusion_of_a_class_too_many_panics() {
        ConfusionMatrix::<3>::new().update(&[[0.0; 3]], &[3u8]);
    }

    #[test]
    #[should_panic(expected = "one label for each prediction")]
    fn unequal_numbers_of_labels_and_predictions_panic() {
        Metric::<Softmax, _, _>::update(&mut Accuracy::new(), &[[0.0, 1.0]], &[0u8, 1]);
    }
}
