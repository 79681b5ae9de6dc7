//! Binary cross-entropy: yes or no, for each value.

use super::{LabelError, Loss, assert_lengths};
use crate::kernels::activation::{Linear, Sigmoid};
use crate::kernels::function::{Function, Map};
use crate::kernels::{Activation, cross_entropy};
use crate::tensor::FloatArray;
use crate::tensor::label::BinaryLabel;

/// Mean of `−t·log p − (1 − t)·log(1 − p)` over the values of a sample, with `p = sigmoid(logits)`, for models that
/// end in `sigmoid`.
///
/// Computed from the logits as `log(1 + eᶻ) − t·z`. Gradient by the logits: `(p − t) / (values · batch)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BinaryCrossEntropy;

/// [`BinaryCrossEntropy`] for models that end in no activation and predict logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BinaryCrossEntropyWithLogits;

macro_rules! binary {
    ($loss:ident, $head:ident, $name:literal) => {
        impl<Output: FloatArray, Label: BinaryLabel<Output>> Loss<$head, Output, Label> for $loss {
            fn name(&self) -> &'static str {
                $name
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                labels.iter().enumerate().try_for_each(|(index, label)| label.check(index))
            }

            fn evaluate(&self, labels: &[Label], logits: &mut [f32], gradient: Option<&mut [f32]>) -> f64 {
                evaluate::<Output, Label>($head::FUNCTION, labels, logits, gradient)
            }
        }
    };
}
binary!(BinaryCrossEntropy, Sigmoid, "binary_crossentropy");
binary!(BinaryCrossEntropyWithLogits, Linear, "binary_crossentropy");

fn evaluate<Output: FloatArray, Label: BinaryLabel<Output>>(
    head: Function,
    labels: &[Label],
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
) -> f64 {
    let len = Output::LEN;
    assert_lengths(labels.len(), len, logits, gradient.as_deref());
    let mut loss = 0.0;
    let probability = |sample: usize, place: usize| labels[sample].probability(place);
    cross_entropy::binary_rows(len, probability, logits, |sum| loss += sum / len as f64);
    if let Some(gradient) = gradient {
        gradient.copy_from_slice(logits);
        f32::map(Function::Sigmoid, Output::WIDTH, gradient);
        if head == Function::Sigmoid {
            logits.copy_from_slice(gradient);
        }
        let scale = (1.0 / logits.len() as f64) as f32;
        for (label, row) in labels.iter().zip(gradient.chunks_exact_mut(len)) {
            cross_entropy::binary_gradient(|place| label.probability(place), scale, row);
        }
    } else {
        f32::map(head, Output::WIDTH, logits);
    }
    loss
}
