//! A model: layers in a row, and the one block that holds their numbers.

use core::marker::PhantomData;
use core::slice::{from_mut, from_ref};

use super::{
    Backward, Forward, Layer, Predict, Step, activation::Linear, buffer_count, output_len, parameter_count,
};
use crate::kernels::Rng;
use crate::kernels::simd::{Kernel, Simd, dispatch_chosen};
use crate::schema::LayerInfo;

/// What `model!` declares: a struct that holds the numbers of all its layers in one aligned block.
///
/// Implemented by the macro alone. A model is also a [`Layer`], so it can stand in another model. With `std`,
/// [`ModelExt`](crate::model::ModelExt) adds for every model what needs a heap and files: `new`, `zeros`, `compile`, `load`, `save`.
/// What a declared model has under these names is the same on the struct and in code that is generic over models. Where the
/// model is chosen at run time, see [`DynModel`](super::DynModel).
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Small < Dense(4 => 3, softmax) > }
///
/// /// The likeliest of three classes.
/// fn classify<M: Model<Sample = [f32; 4], Prediction = [f32; 3]>>(model: &M, sample: &[f32; 4]) -> usize {
///     typenet::kernels::reduce::argmax(&model.predict(sample))
/// }
///
/// fn sizes<M: Model>() -> [usize; 4] {
///     [M::PARAMETER_COUNT, M::BUFFER_COUNT, M::BLOCK_LEN, M::ACTIVATION_BYTES]
/// }
///
/// assert_eq!(classify(&*Small::zeros(), &[1.0; 4]), 0);
/// assert_eq!(sizes::<Small>(), [15, 0, 15, 4 * 3]);
/// assert_eq!(sizes::<Small>()[0], Small::PARAMETER_COUNT);
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
    /// One result: an array of `f32` of the output's shape. Where it is handled by value, as by a model's own `predict`, it lies
    /// on the stack: 800 KB for 200,000 outputs. [`predict_with_scratch`](Self::predict_with_scratch) writes it where the
    /// caller says, as `Predictor` does; `predict_batch` makes it on the heap.
    type Prediction: bytemuck::Pod + Send + Sync;

    /// The model's name.
    const NAME: &'static str;
    /// Number of trainable values. ([`Layer::PARAMETERS`] is another thing: the tensors of a layer that is no model.)
    const PARAMETER_COUNT: usize = parameter_count::<f32, Self>();
    /// Number of values that move without a gradient.
    const BUFFER_COUNT: usize = buffer_count::<f32, Self>();
    /// Number of values in the block: the parameters of every layer, then the buffers of every layer.
    const BLOCK_LEN: usize = Self::PARAMETER_COUNT + Self::BUFFER_COUNT;
    /// Bytes per sample that a forward pass in training writes: every layer's output, and what layers keep for their backward
    /// pass.
    const ACTIVATION_BYTES: usize = size_of::<f32>() * (Self::CACHE + output_len::<Self>());

    /// The answer to one sample. Without heap, but for a model that needs more than [`STACK_SCRATCH`] values between its layers.
    #[inline]
    fn predict(&self, sample: &Self::Sample) -> Self::Prediction {
        let mut prediction = bytemuck::Zeroable::zeroed();
        predict_one(self, sample, &mut prediction);
        prediction
    }

    /// All numbers: the parameters of every layer in order, then the buffers of every layer in order.
    fn block(&self) -> &[f32];
    /// As [`block`](Self::block), to be changed.
    fn block_mut(&mut self) -> &mut [f32];

    /// Writes the answer to one sample, in the caller's memory alone: without a heap, and with nothing of the model's size on
    /// the stack. For models too large for [`STACK_SCRATCH`], or with more outputs than the stack should hold as an array.
    ///
    /// `scratch` has [`PREDICT_SCRATCH`](Layer::PREDICT_SCRATCH) values or more, of any content.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Wide < Dense(2 => 5000, relu), Dense(5000 => 1) > }
    ///
    /// static WIDE: Wide = Wide::from_block([0.5; Wide::BLOCK_LEN]);
    /// let mut scratch = vec![0.0; Wide::PREDICT_SCRATCH];
    /// let mut prediction = [0.0];
    /// for sample in [[1.0, 0.0], [1.0, 2.0]] {
    ///     WIDE.predict_with_scratch(&sample, &mut prediction, &mut scratch);
    ///     assert_eq!(prediction, WIDE.predict(&sample));
    /// }
    /// ```
    ///
    /// # Panics
    /// If `scratch` is shorter.
    #[track_caller]
    fn predict_with_scratch(
        &self,
        sample: &Self::Sample,
        prediction: &mut Self::Prediction,
        scratch: &mut [f32],
    ) {
        let (needed, found) = (Self::PREDICT_SCRATCH, scratch.len());
        assert!(found >= needed, "predict_with_scratch: `scratch` has {found} values, expected {needed}");
        let (parameters, buffers) = self.block().split_at(Self::PARAMETER_COUNT);
        let pass = Predict {
            batch: 1,
            parameters,
            buffers,
            input: bytemuck::cast_slice(from_ref(sample)),
            output: bytemuck::cast_slice_mut(from_mut(prediction)),
            scratch: &mut scratch[..needed],
        };
        if const { is_small::<Self>() } {
            dispatch_chosen(Pass::<Self>(pass, PhantomData));
        } else {
            <Self as Layer>::predict(pass);
        }
    }

    /// The model's last layer with an effect.
    #[doc(hidden)]
    type Last: Layer;
    /// [`Layer::predict`] with `Last` in place of the last layer, and each layer run by `route`.
    #[doc(hidden)]
    fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>);
    /// Writes the answer to one sample, with all scratch on the stack.
    #[doc(hidden)]
    fn predict_one<R: Route>(&self, route: R, sample: &Self::Sample, prediction: &mut Self::Prediction);
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

/// How a model runs its layers in an inference.
#[doc(hidden)]
pub trait Route: Copy {
    /// Runs one layer.
    fn layer<L: Layer>(self, pass: Predict<'_, f32>);
}

/// Each layer by [`Layer::predict`]: for any number of samples.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct EachByItself;

impl Route for EachByItself {
    #[inline(always)]
    fn layer<L: Layer>(self, pass: Predict<'_, f32>) {
        L::predict(pass);
    }
}

/// All layers by [`Layer::predict_on`] in one function that is compiled for an instruction set: for one sample.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct AllOn<S>(pub S);

impl<S: Simd> Route for AllOn<S> {
    #[inline(always)]
    fn layer<L: Layer>(self, pass: Predict<'_, f32>) {
        L::predict_on(self.0, pass);
    }
}

/// The most multiplications and additions of a model whose layers follow one another in one function. In larger ones calls
/// take no share of the time that could be measured.
const SMALL_FLOPS: u64 = 1 << 16;
/// The most layers of such a model: each is compiled once for every instruction set and every place where it stands.
const FEW_LAYERS: usize = 16;

/// The most values of scratch that an inference of one sample takes from the stack: 16 KiB. A model with a larger
/// [`PREDICT_SCRATCH`](Layer::PREDICT_SCRATCH) takes it from the heap. Without `std` there is none, and `predict` needs all
/// of it on the stack; [`Model::predict_with_scratch`] does not.
///
/// ```
/// use typenet::layers::model::STACK_SCRATCH;
/// use typenet::prelude::*;
///
/// model! { Digits < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }
/// model! { Wide < Dense(8 => 600_000, relu), Dense(600_000 => 1) > }
///
/// assert_eq!((Digits::PREDICT_SCRATCH, Wide::PREDICT_SCRATCH), (512, 600_000));
/// assert!(Digits::PREDICT_SCRATCH <= STACK_SCRATCH && STACK_SCRATCH < Wide::PREDICT_SCRATCH);
/// assert_eq!(4 * STACK_SCRATCH, 16 << 10);
/// ```
pub const STACK_SCRATCH: usize = 4096;

/// Writes the answer of a model to one sample. If the model is small, it is one function for each instruction set, all of whose
/// sizes the compiler knows, so that layers follow one another without a call or a check.
#[doc(hidden)]
#[inline]
pub fn predict_one<M: Model>(model: &M, sample: &M::Sample, prediction: &mut M::Prediction) {
    #[cfg(feature = "std")]
    if const { M::PREDICT_SCRATCH > STACK_SCRATCH } {
        let scratch = &mut crate::hardware::Buffer::zeroed(M::PREDICT_SCRATCH);
        return model.predict_with_scratch(sample, prediction, scratch);
    }
    if const { is_small::<M>() } {
        *prediction = dispatch_chosen(One(model, sample));
    } else {
        model.predict_one(EachByItself, sample, prediction);
    }
}

/// Whether a model's answer to one sample is worth a function of its own, and small enough to be returned by value.
const fn is_small<M: Model>() -> bool {
    M::FLOPS <= SMALL_FLOPS && M::LAYERS.len() <= FEW_LAYERS && output_len::<M>() <= STACK_SCRATCH
}

/// A model and one sample.
struct One<'a, M: Model>(&'a M, &'a M::Sample);

impl<M: Model> Kernel for One<'_, M> {
    type Output = M::Prediction;

    /// The answer is a local until it is whole: the compiler then knows that writing it changes no weight.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> M::Prediction {
        let mut prediction = bytemuck::Zeroable::zeroed();
        self.0.predict_one(AllOn(simd), self.1, &mut prediction);
        prediction
    }
}

/// A model's pass over one sample.
struct Pass<'a, M>(Predict<'a, f32>, PhantomData<M>);

impl<M: Model> Kernel for Pass<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // One sample, so that the compiler sees that no other route is taken.
        M::predict_on(simd, Predict { batch: 1, ..self.0 });
    }
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
        M::predict_with::<<M::Last as Layer>::Body, _>(EachByItself, pass);
    }

    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, f32>) {
        M::predict_with::<<M::Last as Layer>::Body, _>(AllOn(simd), pass);
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
