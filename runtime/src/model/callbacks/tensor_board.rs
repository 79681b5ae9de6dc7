//! Writes event files for TensorBoard.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::{Callback, Context, setting};
use crate::io::events::EventFile;
use crate::model::{EpochRecord, Error};

/// Writes scores and learning rate to event files, which `tensorboard --logdir FOLDER` draws.
///
/// The runs are `train` with `epoch_loss`, `epoch_learning_rate` and the metrics, `validation` with the same
/// tags, and `batch` with `batch_loss` and `batch_learning_rate` if steps are written too. The horizontal axis of epochs is their number
/// from 1 (Keras counts from 0), that of batches the model's step. Values are in single precision, as the format has
/// them. Epochs are on the disk when they end, steps at most ten values or two minutes later. A missing folder is created. A resumed
/// run begins new files and withdraws what earlier ones say of epochs and steps that it does again.
///
/// # Defaults
/// Epochs alone (`keras.callbacks.TensorBoard`, 3.15, with `update_freq = "epoch"`).
///
/// # Errors
/// [`Error::Log`]; [`Error::CallbackSetting`] before the first step.
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let logs = tempfile::tempdir()?;
/// let mut board = TensorBoard::new(logs.path().join("first-run")).every_steps(100);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut board).progress(false).run()?;
/// assert!(logs.path().join("first-run/train").is_dir());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    every_steps: Option<u64>,
    train: Option<EventFile>,
    validation: Option<EventFile>,
    batch: Option<EventFile>,
}

const NAME: &str = "TensorBoard";

impl TensorBoard {
    /// Writes below this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), every_steps: None, train: None, validation: None, batch: None }
    }

    /// Writes loss and learning rate of every so many steps too (Keras's `update_freq`).
    pub fn every_steps(mut self, steps: u64) -> Self {
        self.every_steps = Some(steps);
        self
    }

    /// A new file of a run whose first event is at `next`.
    fn open(&self, run: &str, next: u64) -> io::Result<EventFile> {
        let mut events = EventFile::create(self.folder.join(run))?;
        if next > 1 {
            events.restart(next)?;
        }
        Ok(events)
    }

    fn begin(&mut self, context: &Context<'_>) -> io::Result<()> {
        let epoch = context.run.last_recorded() as u64 + 1;
        self.train = Some(self.open("train", epoch)?);
        // Made when there is something to write, so that runs without validation show none.
        self.validation = None;
        self.batch = self.every_steps.map(|_| self.open("batch", context.step() + 1)).transpose()?;
        Ok(())
    }

    fn epoch(&mut self, record: &EpochRecord) -> io::Result<()> {
        let step = record.epoch as u64;
        let tags: Vec<(String, f32)> = record.training.named().map(tag).collect();
        let mut scalars: Vec<(&str, f32)> = tags.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
        scalars.push(("epoch_learning_rate", record.learning_rate as f32));
        if let Some(train) = &mut self.train {
            train.scalars(step, &scalars)?;
            train.flush()?;
        }
        if let Some(scores) = &record.validation {
            if self.validation.is_none() {
                self.validation = Some(self.open("validation", step)?);
            }
            let tags: Vec<(String, f32)> = scores.named().map(tag).collect();
            let scalars: Vec<(&str, f32)> = tags.iter().map(|(tag, value)| (tag.as_str(), *value)).collect();
            if let Some(validation) = &mut self.validation {
                validation.scalars(step, &scalars)?;
                validation.flush()?;
            }
        }
        if let Some(batch) = &mut self.batch {
            batch.flush()?;
        }
        Ok(())
    }
}

fn tag((name, value): (&str, f64)) -> (String, f32) {
    (format!("epoch_{name}"), value as f32)
}

impl Callback for TensorBoard {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let steps = self.every_steps.unwrap_or(1);
        setting(NAME, "every_steps", steps as f64, steps > 0, "at least 1")?;
        self.begin(context).map_err(|error| Error::log(&self.folder, error))
    }

    fn on_batch_end(&mut self, context: &mut Context<'_>, loss: f64) -> Result<(), Error> {
        let Some(batch) = &mut self.batch else { return Ok(()) };
        let written = if self.every_steps.is_some_and(|steps| context.step().is_multiple_of(steps)) {
            let rate = context.learning_rate() as f32;
            batch.scalars(context.step(), &[("batch_loss", loss as f32), ("batch_learning_rate", rate)])
        } else {
            // What earlier steps have left waiting.
            batch.keep_up(Instant::now())
        };
        written.map_err(|error| Error::log(&self.folder, error))
    }

    fn on_epoch_end(&mut self, _: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        self.epoch(record).map_err(|error| Error::log(&self.folder, error))
    }

    fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        for file in [&mut self.train, &mut self.validation, &mut self.batch] {
            if let Some(mut events) = file.take() {
                events.flush().map_err(|error| Error::log(&self.folder, error))?;
            }
        }
        Ok(())
    }
}
