//! Inference over many samples without allocation.

use core::marker::PhantomData;

use super::workspace::predict_cost;
use crate::hardware::threads;
use crate::layers::{Layer, Model, Predict, output_len, parameter_count};
use crate::tensor::Buffer;

/// Samples that run through the network together.
const BLOCK: usize = 256;

/// The memory of an inference over many samples, to be used again and again.
#[derive(Debug)]
pub struct Predictor<M> {
    scratch: Buffer,
    block: usize,
    model: PhantomData<fn(&M)>,
}

impl<M: Model> Predictor<M> {
    /// Memory for calls with up to `samples` samples at a time; more are done block by block.
    pub fn new(samples: usize) -> Self {
        let block = samples.clamp(1, BLOCK);
        Self { scratch: Buffer::zeroed(block * M::PREDICT_SCRATCH), block, model: PhantomData }
    }

    /// Writes the prediction for each sample. Allocates nothing.
    ///
    /// # Panics
    /// If there are not as many predictions as samples.
    #[track_caller]
    pub fn predict(&mut self, model: &M, samples: &[M::Sample], predictions: &mut [M::Prediction]) {
        assert_eq!(samples.len(), predictions.len(), "predict: one prediction for each sample");
        self.run::<M>(model, samples, bytemuck::cast_slice_mut(predictions));
    }

    /// As `predict`, for the model's body `L`.
    pub(super) fn run<L: Layer>(&mut self, model: &M, samples: &[M::Sample], output: &mut [f32]) {
        let (parameters, buffers) = model.block().split_at(parameter_count::<f32, M>());
        let Self { scratch, block, .. } = self;
        threads::enter(predict_cost::<M>(samples.len()), || {
            let outputs = output.chunks_mut(*block * output_len::<M>());
            for (samples, output) in samples.chunks(*block).zip(outputs) {
                L::predict(Predict {
                    batch: samples.len(),
                    parameters,
                    buffers,
                    input: bytemuck::cast_slice(samples),
                    output,
                    scratch: &mut scratch[..samples.len() * M::PREDICT_SCRATCH],
                });
            }
        });
    }
}
