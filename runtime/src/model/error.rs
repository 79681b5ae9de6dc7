//! What can go wrong in a correct program that trains.

use core::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::WeightError;
use super::report::finite::{NonFiniteCause, NonFiniteValue};
use super::run::split::splits;
use crate::data::NonFiniteInput;
use crate::io::safetensors::{LoadError, SaveError};
use crate::losses::LabelError;
use crate::metrics;
use crate::schema::{IndexError, SettingError};

/// Why a run did not start, or stopped.
///
/// Its text says what was found where, and what was expected:
///
/// ```
/// use typenet::model::Error;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let error = trainer.fit(&[[1.0], [f32::NAN]], &[2.0_f32, 4.0]).run().unwrap_err();
/// assert_eq!(error.to_string(), "training samples: value 0 of sample 1 is NaN, expected a finite number");
/// assert!(matches!(error, Error::Input { found, .. } if found.sample == 1));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to train on or to evaluate.
    #[error("{set}: at least one sample is expected, found none")]
    NoSamples {
        /// Which samples: `training samples`, `validation samples`, …
        set: &'static str,
    },
    /// There is no memory for what a run, a step or an evaluation needs; a smaller batch may need less.
    ///
    /// ```
    /// use typenet::model::Error;
    ///
    /// let error = Error::Memory { what: "steps on 8192 samples".to_owned(), bytes: 25_690_112_000 };
    /// assert_eq!(error.to_string(), "no memory for steps on 8192 samples: 25690112000 bytes are needed");
    /// ```
    #[error("no memory for {what}: {bytes} bytes are needed")]
    Memory {
        /// What it is for: `steps on 8192 samples`, `the optimizer's state`, …
        what: String,
        /// How many bytes.
        bytes: usize,
    },
    /// Samples and labels do not belong together.
    #[error(
        "{set}: {samples} samples came with {labels} labels{}, expected one label for each sample",
        of(output)
    )]
    Counts {
        /// Which samples.
        set: &'static str,
        /// The output whose labels they are; empty if the model has one.
        output: &'static str,
        /// Number of samples.
        samples: usize,
        /// Number of labels.
        labels: usize,
    },
    /// Inputs do not have equal numbers of samples.
    ///
    /// ```
    /// use typenet::model::Error;
    ///
    /// let error = Error::InputCounts { set: "training samples", inputs: ["image", "text"], counts: [6, 5] };
    /// let text = "training samples: 6 samples of input `image` came with 5 of input `text`, expected equal numbers";
    /// assert_eq!(error.to_string(), text);
    /// ```
    #[error(
        "{set}: {} samples of input `{}` came with {} of input `{}`, expected equal numbers",
        counts[0], inputs[0], counts[1], inputs[1]
    )]
    InputCounts {
        /// Which samples.
        set: &'static str,
        /// The first input, and the first that has another number.
        inputs: [&'static str; 2],
        /// Their numbers of samples.
        counts: [usize; 2],
    },
    /// A word is none of the model's vocabulary, or a sequence has no steps or too many.
    ///
    /// ```
    /// use typenet::model::Error;
    /// use typenet::schema::IndexError;
    ///
    /// let error = IndexError::Word { input: "text", sample: 5, position: 3, found: 12_000, below: 10_000 };
    /// let error = Error::Word { set: "training samples", error };
    /// let text = "training samples: input `text`: word 3 of sample 5 is 12000, expected a number below 10000";
    /// assert_eq!(error.to_string(), text);
    /// ```
    #[error("{set}: {error}")]
    Word {
        /// Which samples.
        set: &'static str,
        /// Input, sample, position, and what was expected.
        #[source]
        error: IndexError,
    },
    /// A loss weight cannot be.
    ///
    /// ```
    /// use typenet::model::Error;
    ///
    /// let error = Error::LossWeight { output: "price", found: -1.0 };
    /// assert_eq!(error.to_string(), "the loss weight of `price` is -1, expected a finite number not below 0");
    /// ```
    #[error("the loss weight{} is {found}, expected a finite number not below 0", of(output))]
    LossWeight {
        /// The output; empty if the model has one.
        output: &'static str,
        /// The weight.
        found: f32,
    },
    /// A sample holds NaN or an infinity.
    #[error("{set}: {}value {} of sample {} is {}, expected a finite number", input_name(input), found.feature, found.sample, found.value)]
    Input {
        /// Which samples.
        set: &'static str,
        /// The input; empty if the model has one.
        input: &'static str,
        /// The first such value.
        found: NonFiniteInput,
    },
    /// A label cannot be.
    #[error("{set}: {}{error}", output_name(output))]
    Label {
        /// Which samples.
        set: &'static str,
        /// The output whose label it is; empty if the model has one.
        output: &'static str,
        /// The label and what was expected.
        #[source]
        error: LabelError,
    },
    /// A weight cannot be.
    #[error("{set}: {error}")]
    Weight {
        /// Which samples.
        set: &'static str,
        /// The weights and what was expected.
        #[source]
        error: WeightError,
    },
    /// The batch size is zero.
    #[error("batch_size is 0, expected at least 1")]
    BatchSize,
    /// A batch is smaller than a layer can train on: batch normalisation of one value for each channel says nothing.
    ///
    /// ```
    /// use typenet::kernels::Rng;
    /// use typenet::layers::BatchNorm;
    /// use typenet::model::Error;
    /// use typenet::prelude::*;
    /// use typenet::typenum::U2;
    ///
    /// type Norm = BatchNorm<(U2,)>;
    /// model! { Line < Dense(1 => 2), norm: Norm(2 => 2), Dense(2 => 1) > }
    ///
    /// let (samples, labels) = ([[1.0], [2.0], [3.0]], [2.0_f32, 4.0, 6.0]);
    /// let mut trainer = Line::new(1).compile(Sgd::new(0.125), MeanSquaredError, ());
    /// let error = trainer.fit(&samples, &labels).batch_size(2).run().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "training samples: `norm` needs 2 samples or more in each batch, but 3 samples in batches of 2 leave 1 for \
    ///      the last; another batch_size helps"
    /// );
    /// let error = trainer.train_on_batch(&samples[..1], &labels[..1], &Rng::seed(1)).unwrap_err();
    /// assert!(matches!(error, Error::SmallBatch { expected: 2, found: 1, .. }));
    /// let mut gradients = Line::zeros();
    /// assert!(trainer.gradients(&samples[..1], &labels[..1], &Rng::seed(1), &mut gradients).is_err());
    /// // Nothing was trained; three samples at once can be, and one can be judged.
    /// assert_eq!(trainer.step(), 0);
    /// trainer.fit(&samples, &labels).progress(false).run()?;
    /// assert!(trainer.evaluate(&samples[..1], &labels[..1])?.loss.is_finite());
    /// # Ok::<(), Error>(())
    /// ```
    #[error(
        "training samples: `{layer}` needs {expected} samples or more in each batch, {}",
        few_samples(*found, *samples, *batch_size)
    )]
    SmallBatch {
        /// The layer's full name.
        layer: String,
        /// How many samples it needs.
        expected: usize,
        /// How many the smallest batch has.
        found: usize,
        /// Number of samples in all.
        samples: usize,
        /// Number of samples in other batches.
        batch_size: usize,
    },
    /// The validation split leaves nothing on one side.
    #[error(
        "validation_split is {found}, expected {}",
        splits(*samples).map_or_else(
            || format!("at least two samples to split, found {samples}"),
            |(least, most)| format!("a share from {least:?} to {most:?}, which leave at least one of {samples} samples on each side"),
        )
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
    /// A setting of the loss cannot be.
    #[error("loss: {0}")]
    LossSetting(#[source] SettingError),
    /// A metric cannot be, or not of this model, or not beside another.
    #[error("metric: {0}")]
    MetricSetting(#[from] metrics::MetricError),
    /// Two scores of a model with several outputs would have one name in a history and in logs.
    ///
    /// ```
    /// use typenet::model::Error;
    ///
    /// let error = Error::ScoreName { name: "price_low_loss".into() };
    /// assert_eq!(error.to_string(), "two scores are called `price_low_loss`, expected a metric with a name of its own by `named`");
    /// ```
    #[error("two scores are called `{name}`, expected a metric with a name of its own by `named`")]
    ScoreName {
        /// The name.
        name: String,
    },
    /// A label cannot be for a metric, though it can for the loss.
    #[error("{set}: {}{error}", output_name(output))]
    MetricLabel {
        /// Which samples.
        set: &'static str,
        /// The output whose label it is; empty if the model has one.
        output: &'static str,
        /// The metric, the label and what was expected.
        #[source]
        error: metrics::MetricLabelError,
    },
    /// The loss stopped being a finite number. The model holds the weights of the step before.
    #[error(
        "the loss became {loss} at {}, expected a finite number: {cause}; a smaller learning rate may help",
        steps(*step..=*step, *epoch)
    )]
    NonFiniteLoss {
        /// Epoch, from 1; 0 outside of `fit`.
        epoch: usize,
        /// Step of the run, from 1.
        step: u64,
        /// The loss.
        loss: f64,
        /// The tensor or layer that it comes from.
        cause: NonFiniteCause,
    },
    /// A weight, or a number of the optimizer's state, stopped being finite. Earlier checkpoints are whole.
    #[error(
        "{found} since {}, expected a finite number; a smaller learning rate may help",
        steps(*since..=*step, *epoch)
    )]
    NonFiniteWeights {
        /// Epoch, from 1; 0 outside of `fit`.
        epoch: usize,
        /// The first step that it may come from: `step` itself where every step is looked at.
        since: u64,
        /// The last step that was done, from 1.
        step: u64,
        /// The first such number.
        found: NonFiniteValue,
    },
    /// A callback watches a score that there is not.
    #[error("{callback}: there is no score `{monitor}`, expected one of {}", found.join(", "))]
    Monitor {
        /// The callback.
        callback: &'static str,
        /// The name it was given.
        monitor: String,
        /// The scores that there are.
        found: Vec<String>,
    },
    /// The best of a score is to be saved, and in no epoch was it a finite number. The trainer holds the weights of the last
    /// epoch.
    #[error(
        "{callback}: `{monitor}` was NaN or infinite in all of {epochs} epochs, expected a finite number to save the best of"
    )]
    NoFiniteScore {
        /// The callback.
        callback: &'static str,
        /// The score.
        monitor: String,
        /// Number of epochs that had it.
        epochs: usize,
    },
    /// The name of a score does not say which way it gets better.
    #[error(
        "{callback}: whether less or more is better does not follow from the name `{monitor}`, expected `mode(Mode::Min)` or `mode(Mode::Max)`"
    )]
    MonitorMode {
        /// The callback.
        callback: &'static str,
        /// The score.
        monitor: String,
    },
    /// A setting of a callback cannot be.
    #[error(transparent)]
    CallbackSetting(SettingError),
    /// A path has a place for something that there is not.
    #[error("{}: expected `{{epoch}}` and `{{step}}`, such as `{{epoch:03}}`, as the only places in a path, and braces of the path itself as `{{{{` and `}}}}`", path.display())]
    Template {
        /// The path.
        path: PathBuf,
    },
    /// A callback that keeps one file was given a path for several.
    #[error("{callback}: {} names several files, expected a path without `{{epoch}}` and `{{step}}`", path.display())]
    SeveralFiles {
        /// The callback.
        callback: &'static str,
        /// The path.
        path: PathBuf,
    },
    /// A log that rows should be added to holds something else.
    #[error(
        "{}: the first line is {found}, expected {expected}: only the like can be added to; another file, or one that is replaced, takes these rows",
        path.display()
    )]
    LogContent {
        /// The file.
        path: PathBuf,
        /// Its first line.
        found: String,
        /// The first line of what would be added.
        expected: String,
    },
    /// A log could not be written.
    #[error("{}: {source}", path.display())]
    Log {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A setting of the run that counts something is zero.
    #[error("{setting} is 0, expected at least 1")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// An error of a callback of one's own.
    #[error("{callback}: {source}")]
    Callback {
        /// The callback.
        callback: &'static str,
        /// Its error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A callback needs averaged weights.
    #[error(
        "{callback}: `{optimizer}` keeps no averaged weights, expected an optimizer with `average(momentum)`"
    )]
    NoAverage {
        /// The callback.
        callback: &'static str,
        /// The optimizer.
        optimizer: &'static str,
    },
    /// A checkpoint was asked for in the middle of an epoch without the predictions that its metrics need to go on.
    #[error(
        "{}: a checkpoint in the middle of an epoch needs the epoch's predictions, expected a callback whose `acts_within_epochs` says so",
        path.display()
    )]
    CheckpointWithinEpoch {
        /// The checkpoint.
        path: PathBuf,
    },
    /// A learning rate that follows a schedule would be changed, by a callback or by hand.
    #[error("the learning rate follows {schedule}, expected an optimizer without a schedule where it is set")]
    Scheduled {
        /// The schedule and its settings.
        schedule: String,
    },
    /// A gradient that is to be applied is not finite, as where a layer's output overflows on a sample whose loss does not show it because
    /// its weight is zero. The model is as before.
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
    /// A file to go on from is none that a run saved.
    #[error("{}: not a checkpoint, expected a file with a run's whole state; weights alone can be loaded", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// A checkpoint was written by another version of this library.
    #[error("{}: checkpoint version {found}, expected {expected}", path.display())]
    CheckpointVersion {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: String,
        /// The version that this library reads and writes.
        expected: u32,
    },
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

/// `input `text`: `; nothing for an only input.
fn input_name(input: &str) -> String {
    if input.is_empty() { String::new() } else { format!("input `{input}`: ") }
}

/// `output `class`: `; nothing for an only output.
fn output_name(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("output `{output}`: ") }
}

/// ` of `class``; nothing for an only output.
fn of(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(" of `{output}`") }
}

/// `step 3 of epoch 1`, `one of the steps 1 to 6 of epoch 1`; without the epoch where it is 0.
fn steps(steps: RangeInclusive<u64>, epoch: usize) -> String {
    let (first, last) = (steps.start(), steps.end());
    let of_epoch = if epoch == 0 { String::new() } else { format!(" of epoch {epoch}") };
    if first >= last {
        format!("step {last}{of_epoch}")
    } else {
        format!("one of the steps {first} to {last}{of_epoch}")
    }
}

impl Error {
    /// An error of a callback of one's own.
    ///
    /// ```
    /// use typenet::model::Error;
    ///
    /// let port = "70000".parse::<u16>().map_err(|error| Error::callback("Announcer", error));
    /// assert_eq!(port.unwrap_err().to_string(), "Announcer: number too large to fit in target type");
    /// ```
    pub fn callback(
        callback: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Callback { callback, source: source.into() }
    }

    /// No memory for `len` values.
    pub(super) fn memory<T>(what: impl Into<String>, len: usize) -> Self {
        Self::Memory { what: what.into(), bytes: len.saturating_mul(size_of::<T>()) }
    }

    pub(super) fn log(path: &Path, source: std::io::Error) -> Self {
        Self::Log { path: path.to_owned(), source }
    }
}

/// Why a batch has so few samples.
fn few_samples(found: usize, samples: usize, batch_size: usize) -> String {
    if found == samples {
        format!("found {found}")
    } else if found == batch_size {
        format!("found batch_size {batch_size}")
    } else {
        format!(
            "but {samples} samples in batches of {batch_size} leave {found} for the last; another batch_size helps"
        )
    }
}
