//! The callbacks of a run, called together.

use core::fmt;
use std::path::PathBuf;
use std::time::Instant;

use super::path::Template;
use super::{Callback, Context, remove};
use crate::layers::Model;
use crate::model::run::checkpoint;
use crate::model::run::state::{Ending, LossSum, Position, Run};
use crate::model::{EpochRecord, Error, History, Scores, Trainer};
use crate::optimizers::Optimizer;

/// The callbacks of a run, and where the run stands: what [`fit`](Trainer::fit) calls, and a loop written by hand.
///
/// # Example
/// ```
/// use typenet::callbacks::CallbackList;
/// use typenet::kernels::Rng;
/// use typenet::model::Scores;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let (samples, labels) = ([[1.0], [2.0], [3.0]], [2.0_f32, 4.0, 6.0]);
/// let mut trainer = Line::new(1).compile(Adam::new(0.1), MeanSquaredError, ());
/// let rng = Rng::seed(1);
/// let mut early = EarlyStopping::new("loss").patience(3);
/// let mut callbacks = CallbackList::new().callback(&mut early);
/// callbacks.on_train_begin(&mut trainer)?;
/// while callbacks.next_epoch() <= 2 && !callbacks.is_stopping() {
///     callbacks.on_epoch_begin(&mut trainer)?;
///     for (samples, labels) in samples.chunks(2).zip(labels.chunks(2)).skip(callbacks.batch()) {
///         callbacks.on_batch_begin(&mut trainer)?;
///         let loss = trainer.train_on_batch(samples, labels, &rng)?;
///         callbacks.on_batch_end(&mut trainer, samples.len(), loss)?;
///         if callbacks.is_stopping() {
///             break;
///         }
///     }
///     if !callbacks.is_stopping() {
///         let training = Scores { loss: callbacks.mean_loss(), metrics: Vec::new() };
///         // Does something if the optimizer accumulates gradients.
///         trainer.apply_accumulated()?;
///         callbacks.on_test_begin(&mut trainer)?;
///         let validation = trainer.evaluate(&samples, &labels)?;
///         callbacks.on_test_end(&mut trainer)?;
///         callbacks.on_epoch_end(&mut trainer, training, Some(validation))?;
///     }
/// }
/// let history = callbacks.on_train_end(&mut trainer)?;
/// assert_eq!((history.epochs.len(), trainer.step()), (2, 4));
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[derive(Default)]
pub struct CallbackList<'a> {
    list: Vec<&'a mut dyn Callback>,
    resume: Option<PathBuf>,
    pub(in crate::model) run: Run,
}

impl fmt::Debug for CallbackList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list.iter().map(|callback| callback.name())).finish()
    }
}

impl<'a> CallbackList<'a> {
    /// No callbacks.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one callback more, called after those before it.
    pub fn callback(mut self, callback: &'a mut dyn Callback) -> Self {
        self.list.push(callback);
        self
    }

    /// Goes on from this checkpoint, rather than from one that a callback finds. With `{epoch}` or `{step}` in the path, from the
    /// file with the largest numbers, as [`Fit::resume`](crate::model::Fit::resume).
    ///
    /// ```
    /// use typenet::callbacks::CallbackList;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("run.safetensors");
    /// let trainer = || Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer().fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).checkpoint(&path).progress(false).run()?;
    ///
    /// let mut resumed = trainer();
    /// let mut callbacks = CallbackList::new().resume(&path);
    /// callbacks.on_train_begin(&mut resumed)?;
    /// assert_eq!((callbacks.next_epoch(), resumed.step()), (3, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.resume = Some(path.into());
        self
    }

    /// Counts epochs on from this one, so that the first is number `epoch + 1`; 0 unless it is set. A run that goes on from a
    /// checkpoint counts as it did.
    ///
    /// ```
    /// use typenet::callbacks::CallbackList;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(3).progress(false).run()?;
    /// let callbacks = CallbackList::new().initial_epoch(trainer.epochs());
    /// assert_eq!(callbacks.next_epoch(), 4);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn initial_epoch(mut self, epoch: usize) -> Self {
        self.run.before = epoch;
        self
    }

    /// Says which scores the records of epochs will have, by the names Keras gives them. A callback that watches another
    /// then ends the run before the first step, and [`CsvLogger`](super::CsvLogger) knows its columns; without them, a name
    /// that there is not is an error of the first epoch that could have it.
    ///
    /// ```
    /// use typenet::callbacks::CallbackList;
    /// use typenet::model::Error;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut early = EarlyStopping::new("val_los");
    /// let mut callbacks = CallbackList::new().callback(&mut early).score_names(["loss", "val_loss"]);
    /// let misspelt = callbacks.on_train_begin(&mut trainer);
    /// assert!(matches!(misspelt, Err(Error::Monitor { found, .. }) if found == ["loss", "val_loss"]));
    /// ```
    pub fn score_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.run.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Number of the epoch that is to be done next, or is under way, from 1.
    pub fn next_epoch(&self) -> usize {
        self.run.last_recorded().saturating_add(1)
    }

    /// Batches of this epoch that are done; not 0 before the first batch of a run that goes on within an epoch.
    pub fn batch(&self) -> usize {
        self.run.position.batches
    }

    /// The mean loss over the samples of this epoch so far; NaN if there were none.
    pub fn mean_loss(&self) -> f64 {
        self.run.position.loss.total / self.run.position.samples as f64
    }

    /// Whether a callback has ended the run.
    pub fn is_stopping(&self) -> bool {
        self.run.ending.is_some()
    }

    /// Whether a callback may want a checkpoint in the middle of an epoch.
    pub(in crate::model) fn acts_within_epochs(&self) -> bool {
        self.list.iter().any(|callback| callback.acts_within_epochs())
    }

    /// Calls each, then does what they asked for.
    fn each<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
        mut call: impl FnMut(&mut dyn Callback, &mut Context<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.list.is_empty() {
            return Ok(());
        }
        let was_interrupted = self.run.is_interrupted();
        let mut context = trainer.context(&mut self.run);
        for callback in &mut self.list {
            call(&mut **callback, &mut context)?;
        }
        if context.is_interrupted() && !was_interrupted {
            for callback in &mut self.list {
                callback.on_interrupt(&mut context)?;
            }
        }
        for path in core::mem::take(&mut context.run.saves) {
            checkpoint::save(&path, &context, &self.list)?;
        }
        Ok(())
    }

    /// Before the first step. Goes on from a checkpoint if one is given, or a callback finds one.
    ///
    /// # Errors
    /// [`Error`]: settings of callbacks, names of scores, a checkpoint of another run.
    pub fn on_train_begin<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<(), Error> {
        trainer.reserve_slots()?;
        self.run.first_rate = checkpoint::rate_setting(&trainer.optimizer);
        let given = self.resume.take().map(|path| Template::new(path).latest()).transpose()?;
        let found = || self.list.iter().find_map(|callback| callback.resume_from()).map(PathBuf::from);
        let mut states = Vec::new();
        if let Some(path) = given.or_else(found) {
            states = checkpoint::load(&path, &mut trainer.context(&mut self.run), &self.list)?;
            trainer.epochs = self.run.last_recorded();
        }
        self.run.epoch = self.run.last_recorded() + usize::from(self.run.position.batches > 0);
        self.each(trainer, |callback, context| callback.on_train_begin(context))?;
        for (index, state) in states {
            self.list[index].restore(state);
        }
        Ok(())
    }

    /// Before the first step of an epoch.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_epoch_begin<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<(), Error> {
        self.run.clock = Some(Instant::now());
        self.run.epoch = self.next_epoch();
        if self.run.position.batches > 0 {
            return Ok(());
        }
        self.each(trainer, |callback, context| callback.on_epoch_begin(context))
    }

    /// Before a step.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_batch_begin<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<(), Error> {
        self.each(trainer, |callback, context| callback.on_batch_begin(context))
    }

    /// After a step on so many samples; `loss` is their mean.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_batch_end<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
        samples: usize,
        loss: f64,
    ) -> Result<(), Error> {
        let total = loss * samples as f64;
        self.run.advance(samples, LossSum { total, ..LossSum::default() });
        self.after_batch(trainer, loss)
    }

    /// As `on_batch_end`, once the run has advanced.
    pub(in crate::model) fn after_batch<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
        loss: f64,
    ) -> Result<(), Error> {
        self.each(trainer, |callback, context| callback.on_batch_end(context, loss))
    }

    /// Before the validation samples of an epoch are evaluated.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_test_begin<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<(), Error> {
        self.each(trainer, |callback, context| callback.on_test_begin(context))
    }

    /// After the validation samples of an epoch were evaluated.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_test_end<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<(), Error> {
        self.each(trainer, |callback, context| callback.on_test_end(context))
    }

    /// After an epoch with these scores; its record goes to the history.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_epoch_end<M: Model, O: Optimizer, L, K>(
        &mut self,
        trainer: &mut Trainer<M, O, L, K>,
        training: Scores,
        validation: Option<Scores>,
    ) -> Result<(), Error> {
        let Position { seconds, samples, .. } = core::mem::take(&mut self.run.position);
        self.run.predictions.clear();
        let record = EpochRecord {
            epoch: self.next_epoch(),
            training,
            validation,
            learning_rate: trainer.learning_rate(),
            seconds,
            samples_per_second: samples as f64 / seconds,
        };
        trainer.epochs = record.epoch;
        self.run.history.epochs.push(record.clone());
        self.each(trainer, |callback, context| callback.on_epoch_end(context, &record))
    }

    /// After the last step; returns the history.
    ///
    /// # Errors
    /// [`Error`] of a callback.
    pub fn on_train_end<M: Model, O: Optimizer, L, K>(
        mut self,
        trainer: &mut Trainer<M, O, L, K>,
    ) -> Result<History, Error> {
        self.each(trainer, |callback, context| callback.on_train_end(context))?;
        if self.run.ends_with_averaged {
            trainer.context(&mut self.run).use_averaged();
        }
        for path in &self.run.removals {
            remove(path)?;
        }
        let mut history = self.run.history;
        history.stopped = self.run.ending.map(|(Ending::Stopped(why) | Ending::Interrupted(why))| why);
        Ok(history)
    }
}
