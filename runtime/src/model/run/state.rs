//! Where a run stands: what callbacks see of it, and what a checkpoint holds besides numbers.

use std::path::PathBuf;
use std::time::Instant;

use crate::model::History;
use crate::schema::MAX_FIELDS;

/// What a checkpoint must agree with for the run to go on as if it had not stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::model) struct Plan {
    /// The loss with its settings: `huber(delta = 1)`.
    pub(in crate::model) loss: String,
    /// Names of the metrics.
    pub(in crate::model) metrics: String,
    pub(in crate::model) sample_weights: &'static str,
    /// The weights, or that there are none.
    pub(in crate::model) class_weights: String,
    pub(in crate::model) seed: u64,
    pub(in crate::model) shuffle: bool,
    pub(in crate::model) batch_size: usize,
    pub(in crate::model) samples: usize,
    pub(in crate::model) steps_per_epoch: Option<usize>,
}

impl Plan {
    /// Number of samples of an epoch after so many batches; `None` if it has not so many.
    pub(in crate::model) fn samples_after(&self, batches: usize) -> Option<usize> {
        let all = self.samples.div_ceil(self.batch_size);
        let batches =
            Some(batches).filter(|&batches| batches <= self.steps_per_epoch.unwrap_or(all).min(all))?;
        Some((batches * self.batch_size).min(self.samples))
    }
}

/// A loss, summed over samples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::model) struct LossSum {
    /// What training makes smaller: the losses of all outputs times their weights, and the penalty.
    pub(in crate::model) total: f64,
    /// The loss of each output by itself.
    pub(in crate::model) outputs: [f64; MAX_FIELDS],
}

impl LossSum {
    pub(in crate::model) fn add(&mut self, other: Self) {
        self.total += other.total;
        self.outputs.iter_mut().zip(other.outputs).for_each(|(sum, output)| *sum += output);
    }
}

/// What is done of an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::model) struct Position {
    pub(in crate::model) batches: usize,
    pub(in crate::model) samples: usize,
    /// Summed over the samples.
    pub(in crate::model) loss: LossSum,
    /// Wall-clock seconds up to the end of the last step.
    pub(in crate::model) seconds: f64,
}

/// Why a run ends before its last epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::model) enum Ending {
    /// It is done; resumed, it is done still.
    Stopped(String),
    /// Resumed, it goes on.
    Interrupted(String),
}

/// Which epochs a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum Epochs {
    /// So many, from its first.
    Count(usize),
    /// Those up to this number.
    Last(usize),
}

/// A run, with or without `fit`.
#[derive(Debug, Default)]
pub(in crate::model) struct Run {
    /// `None` in a loop written by hand.
    pub(in crate::model) plan: Option<Plan>,
    /// Number of the epoch before the run's first: 0 unless the trainer was trained before.
    pub(in crate::model) before: usize,
    /// How many epochs the run has, or the number of its last, if that is known.
    pub(in crate::model) epochs: Option<Epochs>,
    /// Names that every record of an epoch will have, if they are known.
    pub(in crate::model) names: Option<Vec<String>>,
    pub(in crate::model) history: History,
    /// Number of the present epoch, from 1; 0 before the first.
    pub(in crate::model) epoch: usize,
    pub(in crate::model) position: Position,
    /// Whether there are metrics, which a checkpoint within an epoch must let go on.
    pub(in crate::model) has_metrics: bool,
    /// Number of values of a prediction.
    pub(in crate::model) outputs: usize,
    /// Names of the outputs; none if there is one.
    pub(in crate::model) output_names: &'static [&'static str],
    /// Whether `predictions` are kept as the epoch goes on.
    pub(in crate::model) keeps_predictions: bool,
    /// The epoch's predictions so far.
    pub(in crate::model) predictions: Vec<f32>,
    /// Since when `position.seconds` have to be counted on.
    pub(in crate::model) clock: Option<Instant>,
    /// The learning rate that the run began with, before any callback changed it; `None` if it is no plain setting.
    pub(in crate::model) first_rate: Option<f64>,
    pub(in crate::model) ending: Option<Ending>,
    /// Whether the averaged weights take the model's place at the end.
    pub(in crate::model) ends_with_averaged: bool,
    /// Checkpoints to be written once every callback has seen the present event.
    pub(in crate::model) saves: Vec<PathBuf>,
    /// Files to be deleted once every callback has ended without an error.
    pub(in crate::model) removals: Vec<PathBuf>,
}

impl Run {
    /// Number of the last epoch of which there is a record, or of the one before the run's first.
    pub(in crate::model) fn last_recorded(&self) -> usize {
        self.before.saturating_add(self.history.epochs.len())
    }

    /// Number of the last epoch, if it is known.
    pub(in crate::model) fn last_epoch(&self) -> Option<usize> {
        self.epochs.map(|epochs| match epochs {
            Epochs::Count(count) => self.before.saturating_add(count),
            Epochs::Last(last) => last,
        })
    }

    /// A batch of `samples` samples is done; `loss` is summed over them.
    pub(in crate::model) fn advance(&mut self, samples: usize, loss: LossSum) {
        self.position.batches += 1;
        self.position.samples += samples;
        self.position.loss.add(loss);
        let now = Instant::now();
        if let Some(before) = self.clock.replace(now) {
            self.position.seconds += (now - before).as_secs_f64();
        }
    }

    /// The first of the steps up to `step` that is done without a look at all numbers: of the present epoch; in a loop
    /// written by hand, the first of all.
    pub(in crate::model) fn first_step(&self, step: u64) -> u64 {
        let looked = if self.plan.is_some() { step.saturating_sub(self.position.batches as u64) } else { 0 };
        (looked + 1).min(step)
    }

    pub(in crate::model) fn is_interrupted(&self) -> bool {
        matches!(self.ending, Some(Ending::Interrupted(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_may_be_short() {
        let plan = Plan {
            loss: "mean_squared_error".into(),
            metrics: String::new(),
            sample_weights: "no",
            class_weights: "no".into(),
            seed: 0,
            shuffle: true,
            batch_size: 4,
            samples: 10,
            steps_per_epoch: None,
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(|n| plan.samples_after(n)),
            [Some(0), Some(4), Some(8), Some(10), None]
        );
        let plan = Plan { steps_per_epoch: Some(2), ..plan };
        assert_eq!([2, 3].map(|n| plan.samples_after(n)), [Some(8), None]);
    }
}
