//! A compiled model: the model, its optimizer with its state, its loss and its metrics.

use core::ops::{Deref, DerefMut};

use super::weights::check_sample_weights;
use super::workspace::{Workspace, step_cost};
use super::{Error, Fit, Predictor, Scores, finite};
use crate::data::find_non_finite;
use crate::hardware::threads;
use crate::kernels::Rng;
use crate::layers::{Forward, Layer, Model, Step, Trained, input_len, output_len, parameter_count};
use crate::losses::Loss;
use crate::metrics::Metrics;
use crate::optimizers::{Gradient, Optimizer};
use crate::tensor::Buffer;

/// Parameters from which a step on one sample updates each layer as its gradient is made: the gradients of fewer stay in
/// the second cache, and a single update then costs less than one for each layer.
const ONE_PASS: usize = 1 << 16;

/// Samples that are evaluated together.
const EVALUATION_BATCH: usize = 256;

/// A model that is ready to be trained; made by [`compile`](super::ModelExt::compile).
///
/// It can be used like the model itself: `trainer.predict(&sample)`.
#[derive(Debug)]
pub struct Trainer<M, O, L, K> {
    pub(super) model: Box<M>,
    pub(super) optimizer: O,
    pub(super) loss: L,
    pub(super) metrics: K,
    /// The optimizer's state: one block for each of its slots.
    pub(super) slots: Vec<Buffer>,
    /// Updates done so far.
    pub(super) step: u64,
    workspace: Option<Workspace>,
}

impl<M, O, L, K> Deref for Trainer<M, O, L, K> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

impl<M, O, L, K> DerefMut for Trainer<M, O, L, K> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.model
    }
}

impl<M, O, L, K> Trainer<M, O, L, K> {
    pub(super) fn new(model: Box<M>, optimizer: O, loss: L, metrics: K) -> Self {
        Self { model, optimizer, loss, metrics, slots: Vec::new(), step: 0, workspace: None }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, without what trained it.
    pub fn into_model(self) -> Box<M> {
        self.model
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }

    /// Number of updates done so far.
    pub fn step(&self) -> u64 {
        self.step
    }
}

/// Samples and labels that belong together, checked.
pub(super) fn check<M, Y, L>(
    set: &'static str,
    loss: &L,
    samples: &[M::Sample],
    labels: &[Y],
) -> Result<(), Error>
where
    M: Model,
    L: Loss<M::Head, M::Prediction, Y>,
{
    if samples.len() != labels.len() {
        return Err(Error::Counts { set, samples: samples.len(), labels: labels.len() });
    }
    if samples.is_empty() {
        return Err(Error::NoSamples { set });
    }
    let values: &[f32] = bytemuck::cast_slice(samples);
    if let Some(found) = find_non_finite(values, input_len::<M>()) {
        return Err(Error::Input { set, found });
    }
    loss.validate()?;
    loss.check_labels(labels).map_err(|error| Error::Label { set, error })
}

impl<M: Model, O, L, K> Trainer<M, O, L, K> {
    /// Trains on samples and labels: a run with the options that are set on it.
    ///
    /// ```text
    /// let history = trainer.fit(&images, &labels).epochs(5).batch_size(128).run()?;
    /// ```
    pub fn fit<'a, Y>(&'a mut self, samples: &'a [M::Sample], labels: &'a [Y]) -> Fit<'a, M, O, L, K, Y>
    where
        O: Optimizer,
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
        Y: Copy + Send + Sync,
    {
        Fit::new(self, samples, labels)
    }
}

impl<M: Model, O: Optimizer, L: Send, K: Send> Trainer<M, O, L, K> {
    /// Loss and metrics over samples that are not trained on.
    ///
    /// # Errors
    /// [`Error`] if there are no samples, counts disagree, a sample is not finite, or a label cannot be.
    pub fn evaluate<Y>(&mut self, samples: &[M::Sample], labels: &[Y]) -> Result<Scores, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
        Y: Sync,
    {
        check::<M, Y, L>("evaluation samples", &self.loss, samples, labels)?;
        self.metrics.check()?;
        Ok(self.scores(samples, labels, None))
    }

    /// As [`evaluate`](Self::evaluate), with a weight for each sample's loss: `Σ wᵢ·lossᵢ / samples`, as in Keras. The
    /// metrics count every sample once.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), and if there is not one finite weight, not below zero, for each sample.
    pub fn evaluate_weighted<Y>(
        &mut self,
        samples: &[M::Sample],
        labels: &[Y],
        weights: &[f32],
    ) -> Result<Scores, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
        Y: Sync,
    {
        check::<M, Y, L>("evaluation samples", &self.loss, samples, labels)?;
        check_sample_weights("evaluation samples", samples.len(), weights)?;
        self.metrics.check()?;
        Ok(self.scores(samples, labels, Some(weights)))
    }

    /// As `evaluate`, for samples, labels and weights that have been checked.
    pub(super) fn scores<Y>(&mut self, samples: &[M::Sample], labels: &[Y], weights: Option<&[f32]>) -> Scores
    where
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
        Y: Sync,
    {
        let batch = EVALUATION_BATCH.min(samples.len());
        let mut predictor = Predictor::<M>::new(batch);
        let mut predictions: Vec<M::Prediction> = vec![bytemuck::Zeroable::zeroed(); batch];
        let mut loss = 0.0;
        self.metrics.reset();
        for (i, (samples, labels)) in samples.chunks(batch).zip(labels.chunks(batch)).enumerate() {
            let weights = weights.map(|weights| &weights[i * batch..][..samples.len()]);
            let predictions = &mut predictions[..samples.len()];
            predictor.run::<M::Body>(&self.model, samples, bytemuck::cast_slice_mut(predictions));
            loss += self.loss.evaluate(labels, weights, bytemuck::cast_slice_mut(predictions), None);
            self.metrics.update(predictions, labels);
        }
        self.training_scores(loss, samples.len())
    }

    /// The metrics as they stand, and the mean of a summed loss.
    pub(super) fn training_scores<Y>(&self, loss: f64, samples: usize) -> Scores
    where
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        let mut values = Vec::new();
        self.metrics.compute(&mut values);
        let names = self.metrics.names().into_iter().map(str::to_string);
        Scores { loss: loss / samples as f64, metrics: names.zip(values).collect() }
    }

    /// Memory for steps of up to `batch` samples, and for the optimizer's state.
    pub(super) fn reserve(&mut self, batch: usize) {
        if self.workspace.as_ref().is_none_or(|workspace| workspace.capacity < batch) {
            self.workspace = Some(Workspace::new::<M>(batch));
        }
        self.reserve_slots();
    }

    /// Reads the last step's predictions from elsewhere.
    pub(super) fn put_predictions(&mut self, predictions: &[f32]) {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        workspace.output[..predictions.len()].copy_from_slice(predictions);
    }

    /// The last step's predictions for so many samples.
    pub(super) fn predictions(&self, samples: usize) -> &[f32] {
        let workspace = self.workspace.as_ref().expect("a step was done");
        &workspace.output[..samples * output_len::<M>()]
    }
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// Memory for the optimizer's state.
    pub(super) fn reserve_slots(&mut self) {
        let parameters = parameter_count::<f32, M>();
        self.slots.resize_with(self.optimizer.slots().len(), || Buffer::zeroed(parameters));
    }
}

impl<M: Model, O: Optimizer, L: Send, K: Send> Trainer<M, O, L, K> {
    /// One step on one batch: forward, loss, backward, update. Returns the batch's mean loss before the update.
    ///
    /// Samples and labels are taken as they are; the metrics are not touched. Once a batch of this size has been
    /// met, a step allocates nothing.
    ///
    /// # Errors
    /// [`Error`] if there are no samples, counts disagree, a sample is not finite, a label or a setting of the
    /// optimizer cannot be, or the loss is not finite; then the model is as before.
    pub fn train_on_batch<Y>(&mut self, samples: &[M::Sample], labels: &[Y], rng: &Rng) -> Result<f64, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
        Y: Sync,
    {
        self.optimizer.validate()?;
        check::<M, Y, L>("training samples", &self.loss, samples, labels)?;
        self.reserve(samples.len());
        let input = Some(bytemuck::cast_slice(samples));
        threads::enter(step_cost::<M>(samples.len()), || self.step_on(input, labels, None, 0, rng))
            .map(|loss| loss / samples.len() as f64)
    }

    /// The samples of the next step: `index` of `samples`, in order.
    pub(super) fn gather(&mut self, samples: &[M::Sample], index: &[u32]) {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        let values: &[f32] = bytemuck::cast_slice(samples);
        let len = input_len::<M>();
        for (to, &i) in workspace.input.chunks_exact_mut(len).zip(index) {
            to.copy_from_slice(&values[i as usize * len..][..len]);
        }
    }

    /// Updates the metrics with the predictions of the last step.
    pub(super) fn update_metrics<Y>(&mut self, labels: &[Y])
    where
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        let workspace = self.workspace.as_ref().expect("a step was done");
        let predictions = &workspace.output[..labels.len() * output_len::<M>()];
        self.metrics.update(bytemuck::cast_slice(predictions), labels);
    }

    /// One step on these samples, or on the gathered ones. Returns the batch's summed, weighted loss before the update.
    pub(super) fn step_on<Y>(
        &mut self,
        input: Option<&[f32]>,
        labels: &[Y],
        weights: Option<&[f32]>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<f64, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
    {
        let batch = labels.len();
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        let input = input.unwrap_or(&workspace.input[..batch * input_len::<M>()]);
        let output = &mut workspace.output[..batch * output_len::<M>()];
        let grad_output = &mut workspace.grad_output[..batch * output_len::<M>()];
        let cache = &mut workspace.cache[..batch * M::CACHE];
        let (parameters, buffers) = self.model.block_mut().split_at_mut(parameter_count::<f32, M>());

        <M::Body as Layer>::forward(Forward {
            batch,
            parameters,
            buffers,
            input,
            output,
            cache,
            rng: rng.fork(self.step),
        });
        let loss = self.loss.evaluate(labels, weights, output, Some(grad_output));
        if !loss.is_finite() {
            let cause = finite::cause(M::LAYERS, self.model.block());
            return Err(Error::NonFiniteLoss {
                epoch,
                step: self.step + 1,
                loss: loss / batch as f64,
                cause,
            });
        }
        self.step += 1;
        let one_pass = batch == 1 && parameters.len() >= ONE_PASS;
        let (optimizer, step) = (&self.optimizer, self.step);
        let elementwise = optimizer.elementwise();
        let update = |parameters: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]| match (
            elementwise,
            gradient,
        ) {
            (Some(optimizer), _) => optimizer.update_part(step, parameters, gradient, slots),
            (None, Gradient::Values(gradients)) => optimizer.update(step, parameters, gradients, slots),
            (None, _) => unreachable!("the gradient of a step in two passes is in memory"),
        };
        let slots = self.slots.iter_mut().map(|slot| &mut **slot);
        let pass = Step {
            batch,
            trained: Trained::new(parameters, &mut workspace.gradients, slots, &update),
            input,
            output,
            cache,
            grad_output,
            grad_input: None,
            scratch: &mut workspace.scratch[..batch * M::BACKWARD_SCRATCH],
        };
        // Gradients of more samples go through memory anyway.
        if elementwise.is_some() && one_pass {
            <M::Body as Layer>::step(pass);
        } else {
            pass.in_two_passes::<M::Body>();
        }
        Ok(loss)
    }
}
