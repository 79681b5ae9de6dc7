//! Categorical cross-entropy: one of `N` classes.

use super::{LabelError, Loss, assert_lengths};
use crate::kernels::activation::{Linear, LogSoftmax, Softmax};
use crate::kernels::function::{Function, Map};
use crate::kernels::softmax::SoftmaxRows;
use crate::kernels::{Activation, cross_entropy};
use crate::tensor::label::CategoricalLabel;

/// `−Σᵢ tᵢ·log pᵢ` with `p = softmax(logits)`, for models that end in `softmax` or `log_softmax`.
///
/// Computed from the logits as `Σᵢ tᵢ·(log Σⱼ eᶻʲ − zᵢ)`. Gradient by the logits: `(p·Σt − t) / batch`.
///
/// Labels are class numbers, or `[f32; N]` with the probability of each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CategoricalCrossEntropy;

/// [`CategoricalCrossEntropy`] for models that end in no activation and predict logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CategoricalCrossEntropyWithLogits;

macro_rules! categorical {
    ($loss:ident, $head:ident, $name:literal) => {
        impl<const N: usize, Label: CategoricalLabel<N>> Loss<$head, [f32; N], Label> for $loss {
            fn name(&self) -> &'static str {
                $name
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
            }

            fn evaluate(&self, labels: &[Label], logits: &mut [f32], gradient: Option<&mut [f32]>) -> f64 {
                evaluate($head::FUNCTION, labels, logits, gradient)
            }
        }
    };
}
categorical!(CategoricalCrossEntropy, Softmax, "categorical_crossentropy");
categorical!(CategoricalCrossEntropy, LogSoftmax, "categorical_crossentropy");
categorical!(CategoricalCrossEntropyWithLogits, Linear, "categorical_crossentropy");

fn evaluate<const N: usize, Label: CategoricalLabel<N>>(
    head: Function,
    labels: &[Label],
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
) -> f64 {
    assert_lengths(labels.len(), N, logits, gradient.as_deref());
    let losses = labels.iter().zip(logits.chunks_exact(N));
    let loss = losses.map(|(label, row)| cross_entropy::categorical(label.target(), row)).sum();
    if let Some(gradient) = gradient {
        gradient.copy_from_slice(logits);
        f32::softmax_rows(N, gradient);
        let scale = (1.0 / labels.len() as f64) as f32;
        for (label, row) in labels.iter().zip(gradient.chunks_exact_mut(N)) {
            cross_entropy::categorical_gradient(label.target(), scale, row);
        }
    }
    f32::map(head, N, logits);
    loss
}
