//! Decisions about each class, and how often they are right: what precision, recall and their kin are made of.

use core::fmt;

use super::accuracy::threshold;
use super::{MetricError, class_error};
use crate::brief::{Brief, brief_debug};
use crate::kernels::Activation;
use crate::kernels::reduce::argmax;
use crate::schema::label::{Class, LabelError, check_truths};
use crate::schema::setting::{Condition, check};

/// What is true of each output.
///
/// ```
/// use typenet_runtime::metrics::Truth;
///
/// assert_eq!([0, 1, 2].map(|place| Truth::Class(1).is(place)), [false, true, false]);
/// assert_eq!([0, 1].map(|place| Truth::Values(&[1.0, 0.5]).is(place)), [true, false]);
/// assert!(Truth::Yes(true).is(0));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub enum Truth<'a> {
    /// One class is.
    Class(usize),
    /// Those above ½ are.
    Values(&'a [f32]),
    /// The single output is, or is not.
    Yes(bool),
}

impl fmt::Debug for Truth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => f.debug_tuple("Class").field(class).finish(),
            Self::Values(values) => f.debug_tuple("Values").field(&Brief(values)).finish(),
            Self::Yes(yes) => f.debug_tuple("Yes").field(yes).finish(),
        }
    }
}

impl Truth<'_> {
    /// Whether yes is true of output `place`.
    pub fn is(&self, place: usize) -> bool {
        match self {
            Self::Class(class) => *class == place,
            Self::Values(values) => values[place] > 0.5,
            Self::Yes(yes) => *yes,
        }
    }
}

/// A label that says yes or no to each of `N` outputs: a class number or `[f32; N]`, for one output also `bool` and `f32`.
///
/// ```
/// use typenet_runtime::metrics::{DecisionLabel, Truth};
///
/// // A class number says yes to one of several outputs; of a single output it is the answer, and -1 is no.
/// assert_eq!(DecisionLabel::<3>::truth(&1u8), Truth::Class(1));
/// assert_eq!(DecisionLabel::<1>::truth(&1u8), Truth::Yes(true));
/// assert_eq!(DecisionLabel::<1>::truth(&-1i8), Truth::Yes(false));
/// assert_eq!(DecisionLabel::<2>::truth(&[1.0f32, 0.0]), Truth::Values(&[1.0, 0.0]));
/// assert!(DecisionLabel::<3>::check(&-1i8, 0).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say yes or no to each of {N} outputs",
    note = "such labels are integers or `[f32; {N}]`; for one output also `bool` and `f32`"
)]
pub trait DecisionLabel<const N: usize>: Sync {
    /// The label as truths.
    ///
    /// # Panics
    /// If it is a class number that is none of the `N`, or says neither yes nor no to one output.
    fn truth(&self) -> Truth<'_>;
    /// Whether the label can be; `index` is its place, for the message. Floats are probabilities, or −1 for no.
    fn check(&self, index: usize) -> Result<(), LabelError>;
}

/// What a class number says to `N` outputs, if anything.
fn truth_of<const N: usize>(label: impl Class) -> Option<Truth<'static>> {
    match N {
        1 => label.answer().map(Truth::Yes),
        _ => label.class().filter(|&class| class < N).map(Truth::Class),
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize, C: Class> DecisionLabel<N> for C {
    fn truth(&self) -> Truth<'_> {
        truth_of::<N>(*self).unwrap_or_else(|| panic!("update: class {self} is not one of {}", N.max(2)))
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        match truth_of::<N>(*self) {
            Some(_) => Ok(()),
            None => Err(LabelError::Class { index, found: self.to_string(), classes: N.max(2) }),
        }
    }
}

impl<const N: usize> DecisionLabel<N> for [f32; N] {
    fn truth(&self) -> Truth<'_> {
        Truth::Values(self)
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        check_truths(index, self)
    }
}

impl DecisionLabel<1> for bool {
    fn truth(&self) -> Truth<'_> {
        Truth::Yes(*self)
    }

    fn check(&self, _: usize) -> Result<(), LabelError> {
        Ok(())
    }
}

impl DecisionLabel<1> for f32 {
    fn truth(&self) -> Truth<'_> {
        Truth::Yes(*self > 0.5)
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        check_truths(index, &[*self])
    }
}

/// Whether each label can be.
pub(super) fn check_labels<const N: usize>(labels: &[impl DecisionLabel<N>]) -> Result<(), LabelError> {
    labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
}

/// How the classes of a model with several outputs become one number.
///
/// ```
/// use typenet_runtime::kernels::activation::Softmax;
/// use typenet_runtime::metrics::{Average, Metric, Precision};
///
/// let precision = |average| {
///     let metric: &mut dyn Metric<Softmax, [f32; 2], u8> = &mut Precision::new().average(average);
///     metric.update(&[[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9]], &[0, 0, 0, 1]);
///     metric.compute()
/// };
/// // The first class is said once, and right; the second three times, and right once.
/// assert_eq!(precision(Average::Micro), 2.0 / 4.0);
/// assert_eq!(precision(Average::Macro), (1.0 + 1.0 / 3.0) / 2.0);
/// assert_eq!(precision(Average::Weighted), (3.0 * 1.0 + 1.0 / 3.0) / 4.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Average {
    /// The decisions about all classes are counted together.
    #[default]
    Micro,
    /// The mean over all classes, each counting the same, also those that are neither true nor predicted.
    Macro,
    /// The mean over all classes, each counting as often as it is true; one that is never true contributes nothing.
    Weighted,
}

impl Average {
    /// The mean of `scores`, of classes that are true `support` times; `None` if no class has a weight. One without contributes
    /// nothing, also if its score is not a number.
    pub(super) fn mean(self, scores: impl Iterator<Item = (f64, u64)>) -> Option<f64> {
        let weight = |support: u64| if self == Self::Weighted { support as f64 } else { 1.0 };
        let counts =
            scores.map(|(score, support)| (score, weight(support))).filter(|(_, weight)| *weight > 0.0);
        let (sum, total) =
            counts.fold((0.0, 0.0), |(sum, total), (score, weight)| (sum + weight * score, total + weight));
        (total > 0.0).then(|| sum / total)
    }
}

/// Decisions about one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// yes, and it is
    pub(super) true_positives: u64,
    /// yes, but it is not
    pub(super) false_positives: u64,
    /// no, but it is
    pub(super) false_negatives: u64,
    /// no, and it is not
    pub(super) true_negatives: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
    }

    fn support(&self) -> u64 {
        self.true_positives + self.false_negatives
    }
}

/// `part / whole`, and zero of nothing: `divide_no_nan` of Keras, `zero_division = 0` of scikit-learn.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Decisions about every class of a model, and how they become a number.
#[derive(Clone, Default)]
pub(super) struct Decisions {
    pub(super) threshold: Option<f32>,
    pub(super) class_id: Option<usize>,
    pub(super) average: Average,
    counts: Vec<Counts>,
    samples: u64,
}

brief_debug!(Decisions { threshold, class_id, average, [counts], samples });

impl Decisions {
    pub(super) const fn new() -> Self {
        Self { threshold: None, class_id: None, average: Average::Micro, counts: Vec::new(), samples: 0 }
    }

    /// Whether the settings can be, for a model of `outputs` outputs.
    pub(super) fn check(&self, metric: &'static str, outputs: usize) -> Result<(), MetricError> {
        let finite: Condition = (f64::is_finite, "a finite number");
        if let Some(threshold) = self.threshold {
            check(metric, &[("threshold", f64::from(threshold), finite)])?;
        }
        class_error(metric, self.class_id, outputs)
    }

    pub(super) fn reset(&mut self) {
        self.counts.fill(Counts::default());
        self.samples = 0;
    }

    pub(super) fn update<Head: Activation, const N: usize>(
        &mut self,
        predictions: &[[f32; N]],
        labels: &[impl DecisionLabel<N>],
    ) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        self.counts.resize(N, Counts::default());
        self.samples += labels.len() as u64;
        for (prediction, label) in predictions.iter().zip(labels) {
            let truth = label.truth();
            let one_class = matches!(truth, Truth::Class(_)) || (N > 1 && Head::FUNCTION.is_rowwise());
            // A NaN decides for no class, or against the truth of its own output.
            let largest = Some(argmax(prediction)).filter(|&place| !prediction[place].is_nan());
            for (place, (value, counts)) in prediction.iter().zip(&mut self.counts).enumerate() {
                let is = truth.is(place);
                let says = match self.threshold {
                    None if one_class => largest == Some(place),
                    _ if value.is_nan() => !is,
                    chosen => *value > chosen.unwrap_or_else(threshold::<Head>),
                };
                match (says, is) {
                    (true, true) => counts.true_positives += 1,
                    (true, false) => counts.false_positives += 1,
                    (false, true) => counts.false_negatives += 1,
                    (false, false) => counts.true_negatives += 1,
                }
            }
        }
    }

    /// The score of the counts; NaN of no samples.
    pub(super) fn compute(&self, score: impl Fn(&Counts) -> f64) -> f64 {
        if self.samples == 0 {
            return f64::NAN;
        }
        if let Some(class) = self.class_id {
            return score(&self.counts[class]);
        }
        if self.average == Average::Micro || self.counts.len() == 1 {
            let mut all = Counts::default();
            self.counts.iter().for_each(|counts| all.add(counts));
            return score(&all);
        }
        self.average.mean(self.counts.iter().map(|counts| (score(counts), counts.support()))).unwrap_or(0.0)
    }
}
