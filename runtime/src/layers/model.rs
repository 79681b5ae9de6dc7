//! A model: layers in a row, and the one block that holds their numbers.

use core::marker::PhantomData;

use super::{Backward, Forward, Layer, Predict, Step, activation::Linear};
use crate::kernels::Rng;
use crate::tensor::LayerInfo;

/// What `model!` declares: a struct that holds the numbers of all its layers in one aligned block.
///
/// Implemented by the macro alone. A model is also a [`Layer`], so it can stand in another model.
///
/// ```
/// use typenet_runtime::layers::Model;
///
/// /// Scales all of a model's numbers to Euclidean length 1.
/// fn normalize<M: Model>(model: &mut M) {
///     let length = model.block().iter().map(|x| x * x).sum::<f32>().sqrt();
///     assert!(length > 0.0, "{} is all zero", M::NAME);
///     model.block_mut().iter_mut().for_each(|x| *x /= length);
/// }
/// ```
pub trait Model: Layer + bytemuck::Zeroable + Sized + Send + Sync + 'static {
    /// One sample: an array of `f32` of the input's shape.
    type Sample: bytemuck::Pod + Send + Sync;
    /// One result: an array of `f32` of the output's shape.
    type Prediction: bytemuck::Pod + Send + Sync;

    /// The model's name.
    const NAME: &'static str;

    /// All numbers: the parameters of every layer in order, then the buffers of every layer in order.
    fn block(&self) -> &[f32];
    /// As [`block`](Self::block), to be changed.
    fn block_mut(&mut self) -> &mut [f32];

    /// The model's last layer with an effect.
    #[doc(hidden)]
    type Last: Layer;
    /// [`Layer::predict`] with `Last` in place of the last layer.
    #[doc(hidden)]
    fn predict_with<Last: Layer>(pass: Predict<'_, f32>);
    /// [`Layer::forward`] with `Last` in place of the last layer.
    #[doc(hidden)]
    fn forward_with<Last: Layer>(pass: Forward<'_, f32>);
    /// [`Layer::backward`] with `Last` in place of the last layer.
    #[doc(hidden)]
    fn backward_with<Last: Layer>(pass: Backward<'_, f32>);
    /// [`Layer::step`] with `Last` in place of the last layer.
    #[doc(hidden)]
    fn step_with<Last: Layer>(pass: Step<'_, f32>);
}

/// Model `M` without the activation at its end: from samples to logits.
#[doc(hidden)]
#[derive(Debug)]
pub struct Headless<M>(PhantomData<M>);

impl<M: Model> Layer for Headless<M> {
    type Input = M::Input;
    type Output = M::Output;
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = M::KIND;
    const LAYERS: &'static [LayerInfo] = M::LAYERS;
    const CACHE: usize = M::CACHE;
    const PREDICT_SCRATCH: usize = M::PREDICT_SCRATCH;
    const BACKWARD_SCRATCH: usize = M::BACKWARD_SCRATCH;
    const FLOPS: u64 = M::FLOPS;

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        M::initialize(parameters, buffers, rng);
    }

    fn predict(pass: Predict<'_, f32>) {
        M::predict_with::<<M::Last as Layer>::Body>(pass);
    }

    fn forward(pass: Forward<'_, f32>) {
        M::forward_with::<<M::Last as Layer>::Body>(pass);
    }

    fn backward(pass: Backward<'_, f32>) {
        M::backward_with::<<M::Last as Layer>::Body>(pass);
    }

    fn step(pass: Step<'_, f32>) {
        M::step_with::<<M::Last as Layer>::Body>(pass);
    }
}
