//! Inference over many samples without allocation.

use core::fmt;
use core::marker::PhantomData;

use super::training::workspace::predict_cost;
use crate::hardware::Buffer;
use crate::hardware::buffer::AllocError;
use crate::hardware::threads::{self, Divide};
use crate::layers::model::{STACK_SCRATCH, predict_one};
use crate::layers::{Model, Predict, Run, parameter_count};

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
        let (memory, threads) = (M::MEMORY.predict, threads::threads());
        // Each thread may have a batch of its own.
        let values = memory.of(block, threads).saturating_add(memory.per_batch.saturating_mul(threads));
        let scratch = Buffer::try_zeroed(values)?;
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
        self.run::<M>(model, samples, predictions);
    }

    /// As `predict`, for the model's body `L`.
    pub(super) fn run<L>(&mut self, model: &M, samples: &[M::Sample], predictions: &mut [M::Prediction])
    where
        L: Run<Input = M::Input, Output = M::Output>,
    {
        let rows = Rows::<M> { model, samples, predictions, block: self.block, scratch: &mut self.scratch };
        let cost = predict_cost::<M>(samples.len());
        threads::enter(cost, || {
            let parts = threads::parts(cost);
            let reads_little = parameter_count::<M>() <= CACHED || samples.len() >= REUSED * parts;
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
struct Rows<'a, M: Model> {
    model: &'a M,
    samples: &'a [M::Sample],
    predictions: &'a mut [M::Prediction],
    block: usize,
    scratch: &'a mut [f32],
}

impl<M: Model> Rows<'_, M> {
    fn run<L>(self)
    where
        L: Run<Input = M::Input, Output = M::Output>,
    {
        let (parameters, buffers) = self.model.block().split_at(M::PARAMETER_COUNT);
        let inputs = self.samples.chunks(self.block);
        for (samples, predictions) in inputs.zip(self.predictions.chunks_mut(self.block)) {
            L::predict(Predict {
                batch: samples.len(),
                parameters,
                buffers,
                input: M::sample_values(samples),
                output: M::prediction_values(predictions),
                scratch: &mut *self.scratch,
            });
        }
    }
}

impl<M: Model> Divide for Rows<'_, M> {
    fn length(&self) -> usize {
        self.samples.len()
    }

    /// The memory is divided as the samples are; each part is for one thread.
    fn divide(self, at: usize) -> (Self, Self) {
        let block = (self.block * at / self.length()).max(1);
        let (samples, other_samples) = self.samples.split_at(at);
        let (predictions, other_predictions) = self.predictions.split_at_mut(at);
        let (scratch, other_scratch) = self.scratch.split_at_mut(M::MEMORY.predict.of(block, 1));
        let other_block = self.block - block;
        (
            Self { model: self.model, samples, predictions, block, scratch },
            Self {
                model: self.model,
                samples: other_samples,
                predictions: other_predictions,
                block: other_block,
                scratch: other_scratch,
            },
        )
    }
}
