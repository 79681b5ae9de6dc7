//! Loss and metrics over the steps of a loop written by hand.

use core::fmt;
use core::marker::PhantomData;

use crate::layers::Model;
use crate::metrics::Metrics;
use crate::model::{Error, Scores, Trainer};

/// Loss and metrics over the steps since the last [`reset`](Self::reset), exact also where batches are unequal: the training
/// scores of an epoch, as `fit` has them. Made by [`Trainer::running_scores`].
///
/// # Example
/// ```
/// use typenet::kernels::Rng;
/// use typenet::prelude::*;
///
/// model! { Xor < Dense(2 => 8, tanh), Dense(8 => 2, softmax) > }
///
/// let (samples, labels) = ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0_u8, 1, 1, 0]);
/// let mut trainer = Xor::new(1).compile(Adam::new(0.05), CategoricalCrossEntropy, (Accuracy::new(),));
/// let mut scores = trainer.running_scores()?;
/// for epoch in 1..=100 {
///     scores.reset();
///     for (samples, labels) in samples.chunks(3).zip(labels.chunks(3)) {
///         let loss = trainer.train_on_batch(samples, labels, &Rng::seed(7))?;
///         scores.add(loss, trainer.step_predictions(), labels)?;
///     }
///     if epoch == 100 {
///         println!("{}", scores.scores());
///     }
/// }
/// assert_eq!(scores.scores().get("accuracy"), Some(1.0));
/// # Ok::<(), typenet::model::Error>(())
/// ```
pub struct RunningScores<M, K, Y> {
    metrics: K,
    /// Summed over the samples.
    loss: f64,
    samples: usize,
    of: PhantomData<fn(&M, &Y)>,
}

impl<M, K, Y> fmt::Debug for RunningScores<M, K, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningScores").field("samples", &self.samples).finish_non_exhaustive()
    }
}

impl<M: Model, O, L, K> Trainer<M, O, L, K> {
    /// The loss, and the metrics given to `compile`, over no steps yet. They are the loop's own: an evaluation in between does
    /// not disturb them.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0], [3.0]], [2.0_f32, 4.0, 6.0]);
    /// let mean_error = LossMetric::new(MeanAbsoluteError);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, (mean_error,));
    /// let mut running = trainer.running_scores()?;
    /// for (samples, labels) in samples.chunks(2).zip(labels.chunks(2)) {
    ///     let loss = trainer.train_on_batch(samples, labels, &Rng::seed(1))?;
    ///     running.add(loss, trainer.step_predictions(), labels)?;
    /// }
    /// assert_eq!(running.scores(), trainer.evaluate(&samples, &labels)?);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MetricSetting`] if a metric cannot be, or not of this model.
    pub fn running_scores<Y>(&self) -> Result<RunningScores<M, K, Y>, Error>
    where
        K: Metrics<M::Head, M::Prediction, Y> + Clone,
    {
        self.metrics.check()?;
        let mut metrics = self.metrics.clone();
        metrics.reset();
        Ok(RunningScores { metrics, loss: 0.0, samples: 0, of: PhantomData })
    }
}

impl<M: Model, K: Metrics<M::Head, M::Prediction, Y>, Y> RunningScores<M, K, Y> {
    /// Takes a step into account: its mean loss, its predictions, its labels.
    ///
    /// # Errors
    /// [`Error::Counts`] if there is not one label for each prediction, [`Error::MetricLabel`] for a label that a metric cannot
    /// use; then the scores are as before.
    pub fn add(&mut self, loss: f64, predictions: &[M::Prediction], labels: &[Y]) -> Result<(), Error> {
        let (samples, labels_found) = (predictions.len(), labels.len());
        if samples != labels_found {
            return Err(Error::Counts {
                set: "predictions of a step",
                output: "",
                samples,
                labels: labels_found,
            });
        }
        let set = "labels of a step";
        self.metrics.check_labels(labels).map_err(|error| Error::MetricLabel { set, output: "", error })?;
        self.metrics.update(predictions, labels);
        self.loss += loss * samples as f64;
        self.samples += samples;
        Ok(())
    }

    /// The mean loss and the metrics; NaN over no steps.
    pub fn scores(&self) -> Scores {
        Scores::of(&self.metrics, self.loss, self.samples)
    }

    /// Forgets all steps.
    pub fn reset(&mut self) {
        self.metrics.reset();
        (self.loss, self.samples) = (0.0, 0);
    }
}
