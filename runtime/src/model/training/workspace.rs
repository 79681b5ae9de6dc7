//! The memory of training steps and of evaluations, made once.

use core::fmt;

use crate::hardware::{Buffer, threads};
use crate::layers::batch::unpacked_len;
use crate::layers::{Model, buffer_count, output_len, parameter_count};
use crate::model::{Error, Predictor};

/// Everything a training step of up to `capacity` samples writes besides the model and the optimizer's state.
#[derive(Debug)]
pub(in crate::model) struct Workspace {
    pub(in crate::model) capacity: usize,
    /// For how many samples `output` holds predictions.
    pub(in crate::model) predicted: usize,
    /// Whether a sample of weight zero has a prediction that is not finite: its gradient by the output is zero, but a layer
    /// whose output overflowed makes NaN of it.
    pub(in crate::model) is_overflow_ignored: bool,
    /// The samples of the batch, gathered, or the sequences of samples that are not.
    pub(in crate::model) input: Buffer,
    /// `[batch, Output]`: what the forward pass gives, for the backward pass. Outputs lie one behind the other, each for the whole batch.
    pub(in crate::model) logits: Buffer,
    /// `[batch, Output]`: predictions.
    pub(in crate::model) output: Buffer,
    /// `[batch, Output]`
    pub(in crate::model) grad_output: Buffer,
    /// What the forward pass keeps for the backward pass.
    pub(in crate::model) kept: Buffer,
    /// For either of them.
    pub(in crate::model) scratch: Buffer,
    /// As long as the parameters.
    pub(in crate::model) gradients: Buffer,
    /// The model's buffers before the forward pass, which moves them.
    pub(in crate::model) buffers: Buffer,
}

impl Workspace {
    /// For no samples, without memory.
    pub(in crate::model) fn empty() -> Self {
        let none = || Buffer::zeroed(0);
        Self {
            capacity: 0,
            predicted: 0,
            is_overflow_ignored: false,
            input: none(),
            logits: none(),
            output: none(),
            grad_output: none(),
            kept: none(),
            scratch: none(),
            gradients: none(),
            buffers: none(),
        }
    }

    pub(in crate::model) fn new<M: Model>(capacity: usize) -> Result<Self, Error> {
        let (parameters, buffers) = (parameter_count::<M>(), buffer_count::<M>());
        let (memory, threads) = (M::MEMORY, threads::threads());
        let of_samples = |values: usize| values.saturating_mul(capacity);
        let scratch = memory.forward.of(capacity, threads).max(memory.backward.of(capacity, threads));
        let output = of_samples(output_len::<M>());
        let of_batch = [
            of_samples(unpacked_len::<M::Input>(true)),
            output,
            output,
            output,
            memory.kept.of(capacity, 1),
            scratch,
        ];
        let all = of_batch.iter().fold(parameters + buffers, |sum, &values| sum.saturating_add(values));
        let buffer = |values| {
            Buffer::try_zeroed(values)
                .map_err(|_| Error::memory::<f32>(format!("steps on {capacity} samples"), all))
        };
        let [input, logits, output, grad_output, kept, scratch] = of_batch;
        Ok(Self {
            capacity,
            predicted: 0,
            is_overflow_ignored: false,
            input: buffer(input)?,
            logits: buffer(logits)?,
            output: buffer(output)?,
            grad_output: buffer(grad_output)?,
            kept: buffer(kept)?,
            scratch: buffer(scratch)?,
            gradients: buffer(parameters)?,
            buffers: buffer(buffers)?,
        })
    }
}

/// An empty vector with room for `capacity` values, if there is memory for it.
pub(in crate::model) fn with_capacity<T>(capacity: usize, what: &str) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values.try_reserve_exact(capacity).map_err(|_| Error::memory::<T>(what, capacity))?;
    Ok(values)
}

/// What an evaluation of up to `capacity` samples at a time writes.
pub(in crate::model) struct Evaluation<M> {
    pub(in crate::model) capacity: usize,
    pub(in crate::model) predictor: Predictor<M>,
    /// `[capacity, Output]`: logits, then predictions.
    pub(in crate::model) output: Buffer,
}

impl<M: Model> Evaluation<M> {
    /// Of no samples, without memory.
    pub(in crate::model) fn empty() -> Self {
        Self { capacity: 0, predictor: Predictor::empty(), output: Buffer::zeroed(0) }
    }

    pub(in crate::model) fn new(capacity: usize) -> Result<Self, Error> {
        let (output, scratch) =
            (capacity * output_len::<M>(), M::MEMORY.predict.of(capacity, threads::threads()));
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
