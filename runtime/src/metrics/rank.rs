//! Metrics of the order that outputs put samples in: the area under the ROC curve, and average precision.
//!
//! They need every output of an epoch, and keep them; what they take is kept over a reset.

use super::decision::{Average, DecisionLabel, check_labels};
use super::{Metric, MetricError, class_error};
use crate::brief::brief_debug;
use crate::schema::label::LabelError;

/// Outputs with their truths, sample by sample.
#[derive(Clone, Default)]
struct Ranking {
    outputs: Vec<(f32, bool)>,
    width: usize,
    class_id: Option<usize>,
}

brief_debug!(Ranking { [outputs], width, class_id });

/// How many are true, and how many are not, of outputs that are equal.
#[derive(Debug, Clone, Copy)]
struct Tie {
    positives: u64,
    negatives: u64,
}

impl Ranking {
    const fn new() -> Self {
        Self { outputs: Vec::new(), width: 1, class_id: None }
    }

    fn update<const N: usize>(&mut self, predictions: &[[f32; N]], labels: &[impl DecisionLabel<N>]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        self.width = N;
        for (prediction, label) in predictions.iter().zip(labels) {
            let truth = label.truth();
            self.outputs.extend(prediction.iter().enumerate().map(|(place, &y)| (y, truth.is(place))));
        }
    }

    /// The score of the settings' classes; NaN of no samples, or if an output is NaN.
    fn compute(&self, average: Average, score: impl Fn(&[Tie]) -> f64) -> f64 {
        if self.outputs.is_empty() {
            return f64::NAN;
        }
        let of = |class: usize| self.outputs.iter().skip(class).step_by(self.width).copied();
        let mut sorted = Vec::new();
        let mut score_of = |outputs: &mut dyn Iterator<Item = (f32, bool)>| {
            sorted.clear();
            sorted.extend(outputs);
            ties(&mut sorted).map_or(f64::NAN, |ties| score(&ties))
        };
        if let Some(class) = self.class_id {
            return score_of(&mut of(class));
        }
        if average == Average::Micro || self.width == 1 {
            return score_of(&mut self.outputs.iter().copied());
        }
        if self.outputs.iter().any(|(y, _)| y.is_nan()) {
            return f64::NAN;
        }
        let scores = (0..self.width).map(|class| {
            let support = of(class).filter(|(_, is)| *is).count() as u64;
            (score_of(&mut of(class)), support)
        });
        // Without a class that counts: the score of no outputs.
        average.mean(scores).unwrap_or_else(|| score(&[]))
    }
}

/// Outputs in ascending order, equal ones together; `None` if one is NaN.
fn ties(outputs: &mut [(f32, bool)]) -> Option<Vec<Tie>> {
    if outputs.iter().any(|(y, _)| y.is_nan()) {
        return None;
    }
    outputs.sort_unstable_by(|(x, _), (y, _)| x.partial_cmp(y).expect("no NaN"));
    let tie = |tie: &[(f32, bool)]| {
        let positives = tie.iter().filter(|(_, is)| *is).count() as u64;
        Tie { positives, negatives: tie.len() as u64 - positives }
    };
    Some(outputs.chunk_by(|(x, _), (y, _)| x == y).map(tie).collect())
}

/// How often a true output exceeds an untrue one, equal ones counting half: Mann and Whitney's statistic, over all pairs.
fn area(ties: &[Tie]) -> f64 {
    let (mut twice, mut positives, mut negatives) = (0u128, 0u128, 0u128);
    for tie in ties {
        let (yes, no) = (u128::from(tie.positives), u128::from(tie.negatives));
        twice += yes * (2 * negatives + no);
        positives += yes;
        negatives += no;
    }
    twice as f64 / (2 * positives * negatives) as f64
}

/// `Σ (Rₙ − Rₙ₋₁)·Pₙ` over the distinct outputs from the largest down.
fn average_precision(ties: &[Tie]) -> f64 {
    let positives: u64 = ties.iter().map(|tie| tie.positives).sum();
    if positives == 0 {
        return 0.0;
    }
    let (mut right, mut said, mut sum) = (0, 0, 0.0);
    for tie in ties.iter().rev() {
        right += tie.positives;
        said += tie.positives + tie.negatives;
        sum += tie.positives as f64 * right as f64 / said as f64;
    }
    sum / positives as f64
}

macro_rules! ranking_metric {
    ($(#[$doc:meta])* $metric:ident, $name:literal, $score:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            ranking: Ranking,
            average: Average,
            name: &'static str,
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $metric {
            /// Over no samples yet.
            pub const fn new() -> Self {
                Self { ranking: Ranking::new(), average: Average::Macro, name: $name }
            }

            /// Of this class against all others, or of this output, alone.
            #[must_use]
            pub fn class_id(mut self, class: usize) -> Self {
                self.ranking.class_id = Some(class);
                self
            }

            /// How the classes, each against all others, become one number; [`Average::Macro`] by default, as in
            /// scikit-learn.
            #[must_use]
            pub fn average(self, average: Average) -> Self {
                Self { average, ..self }
            }

            /// With another name in the history.
            #[must_use]
            pub fn named(self, name: &'static str) -> Self {
                Self { name, ..self }
            }
        }

        impl<const N: usize, Head, Label: DecisionLabel<N>> Metric<Head, [f32; N], Label> for $metric {
            fn name(&self) -> &'static str {
                self.name
            }

            fn check(&self) -> Result<(), MetricError> {
                class_error(stringify!($metric), self.ranking.class_id, N)
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                check_labels(labels)
            }

            fn reset(&mut self) {
                self.ranking.outputs.clear();
            }

            fn update(&mut self, predictions: &[[f32; N]], labels: &[Label]) {
                self.ranking.update(predictions, labels);
            }

            fn compute(&self) -> f64 {
                self.ranking.compute(self.average, $score)
            }
        }
    };
}

ranking_metric! {
    /// The area under the ROC curve, exactly: the probability that a sample of which yes is true has a larger output than
    /// one of which it is not, equal outputs counting half (Mann & Whitney 1947).
    ///
    /// NaN if all samples are of one kind, or an output is NaN; of several classes, if that is so of one that counts: with
    /// [`Average::Weighted`] a class that is never true does not. scikit-learn's `roc_auc_score`; for Keras's approximation
    /// see [`AucOverThresholds`](super::AucOverThresholds).
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{Auc, Metric};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], bool> = &mut Auc::new().named("roc_auc");
    /// metric.update(&[[0.1], [0.4], [0.4], [0.8]], &[false, false, true, true]);
    /// assert_eq!(metric.compute(), 3.5 / 4.0);
    /// ```
    ///
    /// Of one class against all others:
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::metrics::{Auc, Average, Metric};
    ///
    /// let area = |auc: Auc| {
    ///     let mut metric: Box<dyn Metric<Softmax, [f32; 3], u8>> = Box::new(auc);
    ///     metric.update(&[[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.6, 0.2]], &[0, 1, 2]);
    ///     metric.compute()
    /// };
    /// assert_eq!([0, 1, 2].map(|class| area(Auc::new().class_id(class))), [1.0, 1.0, 0.75]);
    /// assert_eq!(area(Auc::new().average(Average::Macro)), 2.75 / 3.0);
    /// ```
    #[doc(alias = "roc_auc_score")]
    Auc, "auc", area
}

ranking_metric! {
    /// Average precision: `Σ (Rₙ − Rₙ₋₁)·Pₙ` with recall and precision at each distinct output, from the largest down;
    /// scikit-learn's `average_precision_score`.
    ///
    /// Zero if yes is true of no sample, as there; NaN if an output is NaN.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{AveragePrecision, Metric};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], bool> = &mut AveragePrecision::new();
    /// metric.update(&[[0.1], [0.4], [0.35], [0.8]], &[false, false, true, true]);
    /// assert_eq!(metric.compute(), 0.5 * 1.0 + 0.5 * 2.0 / 3.0);
    /// ```
    ///
    /// # References
    /// Manning, Raghavan, Schütze, "Introduction to Information Retrieval", 2008, section 8.4.
    #[doc(alias = "average_precision_score")]
    AveragePrecision, "average_precision", average_precision
}
