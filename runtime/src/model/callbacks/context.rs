//! What a callback sees of a run, and what it may change.

use core::fmt;
use std::path::{Path, PathBuf};

use crate::hardware::Buffer;
use crate::io::safetensors::{Metadata, save_block};
use crate::layers::Model;
use crate::model::report::finite::{NonFiniteValue, find_in_state};
use crate::model::run::state::{Ending, Run};
use crate::model::tensors::{TensorError, TensorView, find};
use crate::model::training::train_on_batch::{check_rate_is_free, set_learning_rate};
use crate::model::training::trainable::Trainable;
use crate::model::training::updates::Updates;
use crate::model::{Error, History, Trainer};
use crate::optimizers::{AVERAGE, Optimizer};
use crate::schema::LayerInfo;

/// A run as its callbacks see it: where it stands, the model's numbers, the learning rate, the history.
///
/// Model and optimizer have lost their types here, so that one callback serves all.
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut watch = LambdaCallback::new()
///     .on_train_begin(|context| {
///         assert_eq!((context.model(), context.layers()[0].name), ("Line", "dense_1"));
///         assert_eq!(context.optimizer().name(), "Sgd");
///         assert_eq!(context.score_names(), Some(&["loss".to_string()][..]));
///         assert_eq!((context.epoch(), context.epochs()), (0, Some(100)));
///     })
///     .on_batch_end(|context, _| {
///         assert_eq!((context.batch() as u64, context.epoch() as u64), (1, context.step()));
///         assert_eq!(context.updates(), context.step(), "nothing is accumulated");
///         assert_eq!(context.find_non_finite(), None);
///     })
///     .on_epoch_end(|context, record| {
///         assert_eq!(context.history().last(), Some(record));
///         if record.training.loss < 1.0 {
///             context.stop("good enough");
///         }
///         assert_eq!(context.is_stopping(), record.epoch == 2);
///     });
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut watch);
/// assert_eq!(fit.progress(false).run()?.stopped.as_deref(), Some("good enough"));
/// # Ok::<(), typenet::model::Error>(())
/// ```
pub struct Context<'a> {
    pub(in crate::model) model: &'static str,
    pub(in crate::model) layers: &'static [LayerInfo],
    pub(in crate::model) block: &'a mut [f32],
    pub(in crate::model) optimizer: &'a mut dyn Optimizer,
    pub(in crate::model) slots: &'a mut [Buffer],
    pub(in crate::model) trainable: &'a Trainable,
    pub(in crate::model) step: &'a mut u64,
    pub(in crate::model) updates: &'a mut Updates,
    pub(in crate::model) run: &'a mut Run,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("model", &self.model)
            .field("optimizer", &self.optimizer.name())
            .field("epoch", &self.run.epoch)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl<M: Model, O: Optimizer, L, K> Trainer<M, O, L, K> {
    pub(in crate::model) fn context<'a>(&'a mut self, run: &'a mut Run) -> Context<'a> {
        Context {
            model: M::NAME,
            layers: M::LAYERS,
            block: self.model.block_mut(),
            optimizer: &mut self.optimizer,
            slots: &mut self.slots,
            trainable: &self.trainable,
            step: &mut self.step,
            updates: &mut self.updates,
            run,
        }
    }
}

impl Context<'_> {
    /// Number of the present epoch, from 1; 0 before the first.
    pub fn epoch(&self) -> usize {
        self.run.epoch
    }

    /// Number of the last epoch, where it is known: in `fit`.
    pub fn epochs(&self) -> Option<usize> {
        self.run.last_epoch()
    }

    /// Batches of the present epoch that are done; 0 between epochs.
    pub fn batch(&self) -> usize {
        self.run.position.batches
    }

    /// Number of steps done so far. Each is an update, unless the optimizer accumulates gradients.
    pub fn step(&self) -> u64 {
        *self.step
    }

    /// Number of updates made so far.
    pub fn updates(&self) -> u64 {
        self.updates.made
    }

    /// The epochs so far, resumed ones included; in `on_epoch_end`, with the epoch that has ended.
    pub fn history(&self) -> &History {
        &self.run.history
    }

    /// Names of the scores that records of epochs will have, in their order, where they are known: in `fit`, and in a loop
    /// that [says them](super::CallbackList::score_names).
    pub fn score_names(&self) -> Option<&[String]> {
        self.run.names.as_deref()
    }

    /// The model's name.
    pub fn model(&self) -> &'static str {
        self.model
    }

    /// The model's table of layers, which says what lies where in [`weights`](Self::weights).
    pub fn layers(&self) -> &'static [LayerInfo] {
        self.layers
    }

    /// The model's block: the parameters of every layer in order, then the buffers.
    pub fn weights(&self) -> &[f32] {
        self.block
    }

    /// As [`weights`](Self::weights), to be changed.
    ///
    /// A constraint on everything:
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut clip = LambdaCallback::new().on_batch_end(|context, _| {
    ///     context.weights_mut().iter_mut().for_each(|weight| *weight = weight.clamp(-1.0, 1.0));
    ///     assert!(context.weights().iter().all(|weight| weight.abs() <= 1.0));
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut clip).progress(false).run()?;
    /// assert_eq!(trainer.block(), [1.0, 0.75]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn weights_mut(&mut self) -> &mut [f32] {
        self.block
    }

    /// The averaged weights of [`average`](crate::optimizers::OptimizerExt::average), one for each parameter; `None` before the
    /// first update, and if the optimizer keeps no average. Those of frozen tensors mean nothing.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut watch = LambdaCallback::new().on_epoch_end(|context, _| {
    ///     let average = context.average().expect("there was an update").to_vec();
    ///     assert!(context.use_averaged());
    ///     assert_eq!(context.weights(), average);
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125).average(0.9), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).batch_size(1).callback(&mut watch);
    /// fit.progress(false).run()?;
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn average(&self) -> Option<&[f32]> {
        let place = self.slot_place(AVERAGE).filter(|_| self.updates.made > 0)?;
        Some(&self.slots[place])
    }

    /// Puts the averaged weights in the model's place, and says whether there are any. What is frozen stays as it is.
    pub fn use_averaged(&mut self) -> bool {
        let Some(place) = self.slot_place(AVERAGE).filter(|_| self.updates.made > 0) else { return false };
        for range in self.trainable.ranges() {
            self.block[range.clone()].copy_from_slice(&self.slots[place][range.clone()]);
        }
        true
    }

    /// Changes the averaged weights to those of another time, if the optimizer keeps them.
    pub(super) fn set_average(&mut self, average: &[f32]) {
        if let Some(place) = self.slot_place(AVERAGE) {
            self.slots[place].copy_from_slice(average);
        }
    }

    /// Whether the optimizer keeps averaged weights.
    pub(super) fn has_average(&self) -> bool {
        self.slot_place(AVERAGE).is_some()
    }

    /// The averaged weights take the model's place once every callback has seen the end of the run.
    pub(super) fn end_with_averaged(&mut self) {
        self.run.ends_with_averaged = true;
    }

    fn slot_place(&self, name: &str) -> Option<usize> {
        self.optimizer.slots().into_iter().position(|slot| slot == name)
    }

    /// A tensor by its full name: `dense_1.weight`.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut biases = Vec::new();
    /// let mut watch = LambdaCallback::new().on_epoch_end(|context, _| {
    ///     biases.push(context.tensor("dense_1.bias").expect("a tensor of the model").values[0]);
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut watch).progress(false).run()?;
    /// drop(watch);
    /// assert_eq!(biases, [0.75, 0.84375]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Unknown`] names the tensors that there are.
    pub fn tensor(&self, name: &str) -> Result<TensorView<'_>, TensorError> {
        let place = find(self.model, self.layers, name)?;
        Ok(TensorView { shape: place.shape, values: &self.block[place.range()] })
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &dyn Optimizer {
        self.optimizer
    }

    /// The step size of the last step, or of the first if there was none.
    pub fn learning_rate(&self) -> f64 {
        self.optimizer.learning_rate_at(self.updates.present())
    }

    /// Changes the step size from the next step on.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut halve = LambdaCallback::new().on_epoch_end(|context, _| {
    ///     let rate = context.learning_rate();
    ///     context.set_learning_rate(0.5 * rate).expect("no schedule");
    ///     assert!(context.set_learning_rate(-1.0).is_err());
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut halve);
    /// let history = fit.progress(false).run()?;
    /// assert_eq!(history.epochs[1].learning_rate, 0.0625);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Scheduled`] if it follows a schedule, [`Error::Optimizer`] if it cannot be one; then it is as before.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        set_learning_rate(self.optimizer, learning_rate)
    }

    /// Whether the step size may be changed.
    pub(super) fn check_rate_is_free(&self) -> Result<(), Error> {
        check_rate_is_free(self.optimizer)
    }

    /// The first number that is not finite: of the model, then of the optimizer's state. One pass over both.
    pub fn find_non_finite(&self) -> Option<NonFiniteValue> {
        find_in_state(self.layers, self.block, || self.optimizer.slots(), self.slots)
    }

    /// Saves the weights, as [`ModelExt::save`](crate::model::ModelExt::save) does.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (weights, run) = (folder.path().join("weights.safetensors"), folder.path().join("run.safetensors"));
    /// let mut saver = LambdaCallback::new().on_epoch_end(|context, _| {
    ///     context.save_weights(&weights).expect("a folder that can be written to");
    ///     context.save_checkpoint(&run);
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut saver).progress(false).run()?;
    /// assert_eq!(Line::load(&weights)?.block(), trainer.block());
    /// assert_eq!(Line::load(&run)?.block(), trainer.block());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Save`].
    pub fn save_weights(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let metadata = Metadata::from([("model".to_string(), self.model.to_string())]);
        Ok(save_block(path, self.layers, self.block, &metadata)?)
    }

    /// Asks for a checkpoint of the whole run. It is written once every callback has seen the present event, so that
    /// it holds what they remember of it. Braces in the path mean themselves.
    pub fn save_checkpoint(&mut self, path: impl Into<PathBuf>) {
        let path = path.into();
        if !self.run.saves.contains(&path) {
            self.run.saves.push(path);
        }
    }

    /// Says something that need not end the run. It becomes one of the [`History::warnings`], unless it is among them, and `fit`
    /// shows it after the epoch.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let mut watch = LambdaCallback::new().on_epoch_end(|context, record| {
    ///     if record.training.loss > 1.0 {
    ///         context.warn("the loss is above 1");
    ///     }
    /// });
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.01), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut watch);
    /// assert_eq!(fit.progress(false).run()?.warnings, ["the loss is above 1"]);
    /// # Ok::<(), typenet::model::Error>(())
    /// ```
    pub fn warn(&mut self, text: impl Into<String>) {
        let (text, warnings) = (text.into(), &mut self.run.history.warnings);
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// Ends the run: at once if an epoch has begun, whose steps then remain without a record. The first reason given
    /// becomes [`History::stopped`]. The run is done: resumed from a later checkpoint, it ends again.
    pub fn stop(&mut self, reason: impl Into<String>) {
        self.run.ending.get_or_insert_with(|| Ending::Stopped(reason.into()));
    }

    /// Ends the run as [`stop`](Self::stop) does, but it is not done: [`on_interrupt`](super::Callback::on_interrupt)
    /// is called, where checkpoints are written, and resumed from them the run goes on.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("run.safetensors");
    /// let (samples, labels) = ([[1.0], [2.0]], [2.0_f32, 4.0]);
    /// let trainer = || Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let mut alarm = LambdaCallback::new().on_batch_end(|context, _| {
    ///     context.interrupt("the machine is needed");
    ///     assert!(context.is_interrupted());
    /// });
    /// let mut first = trainer();
    /// let fit = first.fit(&samples, &labels).batch_size(1).checkpoint(&path).progress(false);
    /// let history = fit.callback(&mut alarm).run()?;
    /// assert_eq!((first.step(), history.stopped.as_deref()), (1, Some("the machine is needed")));
    ///
    /// let mut second = trainer();
    /// second.fit(&samples, &labels).batch_size(1).resume(&path).progress(false).run()?;
    /// assert_eq!(second.step(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn interrupt(&mut self, reason: impl Into<String>) {
        self.run.ending.get_or_insert_with(|| Ending::Interrupted(reason.into()));
    }

    /// Whether the run is about to end.
    pub fn is_stopping(&self) -> bool {
        self.run.ending.is_some()
    }

    /// Whether the run is about to end, and is to be gone on with later.
    pub fn is_interrupted(&self) -> bool {
        self.run.is_interrupted()
    }
}
