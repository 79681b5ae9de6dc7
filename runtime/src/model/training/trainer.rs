//! A compiled model: the model, its optimizer with its state, its loss and its metrics.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::sample_weights::check_sample_weights;
use super::trainable::Trainable;
use super::updates::Updates;
use super::workspace::{Evaluation, Workspace, step_cost};
use crate::data::find_non_finite;
use crate::hardware::Buffer;
use crate::hardware::threads;
use crate::kernels::Rng;
use crate::kernels::flush::flush_all;
use crate::kernels::update::MAX_SLOTS;
use crate::layers::{
    Backward, Cpu, Forward, Headless, Model, Port, Run, Step, Trained, input_len, output_len, parameter_count,
};
use crate::losses::Loss;
use crate::metrics::Metrics;
use crate::model::report::finite;
use crate::model::{Error, Scores};
use crate::optimizers::{Gradient, Optimizer, Turn};

/// Parameters from which a step on one sample updates each layer as its gradient is made: the gradients of fewer stay in
/// the second cache, and a single update then costs less than one for each layer.
const ONE_PASS: usize = 1 << 16;

/// Samples that are evaluated together.
const EVALUATION_BATCH: usize = 256;

/// A model that is ready to be trained; made by [`compile`](crate::model::ModelExt::compile).
///
/// It can be used like the model itself: `trainer.predict(&sample)`.
///
/// A loop written by hand, two steps down the slope of a loss; what such a loop reaches for besides is in
/// [`RunningScores`](crate::model::RunningScores), [`step_rng`](crate::model::step_rng) and [`shuffle_epoch`](crate::model::shuffle_epoch):
///
/// ```
/// use typenet::kernels::Rng;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let rng = Rng::seed(1);
/// let mut losses = Vec::new();
/// for _ in 0..2 {
///     losses.push(trainer.train_on_batch(&samples, &labels, &rng)?);
/// }
/// assert_eq!(losses, [10.0, 0.28125]);
/// assert_eq!(trainer.evaluate(&samples, &labels)?.loss, 0.28125 * 0.28125);
/// assert_eq!((trainer.step(), trainer.learning_rate()), (2, trainer.optimizer().learning_rate));
/// assert_eq!(trainer.model().predict(&[1.0]), [2.28125]);
/// let model: Box<Line> = trainer.into_model();
/// # Ok::<(), typenet::model::Error>(())
/// ```
pub struct Trainer<M, O, L, K> {
    pub(in crate::model) model: Box<M>,
    pub(in crate::model) optimizer: O,
    pub(in crate::model) loss: L,
    pub(in crate::model) metrics: K,
    /// The optimizer's state: one block for each of its slots.
    pub(in crate::model) slots: Vec<Buffer>,
    /// Steps done so far.
    pub(in crate::model) step: u64,
    pub(in crate::model) updates: Updates,
    /// Number of the last epoch that `fit`, or a loop with callbacks, has trained.
    pub(in crate::model) epochs: usize,
    pub(in crate::model) trainable: Trainable,
    pub(in crate::model) workspace: Option<Workspace>,
    evaluation: Option<Evaluation<M>>,
}

impl<M: Model, O: fmt::Debug, L: fmt::Debug, K: fmt::Debug> fmt::Debug for Trainer<M, O, L, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("model", &M::NAME)
            .field("parameters", &parameter_count::<M>())
            .field("optimizer", &self.optimizer)
            .field("loss", &self.loss)
            .field("metrics", &self.metrics)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
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
    pub(in crate::model) fn new(model: Box<M>, optimizer: O, loss: L, metrics: K) -> Self
    where
        M: Model,
    {
        let trainable = Trainable::of::<M>();
        Self {
            model,
            optimizer,
            loss,
            metrics,
            slots: Vec::new(),
            step: 0,
            updates: Updates::default(),
            epochs: 0,
            trainable,
            workspace: None,
            evaluation: None,
        }
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

    /// Number of steps done so far. Each is an update, unless the optimizer accumulates gradients.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Number of updates made so far: fewer than steps if the optimizer accumulates gradients.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125).accumulate(2), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0], [3.0]], &[2.0_f32, 4.0, 6.0]).batch_size(1).epochs(2);
    /// fit.progress(false).run()?;
    /// // Each epoch ends with an update by the one gradient that is left.
    /// assert_eq!((trainer.step(), trainer.updates(), trainer.epochs()), (6, 4, 2));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn updates(&self) -> u64 {
        self.updates.made
    }

    /// Number of the last epoch that [`fit`](Self::fit) has trained, from which another call goes on; 0 before the first.
    pub fn epochs(&self) -> usize {
        self.epochs
    }

    /// The step size of the last step, or of the first if there was none.
    pub fn learning_rate(&self) -> f64
    where
        O: Optimizer,
    {
        self.optimizer.learning_rate_at(self.updates.present())
    }
}

/// Samples and labels that belong together, checked.
pub(in crate::model) fn check<M, Y, L>(
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
    loss.validate().map_err(Error::LossSetting)?;
    loss.check_labels(labels).map_err(|error| Error::Label { set, error })
}

/// Metrics that can be, and labels that each of them can use.
pub(in crate::model) fn check_metrics<M, Y, K>(
    set: &'static str,
    metrics: &K,
    labels: &[Y],
) -> Result<(), Error>
where
    M: Model,
    K: Metrics<M::Head, M::Prediction, Y>,
{
    metrics.check()?;
    metrics.check_labels(labels).map_err(|error| Error::MetricLabel { set, error })
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// Loss and metrics over samples that are not trained on.
    ///
    /// # Errors
    /// [`Error`] if there are no samples, counts disagree, a sample is not finite, or a label cannot be; and if there is no
    /// memory for up to 256 samples at a time.
    pub fn evaluate<Y>(&mut self, samples: &[M::Sample], labels: &[Y]) -> Result<Scores, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        check::<M, Y, L>("evaluation samples", &self.loss, samples, labels)?;
        check_metrics::<M, Y, K>("evaluation samples", &self.metrics, labels)?;
        self.scores(samples, labels, None)
    }

    /// As [`evaluate`](Self::evaluate), with a weight for each sample's loss: `Σ wᵢ·lossᵢ / samples`, as in Keras. The
    /// metrics count every sample once.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let scores = trainer.evaluate_weighted(&[[1.0], [2.0]], &[2.0_f32, 4.0], &[1.0, 0.5])?;
    /// assert_eq!(scores.loss, (1.0 * 4.0 + 0.5 * 16.0) / 2.0);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
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
    {
        check::<M, Y, L>("evaluation samples", &self.loss, samples, labels)?;
        check_sample_weights("evaluation samples", samples.len(), weights)?;
        check_metrics::<M, Y, K>("evaluation samples", &self.metrics, labels)?;
        self.scores(samples, labels, Some(weights))
    }

    /// As `evaluate`, for samples, labels and weights that have been checked.
    pub(in crate::model) fn scores<Y>(
        &mut self,
        samples: &[M::Sample],
        labels: &[Y],
        weights: Option<&[f32]>,
    ) -> Result<Scores, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        self.reserve_evaluation(samples.len())?;
        let evaluation = self.evaluation.as_mut().expect("reserved above");
        let batch = evaluation.capacity;
        let mut loss = 0.0;
        self.metrics.reset();
        for (i, (samples, labels)) in samples.chunks(batch).zip(labels.chunks(batch)).enumerate() {
            let weights = weights.map(|weights| &weights[i * batch..][..samples.len()]);
            let output = &mut evaluation.output[..samples.len() * output_len::<M>()];
            let logits = bytemuck::cast_slice_mut(&mut *output);
            evaluation.predictor.run::<Headless<M>>(&self.model, samples, logits);
            loss += self.loss.evaluate(labels, weights, output, None);
            self.metrics.update(bytemuck::cast_slice(output), labels);
        }
        let penalty = self.trainable.penalty(&self.model.block()[..parameter_count::<M>()]);
        Ok(self.scores_so_far(loss + penalty * samples.len() as f64, samples.len()))
    }

    /// The metrics as they stand, and the mean of a summed loss.
    pub(in crate::model) fn scores_so_far<Y>(&self, loss: f64, samples: usize) -> Scores
    where
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        Scores::of(&self.metrics, loss, samples)
    }

    /// Memory for steps of up to `batch` samples, and for the optimizer's state.
    pub(in crate::model) fn reserve(&mut self, batch: usize) -> Result<(), Error> {
        if self.workspace.as_ref().is_none_or(|workspace| workspace.capacity < batch) {
            // What is too small goes first: both need not fit.
            self.workspace = None;
            self.workspace = Some(Workspace::new::<M>(batch)?);
        }
        self.reserve_slots()
    }

    /// Memory for evaluations of `samples` samples, which are taken a batch at a time.
    pub(in crate::model) fn reserve_evaluation(&mut self, samples: usize) -> Result<(), Error> {
        let batch = samples.min(EVALUATION_BATCH);
        if self.evaluation.as_ref().is_none_or(|evaluation| evaluation.capacity < batch) {
            self.evaluation = None;
            self.evaluation = Some(Evaluation::new(batch)?);
        }
        Ok(())
    }

    /// Reads the last step's predictions from elsewhere.
    pub(in crate::model) fn put_predictions(&mut self, predictions: &[f32]) {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        workspace.output[..predictions.len()].copy_from_slice(predictions);
    }

    /// The last step's predictions for so many samples.
    pub(in crate::model) fn predictions(&self, samples: usize) -> &[f32] {
        let workspace = self.workspace.as_ref().expect("a step was done");
        &workspace.output[..samples * output_len::<M>()]
    }
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// Memory for the optimizer's state.
    pub(in crate::model) fn reserve_slots(&mut self) -> Result<(), Error> {
        if self.slots.is_empty() {
            let (names, len) = (self.optimizer.slots(), parameter_count::<M>());
            let slots: Result<Vec<_>, _> = names.iter().map(|_| Buffer::try_zeroed(len)).collect();
            self.slots =
                slots.map_err(|_| Error::memory::<f32>("the optimizer's state", names.len() * len))?;
        }
        Ok(())
    }

    /// The place of one of the optimizer's slots, once there is memory for it.
    pub(super) fn slot_place(&self, name: &str) -> Option<usize> {
        let place = self.optimizer.slots().into_iter().position(|slot| slot == name)?;
        (place < self.slots.len()).then_some(place)
    }

    /// The samples of the next step: `index` of `samples`, in order.
    pub(in crate::model) fn gather(&mut self, samples: &[M::Sample], index: &[u32]) {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        let values: &[f32] = bytemuck::cast_slice(samples);
        let len = input_len::<M>();
        for (to, &i) in workspace.input.chunks_exact_mut(len).zip(index) {
            to.copy_from_slice(&values[i as usize * len..][..len]);
        }
    }

    /// Updates the metrics with the predictions of the last step.
    pub(in crate::model) fn update_metrics<Y>(&mut self, labels: &[Y])
    where
        K: Metrics<M::Head, M::Prediction, Y>,
    {
        let workspace = self.workspace.as_ref().expect("a step was done");
        let predictions = &workspace.output[..labels.len() * output_len::<M>()];
        self.metrics.update(bytemuck::cast_slice(predictions), labels);
    }

    /// One step on these samples, or on the gathered ones. Returns the batch's summed, weighted loss before the update.
    pub(in crate::model) fn step_on<Y>(
        &mut self,
        input: Option<&[M::Sample]>,
        labels: &[Y],
        weights: Option<&[f32]>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<f64, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
    {
        threads::enter(step_cost::<M>(labels.len()), || self.step_inside(input, labels, weights, epoch, rng))
    }

    /// [`step_on`](Self::step_on), where sharing costs least.
    fn step_inside<Y>(
        &mut self,
        input: Option<&[M::Sample]>,
        labels: &[Y],
        weights: Option<&[f32]>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<f64, Error>
    where
        L: Loss<M::Head, M::Prediction, Y>,
    {
        let loss = self.forward(input, labels, weights, epoch, rng)?;
        let is_one_pass = labels.len() == 1
            && !self.workspace.as_ref().is_some_and(|workspace| workspace.is_overflow_ignored)
            && parameter_count::<M>() >= ONE_PASS
            && !M::HAS_SHARED
            && self.trainable.is_plain()
            && self.optimizer.elementwise().is_some();
        if is_one_pass {
            self.step += 1;
            self.backward_and_update(input);
        } else {
            self.backward(input, labels.len())?;
            self.step += 1;
            let workspace = self.workspace.as_ref().expect("a step is reserved for");
            let parameters = &mut self.model.block_mut()[..parameter_count::<M>()];
            let slots = &mut self.slots;
            let turn = self.updates.step(&self.optimizer, labels.len());
            take_step(&self.optimizer, &turn, &self.trainable, parameters, &workspace.gradients, slots);
        }
        Ok(loss)
    }

    /// The summed, weighted loss of these samples or the gathered ones, with the penalty, and the gradient by the model's
    /// output.
    pub(in crate::model) fn forward<Y>(
        &mut self,
        input: Option<&[M::Sample]>,
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
        workspace.predicted = 0;
        let output = &mut workspace.output[..batch * output_len::<M>()];
        let grad_output = &mut workspace.grad_output[..batch * output_len::<M>()];
        let (parameters, buffers) = self.model.block_mut().split_at_mut(parameter_count::<M>());
        workspace.buffers.copy_from_slice(buffers);
        let samples = input.unwrap_or(bytemuck::cast_slice(&workspace.input[..batch * input_len::<M>()]));
        let logits = &mut workspace.logits[..batch * output_len::<M>()];
        <Headless<M> as Run>::forward(Forward {
            batch,
            parameters,
            buffers,
            input: M::sample_values(samples),
            output: M::prediction_values(bytemuck::cast_slice_mut(&mut *logits)),
            kept: &mut workspace.kept,
            scratch: &mut workspace.scratch,
            rng: rng.fork(self.step),
        });
        // The loss makes predictions of logits, which the backward pass reads as they are.
        output.copy_from_slice(logits);
        let loss = self.loss.evaluate(labels, weights, output, Some(&mut *grad_output));
        flush_all(grad_output);
        let loss = loss + self.trainable.penalty(parameters) * batch as f64;
        if !loss.is_finite() {
            buffers.copy_from_slice(&workspace.buffers);
            let cause = finite::cause_of_step(&*self.model, samples, output);
            return Err(Error::NonFiniteLoss {
                epoch,
                step: self.step + 1,
                loss: loss / batch as f64,
                cause,
            });
        }
        workspace.predicted = batch;
        let weights = weights.unwrap_or_default().iter();
        workspace.is_overflow_ignored = weights
            .zip(output.chunks_exact(output_len::<M>()))
            .any(|(weight, prediction)| *weight == 0.0 && !prediction.iter().all(|value| value.is_finite()));
        Ok(loss)
    }

    /// The gradients of the last forward pass, with those of the penalty.
    ///
    /// # Errors
    /// [`Error::NonFiniteGradient`] if the loss did not show an overflow, because the sample's weight is zero, and a gradient does.
    pub(in crate::model) fn backward(
        &mut self,
        input: Option<&[M::Sample]>,
        batch: usize,
    ) -> Result<(), Error> {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        let parameters = &self.model.block()[..parameter_count::<M>()];
        let (input_values, output_values) = (batch * input_len::<M>(), batch * output_len::<M>());
        let samples = input.unwrap_or(bytemuck::cast_slice(&workspace.input[..input_values]));
        let gradient = bytemuck::cast_slice_mut(&mut workspace.grad_output[..output_values]);
        <Headless<M> as Run>::backward(Backward {
            batch,
            parameters,
            input: M::sample_values(samples),
            output: M::logit_values(bytemuck::cast_slice(&workspace.logits[..output_values])),
            kept: &workspace.kept,
            grad_output: M::prediction_values(gradient),
            grad_input: M::Input::gradients::<Cpu>(&mut || None),
            grad_parameters: &mut workspace.gradients,
            scratch: &mut workspace.scratch,
        });
        self.trainable.add_penalty_gradients(parameters, &mut workspace.gradients);
        if workspace.is_overflow_ignored {
            self.trainable.check_gradients(&workspace.gradients, self.step + 1).inspect_err(|_| {
                self.model.block_mut()[parameter_count::<M>()..].copy_from_slice(&workspace.buffers);
            })?;
        }
        Ok(())
    }

    /// The gradients of the last forward pass over one sample, and the update of each layer as they are made.
    fn backward_and_update(&mut self, input: Option<&[M::Sample]>) {
        let workspace = self.workspace.as_mut().expect("a step is reserved for");
        let parameters = &mut self.model.block_mut()[..parameter_count::<M>()];
        let turn = self.updates.step(&self.optimizer, 1);
        let optimizer = self.optimizer.elementwise().expect("asked for by the caller");
        let update = |parameters: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]| {
            optimizer.update_part(&turn, parameters, gradient, slots);
        };
        let slots = self.slots.iter_mut().map(|slot| &mut **slot);
        let samples = input.unwrap_or(bytemuck::cast_slice(&workspace.input[..input_len::<M>()]));
        let gradient = bytemuck::cast_slice_mut(&mut workspace.grad_output[..output_len::<M>()]);
        <Headless<M> as Run>::step(Step {
            batch: 1,
            trained: Trained::new(parameters, &mut workspace.gradients[..], slots, &update),
            input: M::sample_values(samples),
            output: M::logit_values(bytemuck::cast_slice(&workspace.logits[..output_len::<M>()])),
            kept: &workspace.kept,
            grad_output: M::prediction_values(gradient),
            grad_input: M::Input::gradients::<Cpu>(&mut || None),
            scratch: &mut workspace.scratch,
        });
    }
}

/// What the optimizer does in a turn with gradients in memory, and then the constraints.
pub(in crate::model) fn take_step(
    optimizer: &impl Optimizer,
    turn: &Turn,
    trainable: &Trainable,
    parameters: &mut [f32],
    gradients: &[f32],
    slots: &mut [Buffer],
) {
    let mut lent: [&mut [f32]; MAX_SLOTS] = Default::default();
    let used = slots.len();
    for (lent, slot) in lent.iter_mut().zip(slots) {
        *lent = slot;
    }
    optimizer.update_tensors(turn, trainable.ranges(), parameters, gradients, &mut lent[..used]);
    if turn.accumulation.is_none_or(|accumulation| accumulation.updates) {
        trainable.constrain(parameters);
    }
}
