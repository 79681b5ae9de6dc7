//! What a run looked like, epoch by epoch.

use core::fmt;
use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::summary::thousands;
use crate::metrics::Metrics;

/// Numbers in files: those that are not finite, which JSON lacks, as text.
mod number {
    use super::*;

    pub(in crate::model) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { to.serialize_f64(*value) } else { to.collect_str(value) }
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
        }
        match Written::deserialize(from)? {
            Written::Number(value) => Ok(value),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

/// [`number`]s with names.
mod named_numbers {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "number")] f64);

    pub(in crate::model) fn serialize<S: Serializer>(
        values: &[(String, f64)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|(name, value)| (name, Number(*value))))
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(String, f64)>, D::Error> {
        let values = Vec::<(String, Number)>::deserialize(from)?;
        Ok(values.into_iter().map(|(name, Number(value))| (name, value)).collect())
    }
}

/// Loss and metrics over a set of samples.
///
/// ```
/// use typenet::model::Scores;
///
/// let scores = Scores { loss: 0.25, metrics: vec![("accuracy".into(), 0.9)] };
/// assert_eq!((scores.get("accuracy"), scores.get("auc")), (Some(0.9), None));
/// assert!(scores.named().eq([("loss", 0.25), ("accuracy", 0.9)]));
/// assert_eq!(scores.to_string(), "loss 0.2500  accuracy 0.9000");
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Scores {
    /// Mean loss.
    #[serde(with = "number")]
    pub loss: f64,
    /// Name and value of each metric, in the order given to `compile`.
    #[serde(with = "named_numbers")]
    pub metrics: Vec<(String, f64)>,
}

impl Scores {
    /// The metrics as they stand, and the mean of a summed loss.
    pub(in crate::model) fn of<Head, Output, Label>(
        metrics: &impl Metrics<Head, Output, Label>,
        loss: f64,
        samples: usize,
    ) -> Self {
        let mut values = Vec::new();
        metrics.compute(&mut values);
        let names = metrics.names().into_iter().map(str::to_string);
        Self { loss: loss / samples as f64, metrics: names.zip(values).collect() }
    }

    /// `loss` or a metric by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        if name == "loss" {
            return Some(self.loss);
        }
        self.metrics.iter().find(|(metric, _)| metric == name).map(|&(_, value)| value)
    }

    /// `loss` and every metric, by name.
    pub fn named(&self) -> impl Iterator<Item = (&str, f64)> {
        core::iter::once(("loss", self.loss))
            .chain(self.metrics.iter().map(|(name, value)| (name.as_str(), *value)))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, prefix: &str) -> fmt::Result {
        for (i, (name, value)) in self.named().enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            write!(f, "{gap}{prefix}{name} ")?;
            // Four decimals, or four digits of what they would hide.
            if value != 0.0 && value.abs() < 1e-3 {
                write!(f, "{value:.3e}")
            } else {
                write!(f, "{value:.4}")
            }?;
        }
        Ok(())
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

/// One epoch.
///
/// ```
/// use typenet::model::{EpochRecord, Scores};
///
/// let record = EpochRecord {
///     epoch: 1,
///     training: Scores { loss: 0.5, metrics: vec![] },
///     validation: Some(Scores { loss: 0.75, metrics: vec![] }),
///     learning_rate: 1e-3,
///     seconds: 2.0,
///     samples_per_second: 30_000.0,
/// };
/// assert_eq!(record.get("val_loss"), Some(0.75));
/// assert_eq!(record.scores().map(|(name, _)| name).collect::<Vec<_>>(), ["loss", "val_loss"]);
/// assert_eq!(record.to_string(), "loss 0.5000  val_loss 0.7500  2.00 s  30,000 samples/s");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Over the training samples, as each batch was met: before its own update, with dropout.
    pub training: Scores,
    /// Over the validation samples after the epoch, if there are any.
    pub validation: Option<Scores>,
    /// The learning rate of the epoch's last step.
    #[serde(with = "number")]
    pub learning_rate: f64,
    /// Wall-clock seconds of the epoch's training steps.
    #[serde(with = "number")]
    pub seconds: f64,
    /// Training samples per second.
    #[serde(with = "number")]
    pub samples_per_second: f64,
}

impl EpochRecord {
    /// A score by the name Keras gives it: `loss`, `accuracy`, `val_loss`, `val_accuracy`.
    pub fn get(&self, name: &str) -> Option<f64> {
        match name.strip_prefix("val_") {
            Some(name) => self.validation.as_ref()?.get(name),
            None => self.training.get(name),
        }
    }

    /// Every score by the name Keras gives it, in order: `loss`, `accuracy`, `val_loss`, `val_accuracy`.
    pub fn scores(&self) -> impl Iterator<Item = (Cow<'_, str>, f64)> {
        let training = self.training.named().map(|(name, value)| (Cow::Borrowed(name), value));
        let validation = self.validation.iter().flat_map(Scores::named);
        training.chain(validation.map(|(name, value)| (Cow::Owned(format!("val_{name}")), value)))
    }
}

impl fmt::Display for EpochRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.training)?;
        if let Some(validation) = &self.validation {
            f.write_str("  ")?;
            validation.write(f, "val_")?;
        }
        let (time, unit) = if self.seconds < 1.0 { (1e3 * self.seconds, "ms") } else { (self.seconds, "s") };
        write!(f, "  {time:.2} {unit}  {} samples/s", thousands(self.samples_per_second as u64))
    }
}

/// Every epoch of a run, resumed parts included.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// let history = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).progress(false).run()?;
/// assert_eq!(history.get("loss"), Some(vec![10.0, 0.28125]));
/// assert_eq!(history.get("val_loss"), None);
/// assert_eq!(history.last().map(|record| record.epoch), Some(2));
/// assert!(history.to_json().contains("\"loss\": 10.0"));
/// assert_eq!(history.stopped, None);
/// # Ok::<(), typenet::model::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// The epochs in order.
    pub epochs: Vec<EpochRecord>,
    /// Why the run ended before its last epoch; `None` if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// What callbacks met and did not end the run for, each text once: [`Context::warn`](crate::model::callbacks::Context::warn).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl History {
    /// A score over the epochs, by the name Keras gives it: `loss`, `accuracy`, `val_loss`, `val_accuracy`.
    /// `None` if an epoch lacks it.
    pub fn get(&self, name: &str) -> Option<Vec<f64>> {
        self.epochs.iter().map(|epoch| epoch.get(name)).collect()
    }

    /// The last epoch.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.epochs.last()
    }

    /// The history as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a history is numbers and names")
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, epoch) in self.epochs.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            write!(f, "{gap}epoch {}  {epoch}", epoch.epoch)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_comes_back_from_json_whatever_its_numbers_are() {
        let metrics = [f64::NAN, f64::NEG_INFINITY, 1.0, 0.1 + 0.2];
        let metrics = metrics.iter().enumerate().map(|(i, &value)| (format!("metric_{i}"), value)).collect();
        let record = EpochRecord {
            epoch: 1,
            training: Scores { loss: f64::MIN_POSITIVE, metrics },
            validation: Some(Scores { loss: f64::NAN, metrics: vec![] }),
            learning_rate: 1e-3,
            seconds: 0.0,
            samples_per_second: f64::INFINITY,
        };
        let (stopped, warnings) = (Some("done".into()), vec!["`auc` is NaN".into()]);
        let history = History { epochs: vec![record], stopped, warnings };
        let back: History = serde_json::from_str(&history.to_json()).expect("its own JSON");
        // NaN is not equal to itself; its text is.
        assert_eq!(format!("{back:?}"), format!("{history:?}"));
        let early: History = serde_json::from_str("{\"epochs\":[]}").expect("a history that was not stopped");
        assert_eq!(early, History::default());
    }
}
