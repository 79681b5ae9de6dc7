//! A run over epochs and batches.

use std::path::PathBuf;
use std::time::Instant;

use super::progress::{MESSAGE_INTERVAL, Progress};
use super::trainer::check;
use super::{EpochRecord, Error, History, Trainer, checkpoint};
use crate::hardware::threads;
use crate::kernels::Rng;
use crate::layers::Model;
use crate::losses::Loss;
use crate::metrics::Metrics;
use crate::optimizers::Optimizer;

/// Streams of a run's seed.
const SHUFFLE: u64 = 1;
const STEPS: u64 = 2;

/// A run to be: the options of [`Trainer::fit`].
///
/// # Defaults
/// 1 epoch, batches of 32 samples, shuffled, no validation, progress shown (all as `keras.Model.fit`); seed 0.
#[must_use = "nothing is trained before `run`"]
#[derive(Debug)]
pub struct Fit<'a, M: Model, O, L, K, Y> {
    trainer: &'a mut Trainer<M, O, L, K>,
    samples: &'a [M::Sample],
    labels: &'a [Y],
    validation: Option<(&'a [M::Sample], &'a [Y])>,
    validation_split: Option<f64>,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    progress: bool,
    checkpoint: Option<PathBuf>,
    resume: Option<PathBuf>,
    /// [`Self::train`], taken where loss, metrics and labels are known to fit: a misfit is reported there, and once.
    train: fn(Self) -> Result<History, Error>,
}

/// What a checkpoint must agree with for the run to go on as if it had not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) shuffle: bool,
    pub(super) batch_size: usize,
    pub(super) samples: usize,
}

impl<'a, M: Model, O, L, K, Y> Fit<'a, M, O, L, K, Y> {
    pub(super) fn new(trainer: &'a mut Trainer<M, O, L, K>, samples: &'a [M::Sample], labels: &'a [Y]) -> Self
    where
        O: Optimizer,
        L: Loss<M::Head, M::Prediction, Y>,
        K: Metrics<M::Head, M::Prediction, Y>,
        Y: Copy + Send + Sync,
    {
        Self {
            trainer,
            samples,
            labels,
            validation: None,
            validation_split: None,
            epochs: 1,
            batch_size: 32,
            seed: 0,
            shuffle: true,
            progress: true,
            checkpoint: None,
            resume: None,
            train: Self::train,
        }
    }

    /// Number of the last epoch; each sees every sample once.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// Samples for each update; the last batch of an epoch may be shorter.
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

    /// Samples to be evaluated after every epoch.
    pub fn validation(mut self, samples: &'a [M::Sample], labels: &'a [Y]) -> Self {
        self.validation = Some((samples, labels));
        self
    }

    /// Keeps this share of the samples, the last of them before any shuffling, for validation.
    pub fn validation_split(mut self, split: f64) -> Self {
        self.validation_split = Some(split);
        self
    }

    /// Whether the run shows a progress bar in a terminal and prints a line for each epoch.
    pub fn progress(mut self, progress: bool) -> Self {
        self.progress = progress;
        self
    }

    /// Saves model, optimizer and history to this file after every epoch.
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Goes on where the run that wrote this checkpoint stopped: the result has the same bits as that of a run that
    /// was not stopped.
    pub fn resume(mut self, path: impl Into<PathBuf>) -> Self {
        self.resume = Some(path.into());
        self
    }

    /// Trains.
    ///
    /// # Errors
    /// [`Error`]: before the first step if samples, labels or settings cannot be, later if the loss stops being
    /// finite or a checkpoint cannot be written.
    pub fn run(self) -> Result<History, Error> {
        (self.train)(self)
    }
}

impl<M, O, L, K, Y> Fit<'_, M, O, L, K, Y>
where
    M: Model,
    O: Optimizer,
    L: Loss<M::Head, M::Prediction, Y>,
    K: Metrics<M::Head, M::Prediction, Y>,
    Y: Copy + Send + Sync,
{
    fn train(mut self) -> Result<History, Error> {
        if self.batch_size == 0 {
            return Err(Error::BatchSize);
        }
        self.trainer.optimizer.validate()?;
        check::<M, Y, L>("training samples", &self.trainer.loss, self.samples, self.labels)?;
        if let Some(split) = self.validation_split {
            let samples = self.samples.len();
            let error = Error::ValidationSplit { found: split, samples };
            if !(split > 0.0 && split < 1.0) {
                return Err(error);
            }
            // Keras: the first ⌊n·(1 − split)⌋ samples are trained on.
            let training = (samples as f64 * (1.0 - split)) as usize;
            if training == 0 || training == samples {
                return Err(error);
            }
            self.validation = Some((&self.samples[training..], &self.labels[training..]));
            (self.samples, self.labels) = (&self.samples[..training], &self.labels[..training]);
        } else if let Some((samples, labels)) = self.validation {
            check::<M, Y, L>("validation samples", &self.trainer.loss, samples, labels)?;
        }

        let plan = Plan {
            seed: self.seed,
            shuffle: self.shuffle,
            batch_size: self.batch_size,
            samples: self.samples.len(),
        };
        self.trainer.reserve(self.batch_size.min(self.samples.len()));
        let mut history = History::default();
        if let Some(path) = &self.resume {
            history = checkpoint::load(path, self.trainer, &plan)?;
        }
        let progress = Progress::new(self.epochs, self.progress);
        let mut order: Vec<u32> = Vec::with_capacity(self.samples.len());
        let mut labels: Vec<Y> = Vec::with_capacity(self.batch_size.min(self.samples.len()));
        for epoch in history.epochs.len() + 1..=self.epochs {
            progress.begin(epoch, self.samples.len());
            order.clear();
            order.extend(0..u32::try_from(self.samples.len()).expect("fewer than 2³² samples"));
            if self.shuffle {
                Rng::seed(self.seed).fork(SHUFFLE).fork(epoch as u64).shuffle(&mut order);
            }
            let record = threads::enter(usize::MAX, || self.epoch(epoch, &order, &mut labels, &progress))?;
            progress.end(&record);
            history.epochs.push(record);
            if let Some(path) = &self.checkpoint {
                checkpoint::save(path, self.trainer, &plan, &history)?;
            }
        }
        Ok(history)
    }

    fn epoch(
        &mut self,
        epoch: usize,
        order: &[u32],
        labels: &mut Vec<Y>,
        progress: &Progress,
    ) -> Result<EpochRecord, Error> {
        let rng = Rng::seed(self.seed).fork(STEPS);
        let start = Instant::now();
        let mut message = start;
        let (mut loss, mut done) = (0.0, 0);
        self.trainer.metrics.reset();
        for batch in order.chunks(self.batch_size) {
            self.trainer.gather(self.samples, batch);
            labels.clear();
            labels.extend(batch.iter().map(|&i| self.labels[i as usize]));
            loss += self.trainer.gathered_step(labels, epoch, &rng)?;
            self.trainer.update_metrics(labels);
            done += batch.len();
            progress.advance(batch.len());
            if progress.is_watched() && message.elapsed() >= MESSAGE_INTERVAL {
                message = Instant::now();
                progress.message(self.trainer.training_scores(loss, done).to_string());
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let training = self.trainer.training_scores(loss, done);
        let validation = self.validation.map(|(samples, labels)| self.trainer.scores(samples, labels));
        Ok(EpochRecord {
            epoch,
            training,
            validation,
            learning_rate: self.trainer.learning_rate(),
            seconds,
            samples_per_second: done as f64 / seconds,
        })
    }
}
