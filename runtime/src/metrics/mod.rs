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

/// A setting of a metric that cannot be, or not for the model.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Metric, Precision};
///
/// let metric: &dyn Metric<Softmax, [f32; 3], u8> = &Precision::new().class_id(3);
/// let error = metric.check().unwrap_err();
/// assert_eq!(error.to_string(), "Precision: `class_id` is 3, expected a class from 0 to 2");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{metric}: `{setting}` is {found}, expected {expected}")]
pub struct MetricError {
    /// The metric's type: `Precision`.
    pub metric: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub found: f64,
}

/// An error if `class` is none of a model of `outputs` outputs.
fn class_error(metric: &'static str, class: Option<usize>, outputs: usize) -> Result<(), MetricError> {
    match class {
        Some(class) if class >= outputs => Err(MetricError {
            metric,
            setting: "class_id",
            expected: format!("a class from 0 to {}", outputs - 1),
            found: class as f64,
        }),
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
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit a model that ends in `{Head}` and predicts `{Output}`",
    label = "this is where the metric does not fit the model"
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
    /// Forgets all samples, but keeps memory that the next will need.
    fn reset(&mut self);
    /// Takes a batch into account.
    ///
    /// # Panics
    /// If there are not as many labels as predictions.
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
    message = "`{Self}` is not a tuple of metrics for a model that ends in `{Head}` and predicts `{Output}`",
    label = "this is where the metrics, given to `compile`, are used",
    note = "metrics are a tuple: `()`, `(Accuracy::new(),)`, `(Accuracy::new(), MeanSquaredError::new())`"
)]
pub trait Metrics<Head, Output, Label>: Send {
    /// Their names, in order.
    fn names(&self) -> Vec<&'static str>;
    /// Whether the settings of each can be.
    ///
    /// # Errors
    /// [`MetricError`] names the first that cannot.
    fn check(&self) -> Result<(), MetricError>;
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
    fn a_name_of_ones_own_reaches_the_history() {
        let metrics = (Precision::new().class_id(1).named("precision_1"), Auc::new().named("roc"));
        assert_eq!(Metrics::<Softmax, [f32; 3], u8>::names(&metrics), ["precision_1", "roc"]);
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
