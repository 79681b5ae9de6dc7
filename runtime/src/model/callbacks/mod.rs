//! Callbacks: what happens at the beginning and end of a run, its epochs and its batches besides training.
//!
//! Names and defaults are those of Keras 3. One file for each:
//!
//! | callback | what it does |
//! |---|---|
//! | [`EarlyStopping`] | ends the run when a score stops getting better |
//! | [`ReduceLrOnPlateau`] | lowers the learning rate when a score stops getting better |
//! | [`LearningRateScheduler`] | sets the learning rate of each epoch |
//! | [`ModelCheckpoint`] | saves the run or its weights, always or the best |
//! | [`BackupAndRestore`] | goes on by itself after a crash |
//! | [`SwapEmaWeights`] | validates, and ends with, averaged weights |
//! | [`Stop`] | ends the run when a signal handler or another thread says so |
//! | [`TerminateOnNan`] | ends the run at the step that made a weight NaN or infinite |
//! | [`CsvLogger`], [`JsonLinesLogger`], [`TensorBoard`] | write each epoch's record to files |
//! | [`LambdaCallback`] | calls closures |
//!
//! They are lent to [`Fit::callback`](super::Fit::callback), or to a [`CallbackList`] in a loop written by hand. All their
//! methods are called on the thread that runs the loop, or called [`Fit::run`](super::Fit::run).

mod backup_and_restore;
mod context;
mod csv_logger;
mod early_stopping;
mod json_lines_logger;
mod lambda_callback;
mod learning_rate_scheduler;
mod list;
mod log;
mod model_checkpoint;
mod monitor;
mod path;
mod reduce_lr_on_plateau;
mod stop;
mod swap_ema_weights;
mod tensor_board;
mod terminate_on_nan;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::Path;

use crate::brief::brief_debug;
use crate::model::{EpochRecord, Error};
use crate::schema::SettingError;

pub use backup_and_restore::BackupAndRestore;
pub use context::Context;
pub use csv_logger::CsvLogger;
pub use early_stopping::EarlyStopping;
pub use json_lines_logger::JsonLinesLogger;
pub use lambda_callback::LambdaCallback;
pub use learning_rate_scheduler::LearningRateScheduler;
pub use list::CallbackList;
pub use model_checkpoint::ModelCheckpoint;
pub use monitor::Mode;
pub use path::escape_braces;
pub use reduce_lr_on_plateau::ReduceLrOnPlateau;
pub use stop::{Stop, StopHandle};
pub use swap_ema_weights::SwapEmaWeights;
pub use tensor_board::TensorBoard;
pub use terminate_on_nan::TerminateOnNan;

/// Something to be done at the events of a run, in the order in which callbacks were given.
///
/// Every method but [`name`](Self::name) does nothing unless it is written. An error ends the run and is its result;
/// one of a callback's own is made with [`Error::callback`].
///
/// # Resumed runs
/// A run that goes on from a checkpoint calls `on_train_begin` with the history so far, then [`restore`](Self::restore).
/// In the middle of an epoch it goes on with the next batch: the `on_epoch_begin` of this epoch was before the checkpoint.
///
/// # Example
/// ```
/// use typenet::callbacks::{Callback, Context};
/// use typenet::model::{EpochRecord, Error};
/// use typenet::prelude::*;
///
/// /// Ends the run when the loss is small enough.
/// struct GoodEnough(f64);
///
/// impl Callback for GoodEnough {
///     fn name(&self) -> &'static str {
///         "GoodEnough"
///     }
///
///     fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
///         if record.training.loss <= self.0 {
///             context.stop("good enough");
///         }
///         Ok(())
///     }
/// }
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let mut enough = GoodEnough(1.0);
/// let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(100).callback(&mut enough);
/// let history = fit.progress(false).run()?;
/// assert_eq!((history.epochs.len(), history.stopped.as_deref()), (2, Some("good enough")));
/// # Ok::<(), Error>(())
/// ```
///
/// One that leaves off in the middle of an epoch, and goes on there when the program is started again:
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use typenet::callbacks::{Callback, Context};
/// use typenet::model::Error;
/// use typenet::prelude::*;
///
/// struct Pause {
///     after: u64,
///     path: PathBuf,
/// }
///
/// impl Callback for Pause {
///     fn name(&self) -> &'static str {
///         "Pause"
///     }
///
///     fn on_batch_end(&mut self, context: &mut Context<'_>, _: f64) -> Result<(), Error> {
///         if context.step() == self.after {
///             context.interrupt("a pause");
///         }
///         Ok(())
///     }
///
///     fn on_interrupt(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
///         context.save_checkpoint(&self.path);
///         Ok(())
///     }
///
///     fn resume_from(&self) -> Option<&Path> {
///         self.path.exists().then_some(&self.path)
///     }
///
///     fn acts_within_epochs(&self) -> bool {
///         true
///     }
/// }
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let program = |mut pause: Pause| {
///     let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
///     let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(3).batch_size(1).progress(false);
///     fit.callback(&mut pause).run().map(|history| (history.epochs.len(), trainer.step()))
/// };
/// let path = folder.path().join("run.safetensors");
/// assert_eq!(program(Pause { after: 3, path: path.clone() })?, (1, 3));
/// assert_eq!(program(Pause { after: 0, path })?, (3, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Callback {
    /// Its type, for messages and checkpoints: `EarlyStopping`.
    fn name(&self) -> &'static str;

    /// Before the first step. Settings and names of scores are checked here.
    ///
    /// # Errors
    /// [`Error`] if the run should not start.
    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// After the last step of a run that ended without an error.
    ///
    /// # Errors
    /// [`Error`] becomes the result of the run.
    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// Before the first step of an epoch.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_epoch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// After an epoch and its validation.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        let _ = (context, record);
        Ok(())
    }

    /// Before the validation samples of an epoch are evaluated.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_test_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// After the validation samples of an epoch were evaluated, before [`on_epoch_end`](Self::on_epoch_end).
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_test_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// Before a step. Allocates nothing, if the run is to allocate nothing.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_batch_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// After a step; `loss` is the mean over its samples, before the update.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_batch_end(&mut self, context: &mut Context<'_>, loss: f64) -> Result<(), Error> {
        let _ = (context, loss);
        Ok(())
    }

    /// Once a callback has [interrupted](Context::interrupt) the run, before `on_train_end`: the last moment at which
    /// a checkpoint holds what the run needs to go on.
    ///
    /// # Errors
    /// [`Error`] ends the run.
    fn on_interrupt(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// What it remembers between epochs and a checkpoint must hold; `None` if there is nothing.
    fn state(&self) -> Option<State<'_>> {
        None
    }

    /// Takes up what an earlier [`state`](Self::state) returned; the numbers are the same in name and order.
    fn restore(&mut self, state: State<'_>) {
        let _ = state;
    }

    /// The checkpoint that the run should go on from.
    fn resume_from(&self) -> Option<&Path> {
        None
    }

    /// Whether it may interrupt the run, or ask for a checkpoint, in the middle of an epoch. The run then keeps the
    /// epoch's predictions, four bytes for each output of each sample, so that a checkpoint can hold them and metrics
    /// go on exactly.
    fn acts_within_epochs(&self) -> bool {
        false
    }
}

/// What a callback remembers, as a checkpoint holds it.
///
/// ```
/// use typenet::callbacks::{Callback, State};
///
/// /// Remembers the largest loss of a batch.
/// struct Largest(Option<f64>);
///
/// impl Callback for Largest {
///     fn name(&self) -> &'static str {
///         "Largest"
///     }
///
///     fn state(&self) -> Option<State<'_>> {
///         Some(State { numbers: vec![("loss", self.0.unwrap_or(f64::NAN))], ..State::default() })
///     }
///
///     fn restore(&mut self, state: State<'_>) {
///         self.0 = state.get("loss");
///     }
/// }
///
/// let mut resumed = Largest(None);
/// assert_eq!(resumed.state().and_then(|state| state.get("loss")), None);
/// resumed.restore(State { numbers: vec![("loss", 2.5)], ..State::default() });
/// assert_eq!(resumed.0, Some(2.5));
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct State<'a> {
    /// Numbers by name; absent ones are NaN.
    pub numbers: Vec<(&'static str, f64)>,
    /// Weights of the model at another time, as long as its block.
    pub weights: Option<Cow<'a, [f32]>>,
    /// Averaged weights at another time, as long as the model's parameters, for an optimizer that keeps them.
    pub average: Option<Cow<'a, [f32]>>,
}

brief_debug!(State<'_> { numbers, (weights) });

impl State<'_> {
    /// A number by its name; `None` if it is NaN, or there is none.
    pub fn get(&self, name: &str) -> Option<f64> {
        let (_, value) = self.numbers.iter().find(|(key, _)| *key == name)?;
        (!value.is_nan()).then_some(*value)
    }
}

/// An error unless the setting of a callback can be.
fn setting(
    callback: &'static str,
    setting: &'static str,
    found: f64,
    holds: bool,
    expected: &'static str,
) -> Result<(), Error> {
    let error = || SettingError { owner: callback, setting, expected: expected.into(), found };
    if holds { Ok(()) } else { Err(Error::CallbackSetting(error())) }
}

/// Deletes a file, if it is there.
fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::log(path, error)),
        _ => Ok(()),
    }
}
