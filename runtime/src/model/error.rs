//! What can go wrong in a correct program that trains.

use crate::data::NonFiniteInput;
use crate::io::safetensors::{LoadError, SaveError};
use crate::losses::LabelError;
use crate::optimizers::SettingError;

/// Why a run did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to train on or to evaluate.
    #[error("{set}: at least one sample is expected, found none")]
    NoSamples {
        /// Which samples: `training samples`, `validation samples`, …
        set: &'static str,
    },
    /// Samples and labels do not belong together.
    #[error("{set}: {samples} samples came with {labels} labels, expected one label for each sample")]
    Counts {
        /// Which samples.
        set: &'static str,
        /// Number of samples.
        samples: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A sample holds NaN or an infinity.
    #[error("{set}: value {} of sample {} is {}, expected a finite number", found.feature, found.sample, found.value)]
    Input {
        /// Which samples.
        set: &'static str,
        /// The first such value.
        found: NonFiniteInput,
    },
    /// A label cannot be.
    #[error("{set}: {error}")]
    Label {
        /// Which samples.
        set: &'static str,
        /// The label and what was expected.
        #[source]
        error: LabelError,
    },
    /// The batch size is zero.
    #[error("batch_size is 0, expected at least 1")]
    BatchSize,
    /// The validation split leaves nothing on one side.
    #[error(
        "validation_split is {found}, expected more than 0 and less than 1, with samples on both sides of {samples}"
    )]
    ValidationSplit {
        /// The split asked for.
        found: f64,
        /// Number of samples to be split.
        samples: usize,
    },
    /// A setting of the optimizer cannot be.
    #[error("optimizer: {0}")]
    Optimizer(#[from] SettingError),
    /// The loss stopped being a finite number. The model holds the weights of the step before.
    #[error(
        "the loss became {loss} in epoch {epoch} at step {step}, expected a finite number; a smaller learning rate may help"
    )]
    NonFiniteLoss {
        /// Epoch, from 1.
        epoch: usize,
        /// Step of the run, from 1.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// A gradient that is to be applied is not finite. The model is as before.
    #[error("a gradient by `{tensor}` is {gradient} in step {step}, expected a finite number")]
    NonFiniteGradient {
        /// The tensor's full name: `dense_1.weight`.
        tensor: String,
        /// Step of the run, from 1.
        step: u64,
        /// The gradient.
        gradient: f32,
    },
    /// No layer with parameters has this name.
    #[error("no layer with parameters is called `{name}`, expected one of `{known}`")]
    Layer {
        /// The name.
        name: String,
        /// Names that there are.
        known: String,
    },
    /// A checkpoint could not be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A checkpoint could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A checkpoint belongs to another run.
    #[error(
        "{path}: the checkpoint does not belong to this run: its `{what}` is {found}, expected {expected}"
    )]
    Checkpoint {
        /// The file.
        path: String,
        /// What differs.
        what: String,
        /// In the file.
        found: String,
        /// In this run.
        expected: String,
    },
}
