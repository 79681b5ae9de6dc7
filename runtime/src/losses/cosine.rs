//! Cosine similarity: the direction of the outputs counts, not their length.

use super::{LabelError, Loss, OfPredictions, through_head};
use crate::kernels::Activation;
use crate::schema::FloatArray;
use crate::schema::label::{FloatLabel, check_finite};

/// The squared length of a row is at least this: a length of `keras.config.epsilon()`.
const EPSILON: f64 = 1e-14;

/// `−t·y / (|t|·|y|)` of each row over the last size, and the mean over the rows of a sample: −1 for equal directions,
/// 1 for opposite ones, 0 for perpendicular ones or if a row is zero.
///
/// A length counts as at least 1e-7 (Keras). Gradient by `y`: `−(t̂ − (t̂·ŷ)·ŷ) / |y|`, with unit vectors `t̂` and `ŷ`.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{CosineSimilarity, Loss};
///
/// let loss = &CosineSimilarity as &dyn Loss<Linear, [f32; 2], [f32; 2]>;
/// let targets = [[2.0, 0.0], [2.0, 0.0], [2.0, 0.0]];
/// let sum = loss.evaluate(&targets, None, &mut [3.0, 0.0, 0.0, 3.0, 3.0, 0.0], None);
/// assert_eq!(sum, -2.0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CosineSimilarity;

/// The squared length of a row, kept from zero, and whether it had to be.
fn squared_length(row: &[f32]) -> (f64, bool) {
    let sum: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    if sum < EPSILON { (EPSILON, true) } else { (sum, false) }
}

fn dot(t: &[f32], y: &[f32]) -> f64 {
    t.iter().zip(y).map(|(&t, &y)| f64::from(t) * f64::from(y)).sum()
}

fn cosine(t: &[f32], y: &[f32]) -> f64 {
    dot(t, y) / (squared_length(t).0.sqrt() * squared_length(y).0.sqrt())
}

/// The mean over the rows of a sample.
fn value<Output: FloatArray>(t: &[f32], y: &[f32]) -> f64 {
    let rows = t.chunks_exact(Output::WIDTH).zip(y.chunks_exact(Output::WIDTH));
    let sum: f64 = rows.map(|(t, y)| cosine(t, y)).sum();
    -sum * Output::WIDTH as f64 / Output::LEN as f64
}

impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output>> Loss<Head, Output, Label>
    for CosineSimilarity
{
    fn name(&self) -> &'static str {
        "cosine_similarity"
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        check_finite(Output::LEN, Label::values(labels))
    }

    fn evaluate(
        &self,
        labels: &[Label],
        weights: Option<&[f32]>,
        logits: &mut [f32],
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let targets = Label::values(labels);
        let target = |sample: usize| &targets[sample * Output::LEN..][..Output::LEN];
        let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
            let scale = -scale * Output::WIDTH as f64 / Output::LEN as f64;
            for (t, y) in target(sample).chunks_exact(Output::WIDTH).zip(y.chunks_exact_mut(Output::WIDTH)) {
                let (square, is_kept) = squared_length(y);
                let (along, cosine) = (squared_length(t).0.sqrt() * square.sqrt(), cosine(t, y));
                // A length that is kept from zero does not move.
                let turn = if is_kept { 0.0 } else { cosine / square };
                for (y, &t) in y.iter_mut().zip(t) {
                    *y = ((f64::from(t) / along - turn * f64::from(*y)) * scale) as f32;
                }
            }
        };
        let value = |sample: usize, y: &[f32]| value::<Output>(target(sample), y);
        through_head::<Head, Output>(labels.len(), weights, logits, gradient, value, slopes)
    }
}

impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output>> OfPredictions<Head, Output, Label>
    for CosineSimilarity
{
    fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64 {
        let rows = Output::values(predictions).chunks_exact(Output::LEN);
        rows.zip(Label::values(labels).chunks_exact(Output::LEN)).map(|(y, t)| value::<Output>(t, y)).sum()
    }
}
