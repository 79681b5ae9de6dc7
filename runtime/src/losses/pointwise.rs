//! Losses that compare number with number: squared and absolute error, after any activation.

use super::{LabelError, Loss, assert_lengths};
use crate::kernels::Activation;
use crate::kernels::function::{Kept, Map};
use crate::tensor::FloatArray;
use crate::tensor::label::{FloatLabel, check_finite};

/// Mean of `(y − t)²` over the values of a sample.
///
/// Gradient by `y`: `2·(y − t) / (values · batch)`, led back through the model's last activation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

/// Mean of `|y − t|` over the values of a sample.
///
/// Gradient by `y`: `sign(y − t) / (values · batch)`, zero where `y = t`, led back through the model's last activation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanAbsoluteError;

impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output>> Loss<Head, Output, Label>
    for MeanSquaredError
{
    fn name(&self) -> &'static str {
        "mean_squared_error"
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        check_finite(Output::LEN, Label::values(labels))
    }

    fn evaluate(&self, labels: &[Label], logits: &mut [f32], gradient: Option<&mut [f32]>) -> f64 {
        let value = |error: f64| error * error;
        evaluate::<Head, Output>(Label::values(labels), logits, gradient, value, |error| 2.0 * error)
    }
}

impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output>> Loss<Head, Output, Label>
    for MeanAbsoluteError
{
    fn name(&self) -> &'static str {
        "mean_absolute_error"
    }

    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
        check_finite(Output::LEN, Label::values(labels))
    }

    fn evaluate(&self, labels: &[Label], logits: &mut [f32], gradient: Option<&mut [f32]>) -> f64 {
        let sign = |error: f32| if error == 0.0 { 0.0 } else { error.signum() };
        evaluate::<Head, Output>(Label::values(labels), logits, gradient, f64::abs, sign)
    }
}

/// Values led back through an activation at a time, where its argument must be remembered.
const CHUNK: usize = 64;

/// The loss `value(y − t)` and its derivative `slope(y − t)`.
fn evaluate<Head: Activation, Output: FloatArray>(
    targets: &[f32],
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
    value: impl Fn(f64) -> f64,
    slope: impl Fn(f32) -> f32,
) -> f64 {
    let batch = targets.len() / Output::LEN;
    assert_lengths(batch, Output::LEN, logits, gradient.as_deref());
    let scale = (1.0 / targets.len() as f64) as f32;
    let slopes = |grad: &mut [f32], predictions: &[f32], targets: &[f32]| {
        for ((grad, y), t) in grad.iter_mut().zip(predictions).zip(targets) {
            *grad = slope(y - t) * scale;
        }
    };
    match (gradient, Head::FUNCTION.kept()) {
        (None, _) => f32::map(Head::FUNCTION, Output::WIDTH, logits),
        (Some(gradient), Kept::Output) => {
            f32::map(Head::FUNCTION, Output::WIDTH, logits);
            slopes(gradient, logits, targets);
            f32::map_gradient(Head::FUNCTION, Output::WIDTH, logits, gradient);
        }
        (Some(gradient), Kept::Preactivation) => {
            // Every function of this kind is element by element, so the rows may be cut anywhere.
            let mut arguments = [0.0; CHUNK];
            let parts = logits.chunks_mut(CHUNK).zip(gradient.chunks_mut(CHUNK)).zip(targets.chunks(CHUNK));
            for ((logits, gradient), targets) in parts {
                let arguments = &mut arguments[..logits.len()];
                arguments.copy_from_slice(logits);
                f32::map(Head::FUNCTION, arguments.len(), logits);
                slopes(gradient, logits, targets);
                f32::map_gradient(Head::FUNCTION, arguments.len(), arguments, gradient);
            }
        }
    }
    let samples = logits.chunks_exact(Output::LEN).zip(targets.chunks_exact(Output::LEN));
    samples
        .map(|(y, t)| {
            let sum: f64 = y.iter().zip(t).map(|(&y, &t)| value(f64::from(y) - f64::from(t))).sum();
            sum / Output::LEN as f64
        })
        .sum()
}
