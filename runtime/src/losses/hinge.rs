//! Hinge losses: right by a margin of one.

use super::{LabelError, Loss, OfPredictions, through_head};
use crate::kernels::Activation;
use crate::kernels::cross_entropy::Target;
use crate::schema::FloatArray;
use crate::schema::label::{CategoricalLabel, SignLabel};

/// Mean of `max(1 − t·y, 0)` over the values of a sample, for targets `t` of −1 and 1.
///
/// Labels of 0 count as −1, each by itself; Keras looks at the whole batch for this. Gradient by `y`: `−t` where
/// `t·y < 1`, else zero.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{Hinge, Loss};
///
/// let loss = &Hinge as &dyn Loss<Linear, [f32; 1], bool>;
/// assert_eq!(loss.evaluate(&[true, false], None, &mut [0.25, 2.0], None), 0.75 + 3.0);
/// ```
///
/// # References
/// Cortes & Vapnik, "Support-Vector Networks", Machine Learning 20, 1995; `keras.losses.Hinge`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hinge;

/// Mean of `max(1 − t·y, 0)²` over the values of a sample; labels as of [`Hinge`].
///
/// ```
/// use typenet_runtime::kernels::activation::Tanh;
/// use typenet_runtime::losses::{Loss, SquaredHinge};
///
/// let loss = &SquaredHinge as &dyn Loss<Tanh, [f32; 1], i8>;
/// assert_eq!(loss.evaluate(&[-1], None, &mut [0.0], None), 1.0);
/// ```
///
/// # References
/// Tang, "Deep Learning using Linear Support Vector Machines", arXiv 1306.0239, 2013; `keras.losses.SquaredHinge`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SquaredHinge;

/// `max(n − p + 1, 0)` with `p = Σ t·y` and `n = max (1 − t)·y`: the output of the class should exceed all others, and
/// zero, by one.
///
/// Zero counts because the formula is Keras's: `(1 − t)·y` is zero at the class itself. The gradient by `y` is zero where
/// the loss is; equal largest outputs share theirs.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{CategoricalHinge, Loss};
///
/// let loss = &CategoricalHinge as &dyn Loss<Linear, [f32; 3], u8>;
/// let mut gradient = [0.0; 3];
/// assert_eq!(loss.evaluate(&[0], None, &mut [0.5, 2.0, -1.0], Some(&mut gradient)), 2.5);
/// assert_eq!(gradient, [-1.0, 1.0, 0.0]);
/// ```
///
/// # References
/// Crammer & Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2, 2001, without the
/// comparison with zero; `keras.losses.CategoricalHinge` for the formula.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CategoricalHinge;

macro_rules! hinge {
    ($loss:ident, $name:literal, |$missing:ident| ($value:expr, $slope:expr)) => {
        impl<Head: Activation, Output: FloatArray, Label: SignLabel<Output>> Loss<Head, Output, Label>
            for $loss
        {
            fn name(&self) -> &'static str {
                $name
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
            }

            fn evaluate(
                &self,
                labels: &[Label],
                weights: Option<&[f32]>,
                logits: &mut [f32],
                gradient: Option<&mut [f32]>,
            ) -> f64 {
                let value = |sample: usize, y: &[f32]| margin(&labels[sample], y, |$missing| $value);
                let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
                    let scale = scale / y.len() as f64;
                    for (place, y) in y.iter_mut().enumerate() {
                        let t = labels[sample].sign(place);
                        let $missing = positive(1.0 - t * f64::from(*y));
                        *y = ($slope * -t * scale) as f32;
                    }
                };
                through_head::<Head, Output>(labels.len(), weights, logits, gradient, value, slopes)
            }
        }

        impl<Head: Activation, Output: FloatArray, Label: SignLabel<Output>>
            OfPredictions<Head, Output, Label> for $loss
        {
            fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64 {
                let rows = Output::values(predictions).chunks_exact(Output::LEN);
                labels.iter().zip(rows).map(|(label, y)| margin(label, y, |$missing| $value)).sum()
            }
        }
    };
}
hinge!(Hinge, "hinge", |missing| (missing, if missing > 0.0 { 1.0 } else { missing }));
hinge!(SquaredHinge, "squared_hinge", |missing| (missing * missing, 2.0 * missing));

/// `max(x, 0)`, but NaN of NaN.
fn positive(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// Mean over a sample of `value(max(1 − t·y, 0))`.
fn margin<Output>(label: &impl SignLabel<Output>, y: &[f32], value: impl Fn(f64) -> f64) -> f64 {
    let terms = y.iter().enumerate();
    let sum: f64 = terms.map(|(place, &y)| value(positive(1.0 - label.sign(place) * f64::from(y)))).sum();
    sum / y.len() as f64
}

/// `p`, `n`, and how many places have `n`.
fn categorical(target: Target<'_>, y: &[f32]) -> (f64, f64, usize) {
    let (mut right, mut wrong, mut places) = (0.0, f64::NEG_INFINITY, 0);
    for (i, &y) in y.iter().enumerate() {
        let t = target.probability(i);
        let rest = (1.0 - t) * f64::from(y);
        right += t * f64::from(y);
        if rest > wrong || rest.is_nan() {
            (wrong, places) = (rest, 1);
        } else if rest == wrong {
            places += 1;
        }
    }
    (right, wrong, places)
}

impl<const N: usize, Head: Activation, Label: CategoricalLabel<N>> Loss<Head, [f32; N], Label>
    for CategoricalHinge
{
    fn name(&self) -> &'static str {
        "categorical_hinge"
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
    }

    fn evaluate(
        &self,
        labels: &[Label],
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let value = |sample: usize, y: &[f32]| {
            let (right, wrong, _) = categorical(labels[sample].target(), y);
            positive(wrong - right + 1.0)
        };
        let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
            let target = labels[sample].target();
            let (right, wrong, places) = categorical(target, y);
            let missing = positive(wrong - right + 1.0);
            for (i, y) in y.iter_mut().enumerate() {
                let t = target.probability(i);
                let largest = (1.0 - t) * f64::from(*y) == wrong;
                let slope = if largest { (1.0 - t) / places as f64 } else { 0.0 } - t;
                *y = if missing > 0.0 { slope * scale } else { missing } as f32;
            }
        };
        through_head::<Head, [f32; N]>(labels.len(), weights, logits, gradient, value, slopes)
    }
}

impl<const N: usize, Head: Activation, Label: CategoricalLabel<N>> OfPredictions<Head, [f32; N], Label>
    for CategoricalHinge
{
    fn of_predictions(&self, labels: &[Label], predictions: &[[f32; N]]) -> f64 {
        let loss = |(label, y): (&Label, &[f32; N])| {
            let (right, wrong, _) = categorical(label.target(), y);
            positive(wrong - right + 1.0)
        };
        labels.iter().zip(predictions).map(loss).sum()
    }
}
