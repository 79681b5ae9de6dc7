//! The area under a curve, approximated over thresholds as Keras does.

use super::decision::{DecisionLabel, check_labels, share};
use super::{Metric, MetricError};
use crate::brief::brief_debug;
use crate::kernels::Function;
use crate::kernels::activation::{Activation, Scale};
use crate::schema::label::LabelError;
use crate::schema::setting::check;

/// A curve over thresholds.
///
/// Where yes is rarely true, a false alarm hardly moves the first, and halves the second:
///
/// ```
/// use typenet_runtime::kernels::activation::Sigmoid;
/// use typenet_runtime::metrics::{AucOverThresholds, Curve, Metric};
///
/// let area = |curve| {
///     let metric: &mut dyn Metric<Sigmoid, [f32; 1], bool> = &mut AucOverThresholds::new(3).curve(curve);
///     metric.update(&[[0.9], [0.8], [0.2], [0.1]], &[true, false, false, false]);
///     metric.compute()
/// };
/// assert!((area(Curve::Roc) - 5.0 / 6.0).abs() < 1e-12);
/// assert_eq!(area(Curve::PrecisionRecall), 0.5);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Curve {
    /// Recall over the share of false alarms.
    #[default]
    Roc,
    /// Precision over recall.
    PrecisionRecall,
}

/// The area under a curve over evenly spaced thresholds, as `keras.metrics.AUC`: in constant memory, within about
/// `1 / thresholds` of [`Auc`](super::Auc).
///
/// Thresholds lie between 0 and 1, as probabilities do. Other outputs are brought there by what keeps their order: logits (of a
/// model that ends in no activation) by `sigmoid`, those of `tanh` and `softsign` as `(y + 1)/2`, those of `log_softmax` by the
/// exponential. Activations without two limits, such as `relu`, are refused by [`check`](Metric::check), as Keras refuses outputs
/// outside `[0, 1]`; [`Auc`](super::Auc) fits any. Several outputs count together. Where a share is of nothing it is zero, so the area over one kind of sample
/// is zero, as in Keras. Between thresholds the ROC curve is straight, the precision-recall curve is Davis & Goadrich's
/// (ICML 2006).
///
/// ```
/// use typenet_runtime::kernels::activation::Sigmoid;
/// use typenet_runtime::metrics::{AucOverThresholds, Curve, Metric};
///
/// // `keras.metrics.AUC(num_thresholds=3)` of its documentation.
/// let metric: &mut dyn Metric<Sigmoid, [f32; 1], u8> = &mut AucOverThresholds::new(3);
/// metric.update(&[[0.0], [0.5], [0.3], [0.9]], &[0, 0, 1, 1]);
/// assert_eq!(metric.compute(), 0.75);
///
/// let metric = AucOverThresholds::default().curve(Curve::PrecisionRecall).named("pr_auc");
/// assert_eq!(Metric::<Sigmoid, [f32; 1], u8>::name(&metric), "pr_auc");
/// ```
#[derive(Clone)]
pub struct AucOverThresholds {
    curve: Curve,
    name: &'static str,
    /// Outputs between two thresholds: those of which yes is true, and the others.
    bins: Vec<[u64; 2]>,
    thresholds: usize,
}

brief_debug!(AucOverThresholds { curve, name, [bins], thresholds });

impl Default for AucOverThresholds {
    /// 200 thresholds, as in Keras.
    fn default() -> Self {
        Self::new(200)
    }
}

impl AucOverThresholds {
    /// Over so many thresholds, at least two, over no samples yet.
    pub fn new(thresholds: usize) -> Self {
        let bins = vec![[0; 2]; thresholds.saturating_sub(1)];
        Self { curve: Curve::Roc, name: "auc", bins, thresholds }
    }

    /// The curve; [`Curve::Roc`] by default, as in Keras.
    #[must_use]
    pub fn curve(self, curve: Curve) -> Self {
        Self { curve, ..self }
    }

    /// With another name in the history.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The bin of an output, as Keras rounds it; of NaN the one that is most wrong.
    fn bin(&self, output: f32, is: bool) -> usize {
        let last = self.bins.len() - 1;
        if output.is_nan() {
            return if is { 0 } else { last };
        }
        // A value on a threshold does not exceed it. The first threshold is below zero.
        let above = (output.clamp(0.0, 1.0) * self.bins.len() as f32).ceil() - 1.0;
        (above.max(0.0) as usize).min(last)
    }

    /// True and false alarms at each threshold, from the highest, where there are none, to the lowest.
    fn alarms(&self) -> impl Iterator<Item = [u64; 2]> {
        let mut alarms = [0; 2];
        let lower = self.bins.iter().rev().map(move |bin| {
            alarms[0] += bin[0];
            alarms[1] += bin[1];
            alarms
        });
        core::iter::once([0; 2]).chain(lower)
    }
}

/// An output of `head` as a number from 0 to 1, in the same order; `None` if the outputs of `head` have no two limits.
fn as_probability(head: Function, output: f32) -> Option<f32> {
    match head.scale() {
        Scale::Probability => Some(output),
        Scale::Logit => Some((1.0 / (1.0 + (-f64::from(output)).exp())) as f32),
        Scale::Symmetric => Some(0.5 * output + 0.5),
        Scale::LogProbability => Some(f64::from(output).exp() as f32),
        Scale::Open => None,
    }
}

/// The part of the precision-recall curve between two thresholds, as Keras integrates it: alarms vary linearly, so that
/// the area is `slope·(ΔTP + intercept·log(P_b / P_a)) / positives`.
fn precision_recall([tp_a, fp_a]: [u64; 2], [tp_b, fp_b]: [u64; 2], positives: u64) -> f64 {
    let (said_a, said_b) = ((tp_a + fp_a) as f64, (tp_b + fp_b) as f64);
    let more = (tp_b - tp_a) as f64;
    let slope = if said_a == said_b { 0.0 } else { more / (said_b - said_a) };
    let intercept = tp_a as f64 - slope * said_a;
    let ratio = if said_a > 0.0 && said_b > 0.0 { said_b / said_a } else { 1.0 };
    slope * (more + intercept * ratio.ln()) / positives as f64
}

impl<const N: usize, Head: Activation, Label: DecisionLabel<N>> Metric<Head, [f32; N], Label>
    for AucOverThresholds
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self) -> Result<(), MetricError> {
        let metric = "AucOverThresholds";
        check(metric, &[("thresholds", self.thresholds as f64, (|x| x >= 2.0, "at least 2"))])?;
        if as_probability(Head::FUNCTION, 0.0).is_none() {
            let expected = "outputs between two limits, as of `sigmoid`, or logits (no activation); `Auc` compares outputs of any \
                            size";
            return Err(MetricError::Head { metric, expected, found: Head::NAME });
        }
        Ok(())
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        check_labels(labels)
    }

    fn reset(&mut self) {
        self.bins.fill([0; 2]);
    }

    /// # Panics
    /// Also if there are fewer than two thresholds, or `Head` has no two limits, which [`check`](Metric::check) refuses.
    fn update(&mut self, predictions: &[[f32; N]], labels: &[Label]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        for (prediction, label) in predictions.iter().zip(labels) {
            let truth = label.truth();
            for (place, &output) in prediction.iter().enumerate() {
                let probability = as_probability(Head::FUNCTION, output)
                    .unwrap_or_else(|| panic!("update: outputs of `{}` have no two limits", Head::NAME));
                let is = truth.is(place);
                let bin = self.bin(probability, is);
                self.bins[bin][usize::from(!is)] += 1;
            }
        }
    }

    fn compute(&self) -> f64 {
        let [positives, negatives] = self.alarms().last().unwrap_or_default();
        if positives + negatives == 0 {
            return f64::NAN;
        }
        let between = self.alarms().zip(self.alarms().skip(1));
        match self.curve {
            Curve::PrecisionRecall if positives == 0 => 0.0,
            Curve::PrecisionRecall => between.map(|(a, b)| precision_recall(a, b, positives)).sum(),
            Curve::Roc => between
                .map(|(a, b)| {
                    let height = share(a[0], positives) + share(b[0], positives);
                    (share(b[1], negatives) - share(a[1], negatives)) * height / 2.0
                })
                .sum(),
        }
    }
}
