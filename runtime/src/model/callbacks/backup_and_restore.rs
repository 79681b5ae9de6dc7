//! Goes on by itself after a crash.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::model_checkpoint::Every;
use super::path::Template;
use super::{Callback, Context, remove};
use crate::model::{EpochRecord, Error};

/// Backs the run up to a file, and lets a run that finds the file go on from it; when a run is done, the file goes.
///
/// The same program, started again after a crash, a kill or an interrupt, ends with the bits it would have ended with
/// anyway. The file is a checkpoint like any other, under a path that reads as [`ModelCheckpoint`](super::ModelCheckpoint)'s, but
/// without numbers; a missing folder is created.
///
/// The file goes once every callback has ended without an error. A program that saves its result only then keeps the backup until
/// the result stands: with [`delete_checkpoint(false)`](Self::delete_checkpoint), and [`delete`](Self::delete) after the save.
///
/// # Defaults
/// A backup after every epoch, and deleted at the end (`keras.callbacks.BackupAndRestore`, 3.15, where the path is a
/// folder's).
///
/// # Errors
/// Before the first step: [`Error::Checkpoint`] if the file belongs to another run, [`Error::Load`], [`Error::Template`],
/// [`Error::SeveralFiles`], [`Error::Save`] if no file can be written there. Later [`Error::Save`]; [`Error::Log`] if the file cannot
/// be deleted.
///
/// # Example
/// ```
/// use typenet::model::{Error, History};
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("backup.safetensors");
/// let program = |epochs, mut backup: BackupAndRestore| -> Result<History, Error> {
///     let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
///     let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(epochs).progress(false);
///     fit.callback(&mut backup).run()
/// };
/// // As if the program had been killed after its second epoch.
/// let before = program(2, BackupAndRestore::new(&path).delete_checkpoint(false))?;
/// let history = program(4, BackupAndRestore::new(&path))?;
/// assert_eq!(history.epochs[..2], before.epochs);
/// assert_eq!(history.epochs.len(), 4);
/// assert!(!path.exists(), "the run is done");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BackupAndRestore {
    path: Template,
    every: Every,
    delete_checkpoint: bool,
}

const NAME: &str = "BackupAndRestore";

impl BackupAndRestore {
    /// Backs up to this file, and goes on from it if it exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: Template::new(path), every: Every::Epochs(1), delete_checkpoint: true }
    }

    /// Backs up after every so many steps of the model instead of after every epoch.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("backup.safetensors");
    /// let mut backup = BackupAndRestore::new(&path).every_steps(2);
    /// let mut is_there = Vec::new();
    /// let mut watch = LambdaCallback::new().on_batch_begin(|_| is_there.push(path.exists()));
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let fit = trainer.fit(&[[1.0], [2.0], [3.0]], &[2.0_f32, 4.0, 6.0]).batch_size(1).progress(false);
    /// fit.callback(&mut backup).callback(&mut watch).run()?;
    /// drop(watch);
    /// assert_eq!(is_there, [false, false, true], "the third step has a backup behind it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn every_steps(mut self, steps: u64) -> Self {
        self.every = Every::Steps(steps);
        self
    }

    /// Whether the file is deleted when the run is done.
    pub fn delete_checkpoint(mut self, delete: bool) -> Self {
        self.delete_checkpoint = delete;
        self
    }

    /// Deletes the file, if it is there: after what replaces it stands.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = |name: &str| folder.path().join(name);
    /// let mut backup = BackupAndRestore::new(path("backup.safetensors")).delete_checkpoint(false);
    /// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    /// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut backup).progress(false).run()?;
    /// // Where this fails, the training is not lost: the same program goes on from the backup.
    /// trainer.model().save(path("weights.safetensors"))?;
    /// backup.delete()?;
    /// assert!(!path("backup.safetensors").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Log`] if it cannot be deleted.
    pub fn delete(&self) -> Result<(), Error> {
        self.path.file().map_or(Ok(()), remove)
    }

    fn save(&self, context: &mut Context<'_>) {
        if let Some(file) = self.path.file() {
            context.save_checkpoint(file);
        }
    }
}

impl Callback for BackupAndRestore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        self.every.check(NAME)?;
        self.path.check()?;
        let several = || Error::SeveralFiles { callback: NAME, path: self.path.path().to_owned() };
        self.path.file().map(drop).ok_or_else(several)
    }

    fn on_epoch_end(&mut self, context: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        if self.every.is_after_epoch(record.epoch) {
            self.save(context);
        }
        Ok(())
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, _: f64) -> Result<(), Error> {
        if self.every.is_after_step(context.step()) {
            self.save(context);
        }
        Ok(())
    }

    fn on_interrupt(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.save(context);
        Ok(())
    }

    fn on_train_end(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.delete_checkpoint && !context.is_interrupted() {
            context.run.removals.extend(self.path.file().map(PathBuf::from));
        }
        Ok(())
    }

    fn resume_from(&self) -> Option<&Path> {
        // One that cannot be looked at is not taken for none: reading it says why.
        let may_exist =
            |file: &&Path| file.try_exists().unwrap_or_else(|error| error.kind() != ErrorKind::NotADirectory);
        self.path.file().filter(may_exist)
    }

    fn acts_within_epochs(&self) -> bool {
        matches!(self.every, Every::Steps(_))
    }
}
