//! Precision, recall, specificity and F-scores.
//!
//! What a model says of each output depends on what the types say of the task:
//!
//! - one output: yes if it exceeds ½ (as a logit, without an activation, and after `tanh` and `softsign`: 0); labels say no with 0, and with −1 as for hinge
//!   losses;
//! - class numbers, or an array after `softmax` or `log_softmax`: yes to the largest output alone, as scikit-learn wants it
//!   and as Keras's F-scores decide;
//! - an array after another activation: yes to each output above ½ (logits, `tanh`, `softsign`: 0), as in Keras.
//!
//! A threshold of one's own is compared with every output, also of classes: with ½, as Keras's precision of a softmax.

use super::decision::{Average, Counts, DecisionLabel, Decisions, check_labels, share};
use super::{Metric, MetricError};
use crate::kernels::Activation;
use crate::schema::label::LabelError;
use crate::schema::setting::{POSITIVE, check};

macro_rules! decision_metric {
    (
        $(#[$doc:meta])* $metric:ident, $name:expr, |$this:ident, $counts:ident| $score:expr,
        { $($(#[$about:meta])* $field:ident: $type:ty = $default:expr,)* }, $check:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $metric {
            decisions: Decisions,
            name: &'static str,
            $($(#[$about])* $field: $type,)*
        }

        impl Default for $metric {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $metric {
            /// Over no samples yet.
            pub const fn new() -> Self {
                Self { decisions: Decisions::new(), name: $name, $($field: $default,)* }
            }

            /// Yes to every output above `threshold`; by default what the types of the task say.
            #[must_use]
            pub fn threshold(mut self, threshold: f32) -> Self {
                self.decisions.threshold = Some(threshold);
                self
            }

            /// Of this class, or output, alone.
            #[must_use]
            pub fn class_id(mut self, class: usize) -> Self {
                self.decisions.class_id = Some(class);
                self
            }

            /// How the classes become one number; [`Average::Micro`] by default, as Keras's `Precision` counts.
            #[must_use]
            pub fn average(mut self, average: Average) -> Self {
                self.decisions.average = average;
                self
            }

            /// With another name in the history.
            #[must_use]
            pub fn named(self, name: &'static str) -> Self {
                Self { name, ..self }
            }

            $(
                $(#[$about])*
                #[must_use]
                pub const fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }

        impl<const N: usize, Head: Activation, Label: DecisionLabel<N>> Metric<Head, [f32; N], Label> for $metric {
            fn name(&self) -> &'static str {
                self.name
            }

            fn check(&self) -> Result<(), MetricError> {
                let check: fn(&Self) -> Result<(), MetricError> = $check;
                check(self)?;
                self.decisions.check(stringify!($metric), N)
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                check_labels(labels)
            }

            fn reset(&mut self) {
                self.decisions.reset();
            }

            fn update(&mut self, predictions: &[[f32; N]], labels: &[Label]) {
                self.decisions.update::<Head, N>(predictions, labels);
            }

            fn compute(&self) -> f64 {
                let $this = self;
                let _ = $this;
                self.decisions.compute(|$counts: &Counts| $score)
            }
        }
    };
}

decision_metric! {
    /// The share of yes that is right: `TP / (TP + FP)`; zero if yes is never said, as in Keras.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Softmax;
    /// use typenet_runtime::metrics::{Average, Metric, Precision};
    ///
    /// let metric: &mut dyn Metric<Softmax, [f32; 3], u8> = &mut Precision::new().average(Average::Macro);
    /// metric.update(&[[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.0, 0.6, 0.4]], &[0, 1, 1]);
    /// assert_eq!(metric.compute(), (0.5 + 1.0 + 0.0) / 3.0);
    ///
    /// let of_one: &mut dyn Metric<Softmax, [f32; 2], u8> = &mut Precision::new().class_id(1).named("precision_of_1");
    /// assert_eq!((of_one.name(), of_one.check()), ("precision_of_1", Ok(())));
    /// of_one.update(&[[0.2, 0.8], [0.1, 0.9]], &[1, 0]);
    /// assert_eq!(of_one.compute(), 0.5);
    /// of_one.reset();
    /// assert!(of_one.compute().is_nan());
    /// ```
    Precision, "precision",
    |_this, counts| share(counts.true_positives, counts.true_positives + counts.false_positives), {}, |_| Ok(())
}

decision_metric! {
    /// The share of what is true that is found: `TP / (TP + FN)`, also called sensitivity; zero if nothing is true, as in
    /// Keras.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{Metric, Recall};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], bool> = &mut Recall::new().threshold(0.2);
    /// metric.update(&[[0.3], [0.1], [0.9]], &[true, true, false]);
    /// assert_eq!(metric.compute(), 0.5);
    /// ```
    Recall, "recall",
    |_this, counts| share(counts.true_positives, counts.true_positives + counts.false_negatives), {}, |_| Ok(())
}

decision_metric! {
    /// The share of what is not true that is called so: `TN / (TN + FP)`; zero if everything is true.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{Metric, Specificity};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], bool> = &mut Specificity::new();
    /// metric.update(&[[0.3], [0.6], [0.9]], &[false, false, true]);
    /// assert_eq!(metric.compute(), 0.5);
    /// ```
    Specificity, "specificity",
    |_this, counts| share(counts.true_negatives, counts.true_negatives + counts.false_positives), {}, |_| Ok(())
}

/// `(1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP)`
fn f_beta(beta: f64, counts: &Counts) -> f64 {
    // Above 1 both sides are divided by β², which may overflow.
    let (missed, false_alarm) = if beta > 1.0 { (1.0, (1.0 / beta).powi(2)) } else { (beta * beta, 1.0) };
    let right = (missed + false_alarm) * counts.true_positives as f64;
    let whole = right + missed * counts.false_negatives as f64 + false_alarm * counts.false_positives as f64;
    if whole == 0.0 { 0.0 } else { right / whole }
}

decision_metric! {
    /// The harmonic mean of [`Precision`] and [`Recall`], `2·TP / (2·TP + FN + FP)`; zero if nothing is true or said.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{F1Score, Metric};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], u8> = &mut F1Score::new();
    /// metric.update(&[[0.3], [0.6], [0.9]], &[1, 0, 1]);
    /// assert_eq!(metric.compute(), 0.5);
    /// ```
    F1Score, "f1_score", |_this, counts| f_beta(1.0, counts), {}, |_| Ok(())
}

decision_metric! {
    /// `(1 + β²)·P·R / (β²·P + R)` of precision `P` and recall `R`, where recall counts β times as much; zero if nothing is
    /// true or said.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Sigmoid;
    /// use typenet_runtime::metrics::{FBetaScore, Metric};
    ///
    /// let metric: &mut dyn Metric<Sigmoid, [f32; 1], u8> = &mut FBetaScore::new().beta(2.0);
    /// metric.update(&[[0.3], [0.6], [0.9]], &[1, 1, 1]);
    /// assert_eq!(metric.compute(), 10.0 / 14.0);
    /// ```
    ///
    /// # References
    /// van Rijsbergen, "Information Retrieval", 1979, chapter 7; `keras.metrics.FBetaScore`.
    FBetaScore, "fbeta_score", |this, counts| f_beta(this.beta, counts),
    {
        /// β, above 0; 1 by default, as in Keras.
        beta: f64 = 1.0,
    },
    |this| {
        Ok(check("FBetaScore", &[("beta", this.beta, POSITIVE)])?)
    }
}
