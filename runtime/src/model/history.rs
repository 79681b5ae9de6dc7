//! What a run looked like, epoch by epoch.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::summary::thousands;

/// Loss and metrics over a set of samples.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Scores {
    /// Mean loss.
    pub loss: f64,
    /// Name and value of each metric, in the order given to `compile`.
    #[serde(deserialize_with = "metrics_with_null")]
    pub metrics: Vec<(String, f64)>,
}

/// JSON has no NaN: a metric that is undefined, such as the AUC of one class, is written as `null`.
fn metrics_with_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, f64)>, D::Error> {
    let metrics = Vec::<(String, Option<f64>)>::deserialize(deserializer)?;
    Ok(metrics.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

impl Scores {
    /// `loss` or a metric by its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        if name == "loss" {
            return Some(self.loss);
        }
        self.metrics.iter().find(|(metric, _)| metric == name).map(|&(_, value)| value)
    }

    fn named(&self) -> impl Iterator<Item = (&str, f64)> {
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Over the training samples, as each batch was met: before its own update, with dropout.
    pub training: Scores,
    /// Over the validation samples after the epoch, if there are any.
    pub validation: Option<Scores>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Wall-clock seconds of the epoch's training steps.
    pub seconds: f64,
    /// Training samples per second.
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// The epochs in order.
    pub epochs: Vec<EpochRecord>,
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
    fn an_undefined_metric_survives_a_checkpoint() {
        let scores = Scores { loss: 0.5, metrics: vec![("auc".into(), f64::NAN), ("recall".into(), 0.25)] };
        let text = serde_json::to_string(&scores).expect("numbers and names");
        let read: Scores = serde_json::from_str(&text).expect("what was written");
        assert!(read.metrics[0].1.is_nan());
        assert_eq!((read.loss, &read.metrics[1]), (0.5, &scores.metrics[1]));
    }
}
