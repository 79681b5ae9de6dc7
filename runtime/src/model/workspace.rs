//! The memory of training steps and of evaluations, made once.

use core::fmt;

use super::{Error, Predictor};
use crate::hardware::Buffer;
use crate::layers::{Model, input_len, output_len, parameter_count};

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
    pub(super) fn new<M: Model>(capacity: usize) -> Result<Self, Error> {
        let parameters = parameter_count::<f32, M>();
        let of_batch =
            [input_len::<M>(), output_len::<M>(), output_len::<M>(), M::CACHE, M::BACKWARD_SCRATCH]
                .map(|values| values.saturating_mul(capacity));
        let all = of_batch.iter().fold(parameters, |sum, &values| sum.saturating_add(values));
        let buffer = |values| {
            Buffer::try_zeroed(values)
                .map_err(|_| Error::memory::<f32>(format!("steps on {capacity} samples"), all))
        };
        let [input, output, grad_output, cache, scratch] = of_batch;
        Ok(Self {
            capacity,
            predicted: 0,
            is_overflow_ignored: false,
            input: buffer(input)?,
            output: buffer(output)?,
            grad_output: buffer(grad_output)?,
            cache: buffer(cache)?,
            scratch: buffer(scratch)?,
            gradients: buffer(parameters)?,
        })
    }
}

/// An empty vector with room for `capacity` values, if there is memory for it.
pub(super) fn with_capacity<T>(capacity: usize, what: &str) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values.try_reserve_exact(capacity).map_err(|_| Error::memory::<T>(what, capacity))?;
    Ok(values)
}

/// What an evaluation of up to `capacity` samples at a time writes.
pub(super) struct Evaluation<M> {
    pub(super) capacity: usize,
    pub(super) predictor: Predictor<M>,
    /// `[capacity, Output]`: logits, then predictions.
    pub(super) output: Buffer,
}

impl<M: Model> Evaluation<M> {
    pub(super) fn new(capacity: usize) -> Result<Self, Error> {
        let (output, scratch) = (capacity * output_len::<M>(), capacity * M::PREDICT_SCRATCH);
        let none = |_| {
            Error::memory::<f32>(format!("an evaluation of {capacity} samples at a time"), output + scratch)
        };
        Ok(Self {
            capacity,
            predictor: Predictor::try_new(capacity).map_err(none)?,
            output: Buffer::try_zeroed(output).map_err(none)?,
        })
    }
}

impl<M> fmt::Debug for Evaluation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation").field("capacity", &self.capacity).finish_non_exhaustive()
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
