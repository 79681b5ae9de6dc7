//! Losses: how wrong predictions are, and in which direction each logit should move.
//!
//! A loss is paired by types with the activation a model ends with, the array it predicts and the labels; a pair
//! that does not fit does not compile. Cross-entropies of `softmax` and `sigmoid` are computed from the logits,
//! where they and their gradients are stable.
//!
//! Losses know no layers, optimizers or metrics.

mod binary;
mod categorical;
pub mod from_probabilities;
mod pointwise;

pub use binary::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits};
pub use categorical::{CategoricalCrossEntropy, CategoricalCrossEntropyWithLogits};
pub use pointwise::{MeanAbsoluteError, MeanSquaredError};

pub use crate::tensor::label::LabelError;

/// Loss of a model that ends with activation `Head` and predicts `Output`, against labels of type `Label`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit a model that ends in `{Head}`, predicts `{Output}` and is given labels of type `{Label}`",
    label = "this loss does not fit",
    note = "`CategoricalCrossEntropy` wants `softmax` or `log_softmax`, `BinaryCrossEntropy` wants `sigmoid`, \
            those `…WithLogits` want no activation, `MeanSquaredError` and `MeanAbsoluteError` take any",
    note = "of N classes, labels are integers or `[f32; N]`; of yes and no, `bool`, `u8`, `f32` or an array like the \
            output; of numbers, an array like the output, or `f32` for one output"
)]
pub trait Loss<Head, Output, Label>: Send + Sync {
    /// Keras's name for it, in snake case.
    fn name(&self) -> &'static str;

    /// Whether every label can be.
    ///
    /// # Errors
    /// [`LabelError`] names the first that cannot.
    fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError>;

    /// Sum of the losses of all samples, in their order. NaN if a logit is.
    ///
    /// `logits` come in as the values before `Head` and leave with `Head` applied: as the predictions. `gradient`, if
    /// given, receives the gradient of the *mean* loss of the batch by the logits. Allocates nothing.
    ///
    /// # Panics
    /// If `logits` or `gradient` is not as long as the outputs of all labels, or a label is one that
    /// [`check_labels`](Self::check_labels) refuses.
    fn evaluate(&self, labels: &[Label], logits: &mut [f32], gradient: Option<&mut [f32]>) -> f64;
}

/// Panics unless `logits` and `gradient` hold `len` values for each of `batch` samples.
#[track_caller]
fn assert_lengths(batch: usize, len: usize, logits: &[f32], gradient: Option<&[f32]>) {
    assert_eq!(logits.len(), batch * len, "evaluate: {batch} labels, {len} logits each");
    if let Some(gradient) = gradient {
        assert_eq!(gradient.len(), logits.len(), "evaluate: one gradient for each logit");
    }
}
