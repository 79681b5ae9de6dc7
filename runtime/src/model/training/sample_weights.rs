//! How much each sample counts in the loss.

use super::weight_error::WeightError;
use super::workspace::with_capacity;
use crate::model::Error;

/// Whether `weights` are numbers that a loss can be multiplied by.
fn check_values(what: &'static str, weights: &[f32]) -> Result<(), WeightError> {
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        None => Ok(()),
        Some(index) => Err(WeightError::Value { what, index, found: weights[index] }),
    }
}

/// Whether there is one weight that can be for each of `samples` samples.
pub(in crate::model) fn check_sample_weights(
    set: &'static str,
    samples: usize,
    weights: &[f32],
) -> Result<(), Error> {
    if weights.len() != samples {
        let error = WeightError::Samples { expected: samples, found: weights.len() };
        return Err(Error::Weight { set, error });
    }
    check_values("samples", weights).map_err(|error| Error::Weight { set, error })
}

/// The class of a label.
type ClassOf<Y> = fn(Y, usize) -> Option<usize>;

/// The weights of a run with labels `Y`.
#[derive(Debug)]
pub(in crate::model) struct Weights<'a, Y> {
    /// For each sample, those of a validation split included.
    pub(in crate::model) samples: Option<&'a [f32]>,
    /// For each class, and how a label says its class.
    pub(in crate::model) classes: Option<(&'a [f32], ClassOf<Y>)>,
    /// For each validation sample.
    pub(in crate::model) validation: Option<&'a [f32]>,
    /// For each training sample, what both make of it.
    training: Option<Vec<f32>>,
    batch: Vec<f32>,
}

impl<Y> Default for Weights<'_, Y> {
    fn default() -> Self {
        Self { samples: None, classes: None, validation: None, training: None, batch: Vec::new() }
    }
}

impl<'a, Y: Copy> Weights<'a, Y> {
    /// Whether the weights can be, for so many samples with these labels and a model of `outputs` outputs, of which a single one
    /// tells two classes apart.
    pub(in crate::model) fn check(
        &self,
        set: &'static str,
        samples: usize,
        labels: Y,
        outputs: usize,
    ) -> Result<(), Error> {
        if let Some(weights) = self.samples {
            check_sample_weights(set, samples, weights)?;
        }
        self.check_classes(samples, labels, outputs.max(2)).map_err(|error| Error::Weight { set, error })?;
        let products = (0..samples).map(|i| self.of_sample(i, labels));
        match products.enumerate().find(|(_, product)| !product.is_finite()) {
            None => Ok(()),
            Some((index, found)) => {
                let what = "samples times that of the class";
                Err(Error::Weight { set, error: WeightError::Value { what, index, found } })
            }
        }
    }

    /// The weight of training sample `i`: its own times that of its class.
    fn of_sample(&self, i: usize, labels: Y) -> f32 {
        let class = self.classes.map_or(1.0, |(weights, class_of)| {
            weights[class_of(labels, i).expect("`check_classes` found a class")]
        });
        self.samples.map_or(1.0, |weights| weights[i]) * class
    }

    fn check_classes(&self, samples: usize, labels: Y, classes: usize) -> Result<(), WeightError> {
        let Some((weights, class_of)) = self.classes else { return Ok(()) };
        if weights.len() != classes {
            return Err(WeightError::Classes { expected: classes, found: weights.len() });
        }
        check_values("classes", weights)?;
        match (0..samples).find(|&label| class_of(labels, label).is_none_or(|class| class >= classes)) {
            None => Ok(()),
            Some(index) => Err(WeightError::Label { index, classes }),
        }
    }

    /// Whether there are sample weights, and what the class weights are: what a checkpoint must agree with.
    pub(in crate::model) fn describe(&self) -> (&'static str, String) {
        let classes = self.classes.map(|(weights, _)| {
            weights.iter().map(|weight| weight.to_string()).collect::<Vec<_>>().join(", ")
        });
        (if self.samples.is_some() { "yes" } else { "no" }, classes.unwrap_or_else(|| "no".into()))
    }

    /// The run trains on so many samples with these labels, the first of all; those behind them, if there are any, are a
    /// validation split. A class counts in training alone.
    pub(in crate::model) fn train_on(&mut self, samples: usize, labels: Y) -> Result<(), Error> {
        if let Some(rest) = self.samples.map(|weights| &weights[samples..]).filter(|rest| !rest.is_empty()) {
            self.validation = Some(rest);
        }
        if self.samples.is_none() && self.classes.is_none() {
            return Ok(());
        }
        let mut training = with_capacity(samples, "the weights of the samples")?;
        training.extend((0..samples).map(|i| self.of_sample(i, labels)));
        self.training = Some(training);
        Ok(())
    }

    /// The weights of the next batch: `index` of the training samples, in order; `None` if all count the same.
    pub(in crate::model) fn gather(&mut self, index: &[u32]) -> Option<&[f32]> {
        let training = self.training.as_ref()?;
        self.batch.clear();
        self.batch.extend(index.iter().map(|&i| training[i as usize]));
        Some(&self.batch)
    }
}
