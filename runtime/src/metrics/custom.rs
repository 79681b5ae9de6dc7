//! A metric of one's own, as a closure.

use super::{Mean, Metric};

/// A metric of one's own: the mean over all samples of what a closure says of a prediction and its label.
///
/// A metric that is no mean over samples is a type that implements [`Metric`].
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::metrics::{self, Metric};
///
/// let mut within = metrics::from_fn("within_1", |y: &[f32; 1], t: &f32| f64::from((y[0] - t).abs() <= 1.0));
/// let metric: &mut dyn Metric<Linear, [f32; 1], f32> = &mut within;
/// metric.update(&[[1.0], [3.0]], &[1.5, 0.0]);
/// assert_eq!(metric.compute(), 0.5);
/// ```
pub const fn from_fn<F>(name: &'static str, function: F) -> FromFn<F> {
    FromFn { name, function, mean: Mean::new() }
}

/// What [`from_fn`] makes.
///
/// Of a function without state it has a type that can be written:
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{FromFn, Metric, from_fn};
///
/// /// How sure the model is, whether it is right or not.
/// const CONFIDENCE: FromFn<fn(&[f32; 2], &u8) -> f64> =
///     from_fn("confidence", |prediction, _| f64::from(prediction[0].max(prediction[1])));
///
/// let metric: &mut dyn Metric<Softmax, [f32; 2], u8> = &mut CONFIDENCE.clone();
/// metric.update(&[[0.25, 0.75], [0.5, 0.5]], &[0, 0]);
/// assert_eq!((metric.name(), metric.compute()), ("confidence", 0.625));
/// ```
#[derive(Debug, Clone)]
pub struct FromFn<F> {
    name: &'static str,
    function: F,
    mean: Mean,
}

impl<Head, Output, Label, F: Fn(&Output, &Label) -> f64 + Send> Metric<Head, Output, Label> for FromFn<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reset(&mut self) {
        self.mean = Mean::new();
    }

    fn update(&mut self, predictions: &[Output], labels: &[Label]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        let values = predictions.iter().zip(labels).map(|(y, t)| (self.function)(y, t));
        self.mean.add(values.sum(), labels.len());
    }

    fn compute(&self) -> f64 {
        self.mean.value()
    }
}
