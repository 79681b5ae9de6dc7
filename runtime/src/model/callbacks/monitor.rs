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
    /// By the score's name: losses and errors get smaller, also [`CosineSimilarity`](crate::losses::CosineSimilarity), which
    /// is negated; accuracies, areas under curves and the like get larger.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// Parts of names of scores that get larger.
const LARGER: [&str; 12] = [
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
    "iou",
];

/// Parts of names of scores that get smaller.
const SMALLER: [&str; 9] =
    ["loss", "error", "entropy", "divergence", "hinge", "huber", "log_cosh", "poisson", "cosine_similarity"];

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

    /// The score of an epoch; `None` where the epoch was not validated. The first that is not finite becomes a warning.
    pub(super) fn value(
        &self,
        callback: &'static str,
        context: &mut Context<'_>,
        record: &EpochRecord,
    ) -> Result<Option<f64>, Error> {
        let name = &self.name;
        let Some(value) = record.get(name) else {
            let is_of_validation = name.starts_with("val_") && record.validation.is_none();
            if context.score_names().is_some() || is_of_validation {
                return Ok(None);
            }
            return Err(self.unknown(callback, record.scores().map(|(name, _)| name.into_owned()).collect()));
        };
        if !value.is_finite() {
            let found = format!("{callback}: `{name}` is ");
            if !context.history().warnings.iter().any(|warning| warning.starts_with(&found)) {
                let epoch = record.epoch;
                context.warn(format!(
                    "{found}{value} in epoch {epoch}, expected a finite number; such an epoch is never the best"
                ));
            }
        }
        Ok(Some(value))
    }

    /// After the last epoch: a warning if none had the score.
    pub(super) fn end(&self, callback: &'static str, context: &mut Context<'_>) {
        let (name, epochs) = (&self.name, context.history().epochs.len());
        if epochs > 0 && !context.is_interrupted() && self.values(context).next().is_none() {
            context.warn(format!("{callback}: there was no `{name}` in any of {epochs} epochs"));
        }
    }

    /// The score in each epoch of the run that has it.
    pub(super) fn values(&self, context: &Context<'_>) -> impl Iterator<Item = f64> {
        context.history().epochs.iter().filter_map(|record| record.get(&self.name))
    }

    /// Whether `value` is better than `reference` by more than `min_delta`. What is not finite is better than nothing.
    pub(super) fn is_improvement(&self, value: f64, reference: Option<f64>) -> bool {
        if !value.is_finite() {
            return false;
        }
        let Some(reference) = reference else { return true };
        match self.mode.of(&self.name) {
            Some(Mode::Max) => value - self.min_delta.abs() > reference,
            _ => value + self.min_delta.abs() < reference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::activation::{Linear, Sigmoid, Softmax};
    use crate::losses::*;
    use crate::metrics::*;
    use crate::model::LossMetric;

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

    /// What `Auto` makes of the name agrees with what the score says of good and of bad predictions.
    #[test]
    fn direction_of_every_built_in_score_is_that_of_better_predictions() {
        #[track_caller]
        fn check<Head, const N: usize, Label>(
            mut score: impl Metric<Head, [f32; N], Label>,
            labels: &[Label],
            [good, bad]: [&[[f32; N]]; 2],
        ) {
            let name = score.name();
            score.update(bad, labels);
            let worse = score.compute();
            score.reset();
            score.update(good, labels);
            let better = score.compute();
            let monitor = Monitor::new(name);
            assert_ne!(monitor.mode.of(name), None, "{name}");
            assert!(monitor.is_improvement(better, Some(worse)), "{name}: {better} is better than {worse}");
            assert!(!monitor.is_improvement(worse, Some(better)), "{name}: {worse} is worse than {better}");
        }
        macro_rules! check {
            ($head:ident, $labels:expr, $good:expr, $bad:expr, [$($score:expr),+ $(,)?]) => {
                $(check::<$head, _, _>($score, &$labels, [&$good, &$bad]);)+
            };
        }
        check!(
            Sigmoid,
            [true, false, true],
            [[0.9], [0.2], [0.8]],
            [[0.3], [0.7], [0.4]],
            [
                Accuracy::new(),
                BinaryAccuracy::new(),
                Precision::new(),
                Recall::new(),
                Specificity::new(),
                F1Score::new(),
                FBetaScore::new(),
                Auc::new(),
                AucOverThresholds::default(),
                AveragePrecision::new(),
                LossMetric::new(BinaryCrossEntropy),
                LossMetric::new(BinaryFocalCrossEntropy),
                LossMetric::new(Hinge),
                LossMetric::new(SquaredHinge),
            ]
        );
        check!(
            Linear,
            [true, false],
            [[0.9], [-0.2]],
            [[-0.9], [0.2]],
            [
                LossMetric::new(BinaryCrossEntropyWithLogits),
                LossMetric::new(BinaryFocalCrossEntropyWithLogits),
            ]
        );
        let rows = [[[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]]];
        check!(
            Softmax,
            [0u8, 2],
            rows[0],
            rows[1],
            [
                SparseCategoricalAccuracy::new(),
                TopKCategoricalAccuracy::new(1),
                LossMetric::new(CategoricalCrossEntropy),
                LossMetric::new(CategoricalFocalCrossEntropy),
                LossMetric::new(CategoricalHinge),
            ]
        );
        check!(
            Linear,
            [0u8, 2],
            rows[0],
            rows[1],
            [
                LossMetric::new(CategoricalCrossEntropyWithLogits),
                LossMetric::new(CategoricalFocalCrossEntropyWithLogits),
            ]
        );
        check!(
            Softmax,
            [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            rows[0],
            rows[1],
            [CategoricalAccuracy::new(), LossMetric::new(KlDivergence),]
        );
        let numbers = [[[1.0, 2.5], [2.0, 1.5]], [[2.0, 1.0], [1.0, 3.0]]];
        check!(
            Linear,
            [[1.0, 3.0], [2.0, 1.0]],
            numbers[0],
            numbers[1],
            [
                crate::metrics::MeanAbsoluteError::new(),
                crate::metrics::MeanSquaredError::new(),
                crate::metrics::MeanAbsolutePercentageError::new(),
                RootMeanSquaredError::new(),
                R2Score::new(),
                PearsonCorrelation::new(),
                LossMetric::new(crate::losses::MeanAbsoluteError),
                LossMetric::new(crate::losses::MeanSquaredError),
                LossMetric::new(crate::losses::MeanAbsolutePercentageError),
                LossMetric::new(MeanSquaredLogarithmicError),
                LossMetric::new(Huber),
                LossMetric::new(LogCosh),
                LossMetric::new(Poisson),
                LossMetric::new(CosineSimilarity),
                LossMetric::new(crate::losses::from_fn(|y, t| ((y - t).abs(), 0.0))),
            ]
        );
    }

    #[test]
    fn an_improvement_is_more_than_min_delta() {
        let monitor = |mode| Monitor { mode, min_delta: 0.5, ..Monitor::new("score") };
        let (min, max) = (monitor(Mode::Min), monitor(Mode::Max));
        assert!(min.is_improvement(1.0, None) && max.is_improvement(1.0, None));
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!min.is_improvement(value, None) && !max.is_improvement(value, Some(0.0)));
        }
        assert!(min.is_improvement(1.0, Some(1.75)) && !min.is_improvement(1.0, Some(1.5)));
        assert!(max.is_improvement(1.0, Some(0.25)) && !max.is_improvement(1.0, Some(0.5)));
    }
}
