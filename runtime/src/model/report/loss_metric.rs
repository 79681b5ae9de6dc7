//! A loss as a metric.

use crate::losses::{LabelError, OfPredictions};
use crate::metrics::{Mean, Metric, MetricError};
use crate::schema::FloatArray;

/// A loss as a metric: its mean over all samples of an epoch, each counting once.
///
/// Computed from the predictions, so that cross-entropies clip probabilities at 1e-7, as in Keras.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::Huber;
/// use typenet_runtime::metrics::Metric;
/// use typenet_runtime::model::LossMetric;
///
/// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut LossMetric::new(Huber.delta(2.0)).named("huber_2");
/// metric.update(&[[1.0], [3.0]], &[1.0, 2.0]);
/// assert_eq!((metric.name(), metric.compute()), ("huber_2", 0.25));
/// ```
#[derive(Debug, Clone)]
pub struct LossMetric<L> {
    loss: L,
    name: Option<&'static str>,
    mean: Mean,
}

impl<L> LossMetric<L> {
    /// Over no samples yet.
    pub const fn new(loss: L) -> Self {
        Self { loss, name: None, mean: Mean::new() }
    }

    /// With another name than the loss has.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

impl<Head, Output: FloatArray, Label, L: OfPredictions<Head, Output, Label>> Metric<Head, Output, Label>
    for LossMetric<L>
{
    fn name(&self) -> &'static str {
        self.name.unwrap_or_else(|| self.loss.name())
    }

    fn check(&self) -> Result<(), MetricError> {
        Ok(self.loss.validate()?)
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        self.loss.check_labels(labels)
    }

    fn reset(&mut self) {
        self.mean = Mean::new();
    }

    fn update(&mut self, predictions: &[Output], labels: &[Label]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        self.mean.add(self.loss.of_predictions(labels, predictions), labels.len());
    }

    fn compute(&self) -> f64 {
        self.mean.value()
    }
}
