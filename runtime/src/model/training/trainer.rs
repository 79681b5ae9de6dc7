//! A compiled model: the model, its optimizer with its state, its loss and its metrics.

use core::fmt;
use core::ops::{Deref, DerefMut, Range};

use super::judged::{Judged, Measured, OutputLoss};
use super::labels::{Labels, Table};
use super::sample_weights::check_sample_weights;
use super::trainable::Trainable;
use super::updates::Updates;
use super::workspace::{Evaluation, Workspace};
use crate::data::{NonFiniteInput, find_non_finite};
use crate::hardware::Buffer;
use crate::hardware::threads;
use crate::kernels::Rng;
use crate::kernels::flush::flush_all;
use crate::kernels::update::MAX_SLOTS;
use crate::layers::batch::{
    Rows, output_columns, output_columns_mut, result_values, results, unpack, values,
};
use crate::layers::model::find_bad_word;
use crate::layers::{
    Backward, Cpu, Forward, Headless, Model, Port, Run, Step, Trained, output_len, parameter_count,
};
use crate::model::cost::{step_cost, step_pieces};
use crate::model::report::finite;
use crate::model::run::state::LossSum;
use crate::model::{Error, Scores};
use crate::optimizers::{Gradient, Optimizer, Turn};
use crate::schema::{Columns, MAX_FIELDS, Many, Record};

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
    /// How much the loss of each output counts.
    loss_weights: [f32; MAX_FIELDS],
    pub(in crate::model) workspace: Workspace,
    evaluation: Evaluation<M>,
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
            loss_weights: [1.0; MAX_FIELDS],
            workspace: Workspace::empty(),
            evaluation: Evaluation::empty(),
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

/// A batch of a step.
pub(in crate::model) struct Batch<'a, Y: Table> {
    /// The samples where they are; else the step is on the gathered ones.
    pub(in crate::model) samples: Option<&'a Columns<'a>>,
    /// Number of samples.
    pub(in crate::model) len: usize,
    pub(in crate::model) labels: Y,
    /// Labels to be used instead.
    pub(in crate::model) chosen: Option<&'a Y::Chosen>,
    /// How much each sample counts in the loss.
    pub(in crate::model) weights: Option<&'a [f32]>,
}

/// The name of an output, or of an input; empty if it is the only one.
fn name(names: &[&'static str], i: usize) -> &'static str {
    names.get(i).copied().unwrap_or("")
}

/// The first error that `each` finds among the losses.
fn check_losses<M, Y, L>(
    losses: &L,
    labels: Y,
    mut check: impl FnMut(&'static str, &dyn OutputLoss) -> Result<(), Error>,
) -> Result<(), Error>
where
    M: Judged<L, Y>,
    Y: Table,
{
    let (mut result, mut i) = (Ok(()), 0);
    M::each_loss(losses, labels, None, &mut |loss| {
        if result.is_ok() {
            result = check(name(M::Prediction::NAMES, i), loss);
        }
        i += 1;
    });
    result
}

/// Samples and labels that belong together, checked: how many there are.
pub(in crate::model) fn check<M, Y, L>(
    set: &'static str,
    losses: &L,
    samples: Many<'_, M::Sample>,
    labels: Y,
) -> Result<usize, Error>
where
    M: Judged<L, Y>,
    Y: Table,
{
    let (columns, names) = (M::Sample::columns(samples), M::Sample::NAMES);
    let count = columns[0].rows;
    let inputs = || M::Input::PARTS.iter().zip(&columns).enumerate();
    if let Some((i, (_, column))) = inputs().find(|(_, (_, column))| column.rows != count) {
        let (inputs, counts) = ([name(names, 0), name(names, i)], [count, column.rows]);
        return Err(Error::InputCounts { set, inputs, counts });
    }
    check_losses::<M, Y, L>(losses, labels, |output, loss| match loss.count() {
        labels if labels == count => Ok(()),
        labels => Err(Error::Counts { set, output, samples: count, labels }),
    })?;
    if count == 0 {
        return Err(Error::NoSamples { set });
    }
    find_bad_word::<M>(samples).map_err(|error| Error::Word { set, error })?;
    for (i, (part, column)) in inputs().filter(|(_, (part, _))| part.below.is_none()) {
        // The length of a sequence, which is a small whole number, is a finite number too.
        let before = usize::from(part.is_sequence);
        if let Some(found) = find_non_finite(bytemuck::cast_slice(column.words), before + part.len()) {
            let found = NonFiniteInput { feature: found.feature - before, ..found };
            return Err(Error::Input { set, input: name(names, i), found });
        }
    }
    check_losses::<M, Y, L>(losses, labels, |output, loss| {
        loss.validate().map_err(Error::LossSetting)?;
        loss.check_labels().map_err(|error| Error::Label { set, output, error })
    })?;
    Ok(count)
}

/// Metrics that can be, and labels that each of them can use.
pub(in crate::model) fn check_metrics<M, Y, K>(
    set: &'static str,
    metrics: &mut K,
    labels: Y,
) -> Result<(), Error>
where
    M: Measured<K, Y>,
    Y: Table,
{
    let (mut result, mut i) = (Ok(()), 0);
    M::each_metrics(metrics, labels, None, &mut |metrics| {
        if result.is_ok() {
            let output = name(M::Prediction::NAMES, i);
            result = metrics.check().map_err(Error::from).and_then(|()| {
                metrics.check_labels().map_err(|error| Error::MetricLabel { set, output, error })
            });
        }
        i += 1;
    });
    result
}

impl<M: Model, O, L, K> Trainer<M, O, L, K> {
    /// How much the loss of each output counts, as Keras's `loss_weights`: `1` each by default. The history's `loss`, which training
    /// makes smaller, is `Σ weight · loss` with the penalties of regularizers; the loss of each output by itself stands beside it.
    ///
    /// Of a model with several outputs the weights are a struct: `ProductOutputs { class: 1.0, price: 0.5 }`; of one with one output they
    /// are a number:
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// assert_eq!(trainer.loss_weights(0.5).evaluate(&[[1.0]], &[2.0_f32])?.loss, 0.5 * 4.0);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// Training and evaluation give an [`Error::LossWeight`] if one is not finite or below zero.
    pub fn loss_weights(mut self, weights: <M::Prediction as Record>::Each<f32>) -> Self {
        for (to, weight) in self.loss_weights.iter_mut().zip(M::Prediction::each(weights)) {
            *to = weight.unwrap_or(1.0);
        }
        self
    }

    /// Loss weights that can be.
    pub(in crate::model) fn check_loss_weights(&self) -> Result<(), Error> {
        let wrong = |weight: &f32| !(weight.is_finite() && *weight >= 0.0);
        match self.loss_weights.iter().position(wrong) {
            None => Ok(()),
            Some(i) => {
                Err(Error::LossWeight { output: name(M::Prediction::NAMES, i), found: self.loss_weights[i] })
            }
        }
    }

    /// The losses with their settings and weights: `huber(delta = 1)`, `class = categorical_crossentropy, price = 0.5 * huber(delta = 1)`.
    pub(in crate::model) fn describe_losses<Y: Table>(&self) -> String
    where
        M: Judged<L, Y>,
    {
        let mut all = Vec::new();
        M::each_loss(&self.loss, Y::none(), None, &mut |loss| {
            let output = M::Prediction::NAMES.get(all.len()).map(|name| format!("{name} = "));
            let weight = Some(self.loss_weights[all.len()]).filter(|weight| *weight != 1.0);
            let weight = weight.map(|weight| format!("{weight} * "));
            all.push([output.unwrap_or_default(), weight.unwrap_or_default(), loss.describe()].concat());
        });
        all.join(", ")
    }

    /// Names of the metrics, each behind that of its output if there are several.
    pub(in crate::model) fn metric_names<Y: Table>(&mut self) -> Vec<String>
    where
        M: Measured<K, Y>,
    {
        let (mut names, mut outputs) = (Vec::new(), M::Prediction::NAMES.iter());
        M::each_metrics(&mut self.metrics, Y::none(), None, &mut |metrics| {
            let output = outputs.next();
            names.extend(metrics.names().into_iter().map(|name| match output {
                Some(output) => format!("{output}_{name}"),
                None => name.to_string(),
            }));
        });
        names
    }

    /// Names of the scores beside the loss: those of the losses of several outputs, then those of the metrics.
    pub(in crate::model) fn score_names<Y: Table>(&mut self) -> Vec<String>
    where
        M: Measured<K, Y>,
    {
        let losses = M::Prediction::NAMES.iter().map(|output| format!("{output}_loss"));
        losses.chain(self.metric_names::<Y>()).collect()
    }

    /// Each metric forgets all samples.
    pub(in crate::model) fn reset_metrics<Y: Table>(&mut self)
    where
        M: Measured<K, Y>,
    {
        M::each_metrics(&mut self.metrics, Y::none(), None, &mut |metrics| metrics.reset());
    }

    /// The metrics as they stand, and the means of summed losses.
    pub(in crate::model) fn scores_so_far<Y: Table>(&mut self, loss: LossSum, samples: usize) -> Scores
    where
        M: Measured<K, Y>,
    {
        let names = self.score_names::<Y>();
        let losses = loss.outputs.iter().take(M::Prediction::NAMES.len());
        let mut values: Vec<f64> = losses.map(|loss| loss / samples as f64).collect();
        M::each_metrics(&mut self.metrics, Y::none(), None, &mut |metrics| metrics.compute(&mut values));
        Scores { loss: loss.total / samples as f64, metrics: names.into_iter().zip(values).collect() }
    }
}

/// The metrics take a batch into account, whose predictions lie output by output.
fn update_metrics<M, Y, K>(
    metrics: &mut K,
    labels: Y,
    chosen: Option<&Y::Chosen>,
    rows: Range<usize>,
    predictions: &[f32],
) where
    M: Measured<K, Y>,
    Y: Table,
{
    let mut outputs = output_columns::<M::Output>(rows.len(), predictions).into_iter();
    M::each_metrics(metrics, labels, chosen, &mut |metrics| {
        metrics.update(rows.clone(), outputs.next().expect("one for each output"));
    });
}

/// Sum of the weighted losses over a batch whose logits lie output by output. They become predictions.
fn evaluate_losses<M, Y, L>(
    losses: &L,
    loss_weights: &[f32; MAX_FIELDS],
    batch: &Batch<'_, Y>,
    rows: Range<usize>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
) -> LossSum
where
    M: Judged<L, Y>,
    Y: Table,
{
    let (mut sum, mut i) = (LossSum::default(), 0);
    let mut logits = output_columns_mut::<M::Output>(rows.len(), logits);
    let mut gradients = gradient.map(|all| output_columns_mut::<M::Output>(rows.len(), all));
    M::each_loss(losses, batch.labels, batch.chosen, &mut |loss| {
        let mut gradient = gradients.as_mut().map(|all| &mut *all[i]);
        let (logits, weight) = (&mut *logits[i], loss_weights[i]);
        let own = loss.evaluate(rows.clone(), batch.weights, logits, gradient.as_deref_mut());
        if weight != 1.0
            && let Some(gradient) = gradient
        {
            gradient.iter_mut().for_each(|slope| *slope *= weight);
        }
        sum.outputs[i] = own;
        sum.total += f64::from(weight) * own;
        i += 1;
    });
    sum
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    /// Loss and metrics over samples that are not trained on. [`Labels`] with a weight for each sample are
    /// `(&labels, &weights)`; the metrics count every sample once.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let scores = trainer.evaluate(&[[1.0], [2.0]], (&[2.0_f32, 4.0], &[1.0, 0.5]))?;
    /// assert_eq!(scores.loss, (1.0 * 4.0 + 0.5 * 16.0) / 2.0);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error`] if there are no samples, counts disagree, a sample is not finite, a word or a label cannot be, or there is not one
    /// finite weight, not below zero, for each sample where there are weights; and if there is no memory for up to 256 samples at a time.
    pub fn evaluate<'a, Y: Labels<'a>>(
        &mut self,
        samples: Many<'_, M::Sample>,
        labels: Y,
    ) -> Result<Scores, Error>
    where
        M: Judged<L, Y::Table> + Measured<K, Y::Table>,
    {
        const SET: &str = "evaluation samples";
        let (labels, weights) = labels.split();
        let count = check::<M, _, L>(SET, &self.loss, samples, labels)?;
        weights.map_or(Ok(()), |weights| check_sample_weights(SET, count, weights))?;
        self.check_loss_weights()?;
        check_metrics::<M, _, K>(SET, &mut self.metrics, labels)?;
        self.scores(samples, labels, weights)
    }

    /// As `evaluate`, for samples, labels and weights that have been checked.
    pub(in crate::model) fn scores<Y: Table>(
        &mut self,
        samples: Many<'_, M::Sample>,
        labels: Y,
        weights: Option<&[f32]>,
    ) -> Result<Scores, Error>
    where
        M: Judged<L, Y> + Measured<K, Y>,
    {
        let columns = M::Sample::columns(samples);
        let count = columns[0].rows;
        self.reserve_evaluation(count)?;
        self.reset_metrics::<Y>();
        let (mut sum, mut start) = (LossSum::default(), 0);
        while start < count {
            let rows = start..count.min(start + self.evaluation.capacity);
            let output = &mut self.evaluation.output[..rows.len() * output_len::<M>()];
            let logits = output_columns_mut::<M::Output>(rows.len(), output);
            self.evaluation.predictor.run::<Headless<M>>(&self.model, &columns, rows.clone(), logits);
            let weights = weights.map(|weights| &weights[rows.clone()]);
            let batch = Batch { samples: None, len: rows.len(), labels, chosen: None, weights };
            let loss = &self.loss;
            sum.add(evaluate_losses::<M, Y, L>(loss, &self.loss_weights, &batch, rows.clone(), output, None));
            start = rows.end;
            update_metrics::<M, Y, K>(&mut self.metrics, labels, None, rows, output);
        }
        sum.total += self.trainable.penalty(&self.model.block()[..parameter_count::<M>()]) * count as f64;
        Ok(self.scores_so_far::<Y>(sum, count))
    }

    /// Memory for steps of up to `batch` samples, and for the optimizer's state.
    pub(in crate::model) fn reserve(&mut self, batch: usize) -> Result<(), Error> {
        let parameters = parameter_count::<M>();
        if self.workspace.capacity < batch || self.workspace.gradients.len() < parameters {
            // What is too small goes first: both need not fit.
            self.workspace = Workspace::empty();
            self.workspace = Workspace::new::<M>(batch)?;
        }
        self.reserve_slots()
    }

    /// Memory for evaluations of `samples` samples, which are taken a batch at a time.
    pub(in crate::model) fn reserve_evaluation(&mut self, samples: usize) -> Result<(), Error> {
        let batch = samples.min(EVALUATION_BATCH);
        if self.evaluation.capacity < batch {
            self.evaluation = Evaluation::empty();
            self.evaluation = Evaluation::new(batch)?;
        }
        Ok(())
    }

    /// Reads the last step's predictions from elsewhere.
    pub(in crate::model) fn put_predictions(&mut self, predictions: &[f32]) {
        self.workspace.output[..predictions.len()].copy_from_slice(predictions);
    }

    /// The last step's predictions for so many samples, output by output.
    pub(in crate::model) fn predictions(&self, samples: usize) -> &[f32] {
        &self.workspace.output[..samples * output_len::<M>()]
    }

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
    pub(in crate::model) fn gather(&mut self, samples: &Columns<'_>, index: &[u32]) {
        unpack::<M::Input>(samples, Rows::Chosen(index), true, &mut self.workspace.input);
    }

    /// Updates the metrics with the predictions of the last step.
    pub(in crate::model) fn update_metrics<Y: Table>(&mut self, labels: Y, chosen: &Y::Chosen, samples: usize)
    where
        M: Measured<K, Y>,
    {
        let predictions = &self.workspace.output[..samples * output_len::<M>()];
        update_metrics::<M, Y, K>(&mut self.metrics, labels, Some(chosen), 0..samples, predictions);
    }

    /// One step on a batch that there is [memory](Self::reserve) for. Returns its summed, weighted loss before the update.
    pub(in crate::model) fn step_on<Y: Table>(
        &mut self,
        batch: &Batch<'_, Y>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<LossSum, Error>
    where
        M: Judged<L, Y>,
    {
        threads::enter_pieces(step_cost::<M>(batch.len), step_pieces::<M>(), || {
            self.step_inside(batch, epoch, rng)
        })
    }

    /// [`step_on`](Self::step_on), where sharing costs least.
    fn step_inside<Y: Table>(
        &mut self,
        batch: &Batch<'_, Y>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<LossSum, Error>
    where
        M: Judged<L, Y>,
    {
        let loss = self.forward(batch, epoch, rng)?;
        if batch.len == 1
            && !self.workspace.is_overflow_ignored
            && parameter_count::<M>() >= ONE_PASS
            && !M::HAS_SHARED
            && self.trainable.is_plain()
            && let Some(optimizer) = self.optimizer.elementwise()
        {
            self.step += 1;
            let turn = self.updates.step(&self.optimizer, 1);
            let update = |parameters: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]| {
                optimizer.update_part(&turn, parameters, gradient, slots);
            };
            let (workspace, slots) = (&mut self.workspace, self.slots.iter_mut().map(|slot| &mut **slot));
            let parameters = &mut self.model.block_mut()[..parameter_count::<M>()];
            let of_batch = output_len::<M>();
            let (logits, gradient) = (&workspace.logits[..of_batch], &mut workspace.grad_output[..of_batch]);
            <Headless<M> as Run>::step(Step {
                batch: 1,
                trained: Trained::new(parameters, &mut workspace.gradients[..], slots, &update),
                input: values::<M::Input>(batch.samples.map(|samples| (samples, 0)), 1, &workspace.input),
                output: result_values::<M::Output>(output_columns::<M::Output>(1, logits)),
                kept: &workspace.kept,
                grad_output: results::<M::Output>(output_columns_mut::<M::Output>(1, gradient)),
                grad_input: M::Input::gradients::<Cpu>(&mut || None),
                scratch: &mut workspace.scratch,
            });
        } else {
            self.backward(batch.samples, batch.len)?;
            self.step += 1;
            let parameters = &mut self.model.block_mut()[..parameter_count::<M>()];
            let slots = &mut self.slots;
            let turn = self.updates.step(&self.optimizer, batch.len);
            let gradients = &self.workspace.gradients;
            take_step(&self.optimizer, &turn, &self.trainable, parameters, gradients, slots);
        }
        Ok(loss)
    }

    /// The summed, weighted loss of a batch, with the penalty, and the gradient by the model's outputs.
    pub(in crate::model) fn forward<Y: Table>(
        &mut self,
        batch: &Batch<'_, Y>,
        epoch: usize,
        rng: &Rng,
    ) -> Result<LossSum, Error>
    where
        M: Judged<L, Y>,
    {
        let (workspace, len) = (&mut self.workspace, batch.len);
        workspace.predicted = 0;
        if let Some(samples) = batch.samples {
            unpack::<M::Input>(samples, Rows::Range(0..len), false, &mut workspace.input);
        }
        let samples = batch.samples.map(|samples| (samples, 0));
        let output = &mut workspace.output[..len * output_len::<M>()];
        let grad_output = &mut workspace.grad_output[..len * output_len::<M>()];
        let (parameters, buffers) = self.model.block_mut().split_at_mut(parameter_count::<M>());
        workspace.buffers.copy_from_slice(buffers);
        let logits = &mut workspace.logits[..len * output_len::<M>()];
        <Headless<M> as Run>::forward(Forward {
            batch: len,
            parameters,
            buffers,
            input: values::<M::Input>(samples, len, &workspace.input),
            output: results::<M::Output>(output_columns_mut::<M::Output>(len, &mut *logits)),
            kept: &mut workspace.kept,
            scratch: &mut workspace.scratch,
            rng: rng.fork(self.step),
        });
        // The loss makes predictions of logits, which the backward pass reads as they are.
        output.copy_from_slice(logits);
        let (losses, weights) = (&self.loss, &self.loss_weights);
        let mut loss =
            evaluate_losses::<M, Y, L>(losses, weights, batch, 0..len, output, Some(&mut *grad_output));
        flush_all(grad_output);
        loss.total += self.trainable.penalty(parameters) * len as f64;
        if !loss.total.is_finite() {
            buffers.copy_from_slice(&workspace.buffers);
            let input = values::<M::Input>(samples, len, &workspace.input);
            let cause = finite::cause_of_step(&*self.model, len, input, output);
            let (step, loss) = (self.step + 1, loss.total / len as f64);
            return Err(Error::NonFiniteLoss { epoch, step, loss, cause });
        }
        workspace.predicted = len;
        let outputs = output_columns::<M::Output>(len, output).into_iter().zip(M::Output::PARTS);
        workspace.is_overflow_ignored = batch.weights.is_some_and(|weights| {
            outputs.into_iter().any(|(output, part)| {
                let mut predictions = weights.iter().zip(output.chunks_exact(part.len()));
                predictions
                    .any(|(weight, prediction)| *weight == 0.0 && !prediction.iter().all(|x| x.is_finite()))
            })
        });
        Ok(loss)
    }

    /// The gradients of the last forward pass, with those of the penalty.
    ///
    /// # Errors
    /// [`Error::NonFiniteGradient`] if the loss did not show an overflow, because the sample's weight is zero, and a gradient does.
    pub(in crate::model) fn backward(
        &mut self,
        samples: Option<&Columns<'_>>,
        batch: usize,
    ) -> Result<(), Error> {
        let workspace = &mut self.workspace;
        let parameters = &self.model.block()[..parameter_count::<M>()];
        let of_batch = batch * output_len::<M>();
        let (logits, gradient) = (&workspace.logits[..of_batch], &mut workspace.grad_output[..of_batch]);
        <Headless<M> as Run>::backward(Backward {
            batch,
            parameters,
            input: values::<M::Input>(samples.map(|samples| (samples, 0)), batch, &workspace.input),
            output: result_values::<M::Output>(output_columns::<M::Output>(batch, logits)),
            kept: &workspace.kept,
            grad_output: results::<M::Output>(output_columns_mut::<M::Output>(batch, gradient)),
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
