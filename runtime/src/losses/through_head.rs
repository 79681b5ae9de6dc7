//! Losses that are functions of the predictions: their gradient is led back through the model's last activation.

use super::{assert_lengths, clear_unweighted, weight, weighted};
use crate::kernels::Activation;
use crate::kernels::function::{Kept, Map};
use crate::schema::FloatArray;

/// [`Loss::evaluate`](super::Loss::evaluate) of a loss that is a function of a sample's predictions: all that a loss of one's own,
/// as a type, has to say besides its name and its labels.
///
/// `value(sample, y)` is the loss of a sample from its predictions `y`; `slopes(sample, scale, y)` replaces the predictions by
/// `scale` times the derivatives by them, where `scale` is the sample's weight over the number of samples. The rest is done
/// here: `logits` become predictions, and `gradient` is led back through `Head`. What a sample of weight zero has is not looked at.
/// Allocates nothing.
///
/// ```
/// use typenet_runtime::kernels::Activation;
/// use typenet_runtime::kernels::activation::Relu;
/// use typenet_runtime::losses::{LabelError, Loss, through_head};
/// use typenet_runtime::schema::FloatArray;
/// use typenet_runtime::schema::label::{FloatLabel, check_finite};
///
/// /// How far a sample's point is from where it should be: `√Σ(y − t)²`.
/// struct Distance;
///
/// fn distance(y: &[f32], t: &[f32]) -> f64 {
///     y.iter().zip(t).map(|(y, t)| f64::from(y - t).powi(2)).sum::<f64>().sqrt()
/// }
///
/// impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output>> Loss<Head, Output, Label> for Distance {
///     fn name(&self) -> &'static str {
///         "distance"
///     }
///
///     fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
///         check_finite(Output::LEN, Label::values(labels))
///     }
///
///     fn evaluate(
///         &self, labels: &[Label], weights: Option<&[f32]>, logits: &mut [f32], gradient: Option<&mut [f32]>,
///     ) -> f64 {
///         let target = |sample: usize| &Label::values(labels)[sample * Output::LEN..][..Output::LEN];
///         let value = |sample: usize, y: &[f32]| distance(y, target(sample));
///         let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
///             // The distance of the target itself has no direction.
///             let scale = scale / distance(y, target(sample)).max(f64::MIN_POSITIVE);
///             for (y, t) in y.iter_mut().zip(target(sample)) {
///                 *y = (f64::from(*y - t) * scale) as f32;
///             }
///         };
///         through_head::<Head, Output>(labels.len(), weights, logits, gradient, value, slopes)
///     }
/// }
///
/// let loss = &Distance as &dyn Loss<Relu, [f32; 2], [f32; 2]>;
/// let (mut logits, mut gradient) = ([4.0, 5.0, -1.0, 2.0], [0.0; 4]);
/// let sum = loss.evaluate(&[[1.0, 1.0], [3.0, 2.0]], None, &mut logits, Some(&mut gradient));
/// // `relu` made a 0 of −1, and nothing leads back where it is flat.
/// assert_eq!((sum, logits, gradient), (5.0 + 3.0, [4.0, 5.0, 0.0, 2.0], [0.3, 0.4, 0.0, 0.0]));
/// ```
///
/// # Panics
/// If `logits` or `gradient` does not hold one `Output` for each of `batch` samples, or `weights` one number.
#[track_caller]
pub fn through_head<Head: Activation, Output: FloatArray>(
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
            clear_unweighted(weights, Output::LEN, gradient);
        }
        // The arguments stay in `logits` until they are not needed any more: the head is computed twice.
        (Some(gradient), Kept::Preactivation) => {
            gradient.copy_from_slice(logits);
            f32::map(head, Output::WIDTH, gradient);
            slopes(gradient);
            f32::map_gradient(head, Output::WIDTH, logits, gradient);
            clear_unweighted(weights, Output::LEN, gradient);
            f32::map(head, Output::WIDTH, logits);
        }
    }
    let losses = logits.chunks_exact(Output::LEN).enumerate();
    losses.map(|(sample, y)| weighted(weights, sample, value(sample, y))).sum()
}
