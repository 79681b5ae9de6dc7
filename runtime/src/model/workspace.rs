//! The memory of a training step, made once.

use crate::layers::{Model, input_len, output_len, parameter_count};
use crate::tensor::Buffer;

/// Everything a training step of up to `capacity` samples writes besides the model and the optimizer's state.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) capacity: usize,
    /// For how many samples `output` holds predictions.
    pub(super) predicted: usize,
    /// Whether a sample of weight zero has a prediction that is not finite: its gradient by the output is zero, but a layer
    /// whose output overflowed makes NaN of it.
    pub(super) is_overflow_ignored: bool,
    /// `[batch, Input]`: the samples of the batch, gathered.
    pub(super) input: Buffer,
    /// `[batch, Output]`: logits, then predictions.
    pub(super) output: Buffer,
    /// `[batch, Output]`
    pub(super) grad_output: Buffer,
    /// `[batch · CACHE]`
    pub(super) cache: Buffer,
    /// `[batch · BACKWARD_SCRATCH]`
    pub(super) scratch: Buffer,
    /// As long as the parameters.
    pub(super) gradients: Buffer,
}

impl Workspace {
    pub(super) fn new<M: Model>(capacity: usize) -> Self {
        Self {
            capacity,
            predicted: 0,
            is_overflow_ignored: false,
            input: Buffer::zeroed(capacity * input_len::<M>()),
            output: Buffer::zeroed(capacity * output_len::<M>()),
            grad_output: Buffer::zeroed(capacity * output_len::<M>()),
            cache: Buffer::zeroed(capacity * M::CACHE),
            scratch: Buffer::zeroed(capacity * M::BACKWARD_SCRATCH),
            gradients: Buffer::zeroed(parameter_count::<f32, M>()),
        }
    }
}

/// Units of [`threads`](crate::hardware::threads) that an inference of `M` costs: its multiply-adds, a vector at a time.
pub(super) fn predict_cost<M: Model>(batch: usize) -> usize {
    (M::FLOPS as usize).saturating_mul(batch) / 32
}

/// Units that a training step of `M` costs: three products for each layer, and a pass over the parameters.
pub(super) fn step_cost<M: Model>(batch: usize) -> usize {
    3 * predict_cost::<M>(batch) + parameter_count::<f32, M>()
}
