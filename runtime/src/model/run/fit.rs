//! A run over epochs and batches.

use core::fmt;
use std::path::PathBuf;
use std::time::Instant;

use super::split::split_at;
use super::state::{Epochs, Plan};
use super::streams::{shuffle_epoch, step_rng};
use crate::layers::{Model, output_len};
use crate::model::callbacks::{Callback, CallbackList, ModelCheckpoint};
use crate::model::report::progress::{MESSAGE_INTERVAL, Progress};
use crate::model::training::batch_sizes::check_batch_sizes;
use crate::model::training::judged::{Judged, Measured};
use crate::model::training::labels::{Choose, ClassTable, Labels, Table};
use crate::model::training::sample_weights::{Weights, check_sample_weights};
use crate::model::training::trainer::{Batch, check, check_metrics};
use crate::model::training::workspace::with_capacity;
use crate::model::{Error, History, Trainer};
use crate::optimizers::Optimizer;
use crate::schema::{Many, Record};

/// Whether each score has a name of its own, as where outputs `a` and `a_b` have metrics `b_c` and `c`.
fn check_names(names: &[String]) -> Result<(), Error> {
    match (1..names.len()).find(|&place| names[..place].contains(&names[place])) {
        None => Ok(()),
        Some(place) => Err(Error::ScoreName { name: names[place].clone() }),
    }
}

/// A run to be: the options of [`Trainer::fit`].
///
/// # Defaults
/// 1 epoch, batches of 32 samples, shuffled, no validation, progress shown (all as `keras.Model.fit`); seed 0.
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Xor < Dense(2 => 8, tanh), Dense(8 => 2, softmax) > }
///
/// let samples = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let labels = [0_u8, 1, 1, 0];
/// let mut trainer = Xor::new(1).compile(Adam::new(0.05), CategoricalCrossEntropy, (Accuracy::new(),));
/// let history = trainer
///     .fit(&samples, &labels)
///     .epochs(200)
///     .batch_size(2)
///     .seed(7)
///     .validation(&samples, &labels)
///     .validation_freq(50)
///     .progress(false)
///     .run()?;
/// assert_eq!(history.last().and_then(|epoch| epoch.get("val_accuracy")), Some(1.0));
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[must_use = "nothing is trained before `run`"]
pub struct Fit<'a, M: Model, O, L, K, Y> {
    trainer: &'a mut Trainer<M, O, L, K>,
    samples: Many<'a, M::Sample>,
    labels: Y,
    validation: Option<(Many<'a, M::Sample>, Y)>,
    validation_split: Option<f64>,
    epochs: usize,
    initial_epoch: Option<usize>,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    progress: bool,
    validation_freq: usize,
    steps_per_epoch: Option<usize>,
    callbacks: Vec<&'a mut dyn Callback>,
    checkpoint: Option<PathBuf>,
    resume: Option<PathBuf>,
    weights: Weights<'a, Y>,
    /// [`Self::train`], taken where loss, metrics and labels are known to fit: a misfit is reported there, and once.
    train: fn(Self) -> Result<History, Error>,
}

impl<M: Model, O, L, K> Trainer<M, O, L, K> {
    /// Trains on samples and labels: a run with the options that are set on it.
    ///
    /// Another call goes on where the last one ended, as in Keras: with the weights, and also with the optimizer's state and the
    /// number of the next epoch, on which orders of samples, schedules by epoch and `{epoch}` in file names depend. Two calls
    /// have the bits of one that trains as many epochs; [`Fit::initial_epoch`] counts otherwise.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::new(1).compile(Adam::new(0.1), MeanSquaredError, ());
    /// let history = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(5).batch_size(1).progress(false).run()?;
    /// assert_eq!((history.epochs.len(), trainer.step()), (5, 10));
    ///
    /// let again = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).batch_size(1).progress(false).run()?;
    /// assert_eq!(again.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [6, 7]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// A model with several inputs and outputs has a slice for each:
    /// `fit(ProductInputs { image: &images, text: &texts }, ProductOutputs { class: &classes, price: &prices })`.
    pub fn fit<'a, Y: Labels<'a>>(
        &'a mut self,
        samples: Many<'a, M::Sample>,
        labels: Y,
    ) -> Fit<'a, M, O, L, K, Y::Table>
    where
        O: Optimizer,
        M: Judged<L, Y::Table> + Measured<K, Y::Table>,
        Y::Table: Choose,
    {
        let (labels, weights) = labels.split();
        let fit = Fit::new(self, samples, labels);
        match weights {
            Some(weights) => fit.sample_weights(weights),
            None => fit,
        }
    }
}
impl<M: Model, O, L, K, Y> fmt::Debug for Fit<'_, M, O, L, K, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callbacks: Vec<_> = self.callbacks.iter().map(|callback| callback.name()).collect();
        f.debug_struct("Fit")
            .field("epochs", &self.epochs)
            .field("batch_size", &self.batch_size)
            .field("seed", &self.seed)
            .field("callbacks", &callbacks)
            .finish_non_exhaustive()
    }
}

impl<'a, M: Model, O, L, K, Y: Table> Fit<'a, M, O, L, K, Y> {
    fn new(trainer: &'a mut Trainer<M, O, L, K>, samples: Many<'a, M::Sample>, labels: Y) -> Self
    where
        O: Optimizer,
        M: Judged<L, Y> + Measured<K, Y>,
        Y: Choose,
    {
        Self {
            trainer,
            samples,
            labels,
            validation: None,
            validation_split: None,
            epochs: 1,
            initial_epoch: None,
            batch_size: 32,
            seed: 0,
            shuffle: true,
            progress: true,
            validation_freq: 1,
            steps_per_epoch: None,
            callbacks: Vec::new(),
            checkpoint: None,
            resume: None,
            weights: Weights::default(),
            train: Self::train,
        }
    }

    /// How many epochs are trained; each sees every sample once. With [`initial_epoch`](Self::initial_epoch) the number of the
    /// last, as in Keras. A [resumed](Self::resume) run has so many from its own first epoch on.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// Counts epochs on from this one, as in Keras: those from number `epoch + 1` up to [`epochs`](Self::epochs) are trained, none if
    /// there are no such. Without it a run counts on from [`Trainer::epochs`], the last that was trained.
    ///
    /// The order of samples in an epoch, schedules by epoch and `{epoch}` in file names are those of its number.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut epochs = |initial, epochs| {
    ///     let fit = trainer.fit(&samples, &labels).initial_epoch(initial).epochs(epochs).progress(false);
    ///     fit.run().map(|history| history.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>())
    /// };
    /// assert_eq!(epochs(2, 4)?, [3, 4]);
    /// assert_eq!(epochs(0, 1)?, [1], "the first order again");
    /// assert!(epochs(4, 4)?.is_empty());
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn initial_epoch(mut self, epoch: usize) -> Self {
        self.initial_epoch = Some(epoch);
        self
    }

    /// Samples for each step; the last batch of an epoch may be shorter.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Seed of the order of samples and of dropout.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether every epoch puts the samples in a new random order.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Samples to be evaluated after every epoch, with a weight for each sample's loss if [`Labels`] come with weights:
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, ());
    /// let fit = trainer.fit(&samples, &labels).validation(&samples, (&labels, &[1.0, 0.5]));
    /// let history = fit.progress(false).run()?;
    /// assert_eq!(history.get("val_loss"), Some(vec![(1.0 * 4.0 + 0.5 * 16.0) / 2.0]));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn validation(mut self, samples: Many<'a, M::Sample>, labels: impl Labels<'a, Table = Y>) -> Self {
        let (labels, weights) = labels.split();
        self.validation = Some((samples, labels));
        self.weights.validation = weights;
        self
    }

    /// Keeps this share of the samples, the last of them before any shuffling, for validation; with
    /// [`validation`](Self::validation), which goes before as in Keras, it keeps none.
    ///
    /// ```
    /// use typenet::model::Error;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0], [3.0], [4.0]], [2.0_f32, 4.0, 6.0, 8.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.0), MeanSquaredError, ());
    /// let history = trainer.fit(&samples, &labels).validation_split(0.25).progress(false).run()?;
    /// assert_eq!(history.get("val_loss"), Some(vec![64.0]));
    /// let nothing_left = trainer.fit(&samples, &labels).validation_split(1.0).run();
    /// assert!(matches!(nothing_left, Err(Error::ValidationSplit { samples: 4, .. })));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn validation_split(mut self, split: f64) -> Self {
        self.validation_split = Some(split);
        self
    }

    /// Whether the run shows a progress bar in a terminal and prints a line for each epoch. What cannot be printed, on a full disk
    /// or to a pipe that was closed, is left out, and the run goes on.
    pub fn progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }

    /// Evaluates the validation samples after every so many epochs only.
    pub fn validation_freq(mut self, epochs: usize) -> Self {
        self.validation_freq = epochs;
        self
    }

    /// Ends each epoch after so many batches, if there are more. Shuffled, each epoch sees others of the samples.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let (samples, labels) = ([[1.0], [2.0], [3.0]], [2.0_f32, 4.0, 6.0]);
    /// // Not shuffled, each epoch would see the first two samples.
    /// let fit = trainer.fit(&samples, &labels).shuffle(true).batch_size(1).steps_per_epoch(2);
    /// fit.epochs(3).progress(false).run()?;
    /// assert_eq!(trainer.step(), 6);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn steps_per_epoch(mut self, steps: usize) -> Self {
        self.steps_per_epoch = Some(steps);
        self
    }

    /// Calls this at the events of the run, after the callbacks given before.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut losses = Vec::new();
    /// let mut watch = LambdaCallback::new().on_epoch_end(|_, record| losses.push(record.training.loss));
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut watch).progress(false).run()?;
    /// drop(watch);
    /// assert_eq!(losses, [10.0, 0.28125]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn callback(mut self, callback: &'a mut dyn Callback) -> Self {
        self.callbacks.push(callback);
        self
    }

    /// Calls these at the events of the run, in their order, after the callbacks given before.
    ///
    /// ```
    /// use typenet::callbacks::Callback;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut early = EarlyStopping::new("loss").patience(3);
    /// let mut scheduler = LearningRateScheduler::new(|_, rate| 0.5 * rate);
    /// let callbacks: [&mut dyn Callback; 2] = [&mut early, &mut scheduler];
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callbacks(callbacks).progress(false).run()?;
    /// assert_eq!((early.best_epoch(), trainer.learning_rate()), (Some(2), 0.03125));
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn callbacks<'b: 'a>(mut self, callbacks: impl IntoIterator<Item = &'b mut dyn Callback>) -> Self {
        for callback in callbacks {
            self.callbacks.push(callback);
        }
        self
    }

    /// Saves the whole run to this file after every epoch, and when it is interrupted: a [`ModelCheckpoint`] of its own, whose
    /// docs say what braces in the path mean.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Goes on where the run that wrote this checkpoint stopped, if need be in the middle of an epoch: the result has the
    /// same bits as that of a run that was not stopped. Model, loss, optimizer, options, seed, number of samples and callbacks
    /// that remember something must be the same; more epochs may be asked for. Epochs have the numbers they had in that run.
    ///
    /// The path means what it means to [`checkpoint`](Self::checkpoint): with `{epoch}` or `{step}` in it, the run goes on from the
    /// file with the largest numbers.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let trainer = || Line::new(1).compile(Adam::new(0.1), MeanSquaredError, ());
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("run.safetensors");
    ///
    /// let mut whole = trainer();
    /// whole.fit(&samples, &labels).epochs(4).progress(false).run()?;
    ///
    /// trainer().fit(&samples, &labels).epochs(2).checkpoint(&path).progress(false).run()?;
    /// let mut resumed = trainer();
    /// let history = resumed.fit(&samples, &labels).epochs(4).resume(&path).progress(false).run()?;
    /// assert_eq!(history.epochs.len(), 4);
    /// assert_eq!(resumed.block(), whole.block(), "bit by bit");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.resume = Some(path.into());
        self
    }

    /// How much each sample counts in the loss: a batch's is `Σ wᵢ·lossᵢ / samples`, as in Keras. A sample of weight zero
    /// contributes nothing, also if its loss is not finite. A validation split takes the weights of its samples along. The
    /// metrics count every sample once.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0], [3.0]], [2.0_f32, 4.0, 1000.0]);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.2), MeanSquaredError, ());
    /// let fit = trainer.fit(&samples, &labels).epochs(500).progress(false);
    /// fit.sample_weights(&[1.0, 1.0, 0.0]).run()?;
    /// assert!((trainer.predict(&[3.0])[0] - 6.0).abs() < 0.1, "the outlier does not count");
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn sample_weights(mut self, weights: &'a [f32]) -> Self {
        self.weights.samples = Some(weights);
        self
    }

    /// How much the training samples of each class count in the loss; validation counts every class once, as in Keras.
    /// With sample weights too, the two are multiplied.
    ///
    /// A model of one output has two classes, no and yes. Of one-hot or soft labels the likeliest class counts.
    ///
    /// One sample in ten is of class 1, and counts nine times:
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Rare < Dense(1 => 2, softmax) > }
    ///
    /// let (samples, labels) = ([[0.0]; 10], [0_u8, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    /// let mut trainer = Rare::zeros().compile(Sgd::new(0.1), CategoricalCrossEntropy, ());
    /// trainer.fit(&samples, &labels).class_weights(&[1.0, 9.0]).epochs(20).progress(false).run()?;
    /// assert!((trainer.predict(&[0.0])[1] - 0.5).abs() < 1e-3);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn class_weights(mut self, weights: &'a [f32]) -> Self
    where
        Y: ClassTable<M::Prediction>,
    {
        self.weights.classes = Some((weights, Y::class));
        self
    }

    /// Trains on this thread, with the help of [others](crate::hardware::threads) where that is faster. Callbacks, loss, metrics
    /// and schedules run on this thread alone.
    ///
    /// # Errors
    /// [`Error`]: before the first step if samples, labels, weights, settings or callbacks cannot be, or if there is no memory
    /// for a batch, an evaluation or the optimizer's state ([`Error::Memory`]); later if a number stops being
    /// finite or a file cannot be written.
    ///
    /// # Numbers that stop being finite
    /// The loss is looked at in each step, before the update: an error leaves the model as it was before that step, and
    /// names the first tensor that an earlier update made NaN or infinite, or the first layer whose output is not finite.
    /// All numbers of model and optimizer are looked at after each epoch and before a checkpoint is written, so that
    /// checkpoints are always whole. In between, a number that has no part in the loss goes unnoticed, such as a weight
    /// behind a relu that is never positive; [`TerminateOnNan`](crate::model::callbacks::TerminateOnNan) looks after each step.
    pub fn run(self) -> Result<History, Error> {
        (self.train)(self)
    }
}

impl<M, O, L, K, Y> Fit<'_, M, O, L, K, Y>
where
    M: Judged<L, Y> + Measured<K, Y>,
    O: Optimizer,
    Y: Choose,
{
    fn train(mut self) -> Result<History, Error> {
        if self.batch_size == 0 {
            return Err(Error::BatchSize);
        }
        self.trainer.optimizer.validate()?;
        let set = "training samples";
        let count = check::<M, Y, L>(set, &self.trainer.loss, self.samples, self.labels)?;
        self.trainer.check_loss_weights()?;
        self.weights.check(set, count, self.labels, output_len::<M>())?;
        check_metrics::<M, Y, K>(set, &mut self.trainer.metrics, self.labels)?;
        let mut training = count;
        if let Some((samples, labels)) = self.validation {
            let set = "validation samples";
            let count = check::<M, Y, L>(set, &self.trainer.loss, samples, labels)?;
            if let Some(weights) = self.weights.validation {
                check_sample_weights(set, count, weights)?;
            }
            check_metrics::<M, Y, K>(set, &mut self.trainer.metrics, labels)?;
        } else if let Some(split) = self.validation_split {
            let error = Error::ValidationSplit { found: split, samples: count };
            training =
                split_at(count, split).filter(|training| (1..count).contains(training)).ok_or(error)?;
            self.validation =
                Some((M::Sample::rows(self.samples, training..count), self.labels.rows(training..count)));
            self.samples = M::Sample::rows(self.samples, 0..training);
            self.labels = self.labels.rows(0..training);
        }

        for (setting, value) in
            [("validation_freq", Some(self.validation_freq)), ("steps_per_epoch", self.steps_per_epoch)]
        {
            if value == Some(0) {
                return Err(Error::Zero { setting });
            }
        }

        check_batch_sizes(M::LAYERS, training, self.batch_size, self.steps_per_epoch)?;
        let batch = self.batch_size.min(training);
        self.trainer.reserve(batch)?;
        if let Some((samples, _)) = self.validation {
            self.trainer.reserve_evaluation(M::Sample::columns(samples)[0].rows)?;
        }
        let mut saver = self.checkpoint.take().map(ModelCheckpoint::new);
        let mut callbacks = CallbackList::new();
        for callback in core::mem::take(&mut self.callbacks) {
            callbacks = callbacks.callback(callback);
        }
        if let Some(saver) = &mut saver {
            callbacks = callbacks.callback(saver);
        }
        if let Some(path) = self.resume.take() {
            callbacks = callbacks.resume(path);
        }
        let metrics = self.trainer.metric_names::<Y>();
        let mut names = vec!["loss".to_string()];
        names.extend(self.trainer.score_names::<Y>());
        let validation: Vec<_> =
            self.validation.iter().flat_map(|_| &names).map(|name| format!("val_{name}")).collect();
        names.extend(validation);
        check_names(&names)?;
        callbacks.run.names = Some(names);
        callbacks.run.has_metrics = !metrics.is_empty();
        callbacks.run.outputs = output_len::<M>();
        callbacks.run.output_names = M::Prediction::NAMES;
        callbacks.run.keeps_predictions = !metrics.is_empty() && callbacks.acts_within_epochs();
        callbacks.run.before = self.initial_epoch.unwrap_or(self.trainer.epochs);
        callbacks.run.epochs = Some(match self.initial_epoch {
            None => Epochs::Count(self.epochs),
            Some(_) => Epochs::Last(self.epochs),
        });
        let (sample_weights, class_weights) = self.weights.describe();
        callbacks.run.plan = Some(Plan {
            loss: self.trainer.describe_losses::<Y>(),
            metrics: metrics.join(", "),
            sample_weights,
            class_weights,
            seed: self.seed,
            shuffle: self.shuffle,
            batch_size: self.batch_size,
            samples: training,
            steps_per_epoch: self.steps_per_epoch,
        });
        callbacks.on_train_begin(self.trainer)?;
        if callbacks.run.keeps_predictions {
            let (all, kept) = (training * output_len::<M>(), &mut callbacks.run.predictions);
            kept.try_reserve_exact(all - kept.len()).map_err(|_| {
                Error::memory::<f32>("the predictions of an epoch, kept for checkpoints", all)
            })?;
        }

        let last_epoch = callbacks.run.last_epoch().expect("set above");
        let progress = Progress::new(last_epoch, self.progress);
        let mut warned = 0;
        let mut order: Vec<u32> = with_capacity(training, "the order of the samples")?;
        self.weights.train_on(training, self.labels)?;
        let mut labels = Y::Chosen::default();
        Y::reserve(&mut labels, batch)?;
        while callbacks.next_epoch() <= last_epoch && !callbacks.is_stopping() {
            let epoch = callbacks.next_epoch();
            order.clear();
            order.extend(0..u32::try_from(training).expect("fewer than 2³² samples"));
            if self.shuffle {
                shuffle_epoch(self.seed, epoch, &mut order);
            }
            if let Some(steps) = self.steps_per_epoch {
                order.truncate(steps.saturating_mul(self.batch_size));
            }
            progress.begin(epoch, order.len());
            self.epoch(&order, &mut labels, &progress, &mut callbacks)?;
            if let Some(record) = callbacks.run.history.last().filter(|record| record.epoch == epoch) {
                progress.end(record);
            }
            let warnings = &callbacks.run.history.warnings;
            progress.warn(&warnings[warned..]);
            warned = warnings.len();
        }
        progress.clear();
        if callbacks.is_stopping() && !callbacks.run.is_interrupted() {
            // The run is done, perhaps in the middle of an epoch.
            self.trainer.apply_accumulated()?;
        }
        let history = callbacks.on_train_end(self.trainer)?;
        progress.warn(&history.warnings[warned..]);
        Ok(history)
    }

    /// One epoch, or what is left of it.
    fn epoch(
        &mut self,
        order: &[u32],
        labels: &mut Y::Chosen,
        progress: &Progress,
        callbacks: &mut CallbackList<'_>,
    ) -> Result<(), Error> {
        let epoch = callbacks.next_epoch();
        let rng = step_rng(self.seed);
        let mut message = Instant::now();
        let (columns, all_labels) = (M::Sample::columns(self.samples), self.labels);
        callbacks.on_epoch_begin(self.trainer)?;
        self.trainer.reset_metrics::<Y>();
        let done = callbacks.batch();
        if callbacks.run.has_metrics {
            let mut predictions = callbacks.run.predictions.as_slice();
            for batch in order.chunks(self.batch_size).take(done) {
                let (of_batch, others) = predictions.split_at(batch.len() * output_len::<M>());
                predictions = others;
                all_labels.choose(batch, labels);
                self.trainer.put_predictions(of_batch);
                self.trainer.update_metrics(all_labels, labels, batch.len());
            }
        }
        progress.advance(callbacks.run.position.samples);
        for batch in order.chunks(self.batch_size).skip(done) {
            callbacks.on_batch_begin(self.trainer)?;
            self.trainer.gather(&columns, batch);
            all_labels.choose(batch, labels);
            let (len, weights) = (batch.len(), self.weights.gather(batch));
            let chosen = Some(&*labels);
            let of_step = Batch { samples: None, len, labels: all_labels, chosen, weights };
            let loss = self.trainer.step_on(&of_step, epoch, &rng)?;
            self.trainer.update_metrics(all_labels, labels, len);
            callbacks.run.advance(batch.len(), loss);
            if callbacks.run.keeps_predictions {
                callbacks.run.predictions.extend_from_slice(self.trainer.predictions(batch.len()));
            }
            progress.advance(batch.len());
            if progress.is_watched() && message.elapsed() >= MESSAGE_INTERVAL {
                message = Instant::now();
                let position = callbacks.run.position;
                progress
                    .message(self.trainer.scores_so_far::<Y>(position.loss, position.samples).to_string());
            }
            callbacks.after_batch(self.trainer, loss.total / batch.len() as f64)?;
            if callbacks.is_stopping() {
                return Ok(());
            }
        }
        self.trainer.apply_accumulated()?;
        if let Some(found) = self.trainer.context(&mut callbacks.run).find_non_finite() {
            let step = self.trainer.step;
            let since = callbacks.run.first_step(step);
            return Err(Error::NonFiniteWeights { epoch, since, step, found });
        }
        let position = callbacks.run.position;
        let training = self.trainer.scores_so_far::<Y>(position.loss, position.samples);
        let validation = self.validation.filter(|_| epoch.is_multiple_of(self.validation_freq));
        let weights = self.weights.validation;
        let validation = match validation {
            None => None,
            Some((samples, labels)) => {
                callbacks.on_test_begin(self.trainer)?;
                let scores = self.trainer.scores(samples, labels, weights)?;
                callbacks.on_test_end(self.trainer)?;
                Some(scores)
            }
        };
        callbacks.on_epoch_end(self.trainer, training, validation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scores_of_one_name_are_an_error() {
        let names = ["loss", "a_loss", "a_b_loss", "a_b_c"].map(String::from);
        assert!(check_names(&names).is_ok());
        let twice = [&names[..], &["a_b_c".into()]].concat();
        assert!(matches!(check_names(&twice), Err(Error::ScoreName { name }) if name == "a_b_c"));
    }
}
