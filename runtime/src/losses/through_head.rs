//! Losses that are functions of the predictions: their gradient is led back through the model's last activation.

use super::{assert_lengths, weight};
use crate::kernels::Activation;
use crate::kernels::function::{Kept, Map};
use crate::tensor::FloatArray;

/// Sum of the weighted losses; `logits` become predictions, `gradient` that of the mean by the logits.
///
/// `value` is the loss of a sample from its predictions; `slopes(sample, scale, y)` replaces the predictions `y` by
/// `scale` times the derivatives by them.
pub(super) fn evaluate<Head: Activation, Output: FloatArray>(
    batch: usize,
    weights: Option<&[f32]>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
    value: impl Fn(usize, &[f32]) -> f64,
    slopes: impl Fn(usize, f64, &mut [f32]),
) -> f64 {
    assert_lengths(batch, Output::LEN, weights, logits, gradient.as_deref());
    let head = Head::FUNCTION;
    let slopes = |predictions: &mut [f32]| {
        for (sample, y) in predictions.chunks_exact_mut(Output::LEN).enumerate() {
            slopes(sample, weight(weights, sample) / batch as f64, y);
        }
    };
    match (gradient, head.kept()) {
        (None, _) => f32::map(head, Output::WIDTH, logits),
        (Some(gradient), Kept::Output) => {
            f32::map(head, Output::WIDTH, logits);
            gradient.copy_from_slice(logits);
            slopes(gradient);
            f32::map_gradient(head, Output::WIDTH, logits, gradient);
        }
        // The arguments stay in `logits` until they are not needed any more: the head is computed twice.
        (Some(gradient), Kept::Preactivation) => {
            gradient.copy_from_slice(logits);
            f32::map(head, Output::WIDTH, gradient);
            slopes(gradient);
            f32::map_gradient(head, Output::WIDTH, logits, gradient);
            f32::map(head, Output::WIDTH, logits);
        }
    }
    let losses = logits.chunks_exact(Output::LEN).enumerate();
    losses.map(|(sample, y)| weight(weights, sample) * value(sample, y)).sum()
}
