//! A score that a callback watches, and what better means for it.

use super::Context;
use crate::model::{EpochRecord, Error};

/// Which way a score gets better.
///
/// ```
/// use typenet::callbacks::Mode;
/// use typenet::model::Error;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let regret = LossMetric::new(MeanAbsoluteError).named("regret");
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, (regret,));
/// let mut fit = |early: &mut EarlyStopping| {
///     trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(early).progress(false).run()
/// };
/// let which_way = fit(&mut EarlyStopping::new("regret"));
/// assert!(matches!(which_way, Err(Error::MonitorMode { .. })));
/// assert!(fit(&mut EarlyStopping::new("regret").mode(Mode::Min)).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// By the score's name: losses and errors get smaller; accuracies, areas under curves and the like get larger.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// Parts of names of scores that get larger.
const LARGER: [&str; 13] = [
    "accuracy",
    "auc",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "f1",
    "fbeta",
    "r2",
    "pearson",
    "correlation",
    "cosine_similarity",
    "iou",
];

/// Parts of names of scores that get smaller.
const SMALLER: [&str; 8] =
    ["loss", "error", "entropy", "divergence", "hinge", "huber", "log_cosh", "poisson"];

impl Mode {
    /// The mode for a score of this name: never `Auto`; `None` if its name does not say.
    fn of(self, score: &str) -> Option<Self> {
        let contains = |parts: &[&str]| parts.iter().any(|part| score.contains(part));
        match self {
            Self::Auto if contains(&SMALLER) => Some(Self::Min),
            Self::Auto if contains(&LARGER) => Some(Self::Max),
            Self::Auto => None,
            known => Some(known),
        }
    }
}

/// A score by its name, and when a value of it is an improvement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Monitor {
    pub(super) name: String,
    pub(super) mode: Mode,
    /// The least change that counts.
    pub(super) min_delta: f64,
}

impl Monitor {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), mode: Mode::Auto, min_delta: 0.0 }
    }

    /// Whether there will be such a score, whose direction is known.
    pub(super) fn check(&self, callback: &'static str, context: &Context<'_>) -> Result<(), Error> {
        if let Some(names) = context.score_names()
            && !names.contains(&self.name)
        {
            return Err(self.unknown(callback, names.to_vec()));
        }
        if self.mode.of(&self.name).is_none() {
            return Err(Error::MonitorMode { callback, monitor: self.name.clone() });
        }
        super::setting(callback, "min_delta", self.min_delta, self.min_delta.is_finite(), "a finite number")
    }

    fn unknown(&self, callback: &'static str, found: Vec<String>) -> Error {
        Error::Monitor { callback, monitor: self.name.clone(), found }
    }

    /// The score of an epoch; `None` where the epoch was not validated.
    pub(super) fn value(
        &self,
        callback: &'static str,
        context: &Context<'_>,
        record: &EpochRecord,
    ) -> Result<Option<f64>, Error> {
        match record.get(&self.name) {
            None if context.score_names().is_none() => {
                Err(self.unknown(callback, record.scores().map(|(name, _)| name.into_owned()).collect()))
            }
            value => Ok(value),
        }
    }

    /// Whether `value` is better than `reference` by more than `min_delta`. NaN is no improvement of anything.
    pub(super) fn is_improvement(&self, value: f64, reference: Option<f64>) -> bool {
        let Some(reference) = reference else { return !value.is_nan() };
        match self.mode.of(&self.name) {
            Some(Mode::Max) => value - self.min_delta.abs() > reference,
            _ => value + self.min_delta.abs() < reference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_follows_from_the_name() {
        let of = |name| Mode::Auto.of(name);
        for name in ["loss", "val_loss", "mean_squared_error", "val_mean_absolute_error", "poisson"] {
            assert_eq!(of(name), Some(Mode::Min), "{name}");
        }
        for name in ["accuracy", "val_accuracy", "auc", "top_5_categorical_accuracy", "f1_score", "r2_score"]
        {
            assert_eq!(of(name), Some(Mode::Max), "{name}");
        }
        assert_eq!(of("profit"), None);
        assert_eq!(Mode::Max.of("profit"), Some(Mode::Max));
    }

    #[test]
    fn an_improvement_is_more_than_min_delta() {
        let monitor = |mode| Monitor { mode, min_delta: 0.5, ..Monitor::new("score") };
        let (min, max) = (monitor(Mode::Min), monitor(Mode::Max));
        assert!(min.is_improvement(1.0, None) && max.is_improvement(1.0, None));
        assert!(!min.is_improvement(f64::NAN, None) && !max.is_improvement(f64::NAN, Some(0.0)));
        assert!(min.is_improvement(1.0, Some(1.75)) && !min.is_improvement(1.0, Some(1.5)));
        assert!(max.is_improvement(1.0, Some(0.25)) && !max.is_improvement(1.0, Some(0.5)));
    }
}
