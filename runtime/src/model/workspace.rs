//! The memory of a training step, made once.

use crate::layers::{Model, input_len, output_len, parameter_count};
use crate::tensor::Buffer;

/// Everything a training step of up to `capacity` samples writes besides the model and the optimizer's state.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) capacity: usize,
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
            input: Buffer::zeroed(capacity * input_len::<M>()),
            output: Buffer::zeroed(capacity * output_len::<M>()),
            grad_output: Buffer::zeroed(capacity * output_len::<M>()),
            cache: Buffer::zeroed(capacity * M::CACHE),
            scratch: Buffer::zeroed(capacity * M::BACKWARD_SCRATCH),
            gradients: Buffer::zeroed(parameter_count::<f32, M>()),
        }
    }
}
