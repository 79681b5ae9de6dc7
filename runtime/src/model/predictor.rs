//! Inference over many samples without allocation.

use core::fmt;
use core::marker::PhantomData;

use super::training::workspace::predict_cost;
use crate::hardware::Buffer;
use crate::hardware::buffer::AllocError;
use crate::hardware::threads::{self, Divide};
use crate::layers::model::{STACK_SCRATCH, predict_one};
use crate::layers::{Layer, Model, Predict, input_len, output_len, parameter_count};

/// Samples that run through the network together.
pub(super) const BLOCK: usize = 256;

/// Threads share samples at multiples of this, so that kernels meet whole tiles of rows.
const GRANULE: usize = 16;

/// Up to this many parameters stay in a second cache: each thread takes its samples through the whole network.
const CACHED: usize = 65_536;

/// With so many samples for each thread, it does not matter that each reads all weights.
const REUSED: usize = 64;

/// The memory of an inference over many samples, to be used again and again.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut model = Line::zeros();
/// model.set_tensor("dense_1.weight", &[2.0])?;
/// let mut predictor = Predictor::<Line>::new(2);
/// let mut predictions = [[0.0]; 2];
/// predictor.predict(&model, &[[1.0], [2.5]], &mut predictions);
/// assert_eq!(predictions, [[2.0], [5.0]]);
/// # Ok::<(), typenet::model::TensorError>(())
/// ```
pub struct Predictor<M> {
    scratch: Buffer,
    block: usize,
    model: PhantomData<fn(&M)>,
}

impl<M: Model> fmt::Debug for Predictor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor")
            .field("model", &M::NAME)
            .field("samples", &self.block)
            .field("bytes", &size_of_val(&*self.scratch))
            .finish()
    }
}

impl<M: Model> Predictor<M> {
    /// Memory for calls with up to `samples` samples at a time; more are done block by block.
    pub fn new(samples: usize) -> Self {
        Self::try_new(samples).unwrap_or_else(|error| error.end())
    }

    /// As [`new`](Self::new), if there is memory for it.
    pub(super) fn try_new(samples: usize) -> Result<Self, AllocError> {
        let block = samples.clamp(1, BLOCK);
        let scratch = Buffer::try_zeroed(block.saturating_mul(M::PREDICT_SCRATCH))?;
        Ok(Self { scratch, block, model: PhantomData })
    }

    /// Writes the prediction for each sample. Allocates nothing.
    ///
    /// # Panics
    /// If there are not as many predictions as samples.
    #[track_caller]
    pub fn predict(&mut self, model: &M, samples: &[M::Sample], predictions: &mut [M::Prediction]) {
        assert_eq!(samples.len(), predictions.len(), "predict: one prediction for each sample");
        if let ([sample], [prediction]) = (samples, &mut *predictions)
            && M::PREDICT_SCRATCH <= STACK_SCRATCH
        {
            return predict_one(model, sample, prediction);
        }
        self.run::<M>(model, samples, bytemuck::cast_slice_mut(predictions));
    }

    /// As `predict`, for the model's body `L`.
    pub(super) fn run<L: Layer>(&mut self, model: &M, samples: &[M::Sample], output: &mut [f32]) {
        let rows = Rows::<M> {
            model,
            input: bytemuck::cast_slice(samples),
            output,
            block: self.block,
            scratch: &mut self.scratch,
        };
        let cost = predict_cost::<M>(samples.len());
        threads::enter(cost, || {
            let parts = threads::parts(cost);
            let reads_little = parameter_count::<f32, M>() <= CACHED || samples.len() >= REUSED * parts;
            if reads_little && self.block >= parts {
                threads::share_slices(rows, GRANULE, predict_cost::<M>(1), |_, rows| rows.run::<L>());
            } else {
                // Layer by layer: each thread reads its part of the weights.
                rows.run::<L>();
            }
        });
    }
}

/// Samples on their way through a model, and memory for up to `block` of them at a time.
struct Rows<'a, M> {
    model: &'a M,
    input: &'a [f32],
    output: &'a mut [f32],
    block: usize,
    scratch: &'a mut [f32],
}

impl<M: Model> Rows<'_, M> {
    fn run<L: Layer>(self) {
        let (parameters, buffers) = self.model.block().split_at(parameter_count::<f32, M>());
        let inputs = self.input.chunks(self.block * input_len::<M>());
        for (input, output) in inputs.zip(self.output.chunks_mut(self.block * output_len::<M>())) {
            let batch = output.len() / output_len::<M>();
            let scratch = &mut self.scratch[..batch * M::PREDICT_SCRATCH];
            L::predict(Predict { batch, parameters, buffers, input, output, scratch });
        }
    }
}

impl<M: Model> Divide for Rows<'_, M> {
    fn length(&self) -> usize {
        self.output.len() / output_len::<M>()
    }

    /// The memory is divided as the samples are.
    fn divide(self, at: usize) -> (Self, Self) {
        let block = (self.block * at / self.length()).max(1);
        let (input, other_input) = self.input.split_at(at * input_len::<M>());
        let (output, other_output) = self.output.split_at_mut(at * output_len::<M>());
        let (scratch, other_scratch) = self.scratch.split_at_mut(block * M::PREDICT_SCRATCH);
        let other_block = self.block - block;
        (
            Self { model: self.model, input, output, block, scratch },
            Self {
                model: self.model,
                input: other_input,
                output: other_output,
                block: other_block,
                scratch: other_scratch,
            },
        )
    }
}
