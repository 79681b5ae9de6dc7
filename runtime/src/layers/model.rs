//! A model: layers in a row, and the one block that holds their numbers.

use core::marker::PhantomData;

use super::activation::Linear;
use super::batch;
use super::{
    Backend, Backward, Cpu, Forward, Layer, Memory, Port, Predict, Run, Step, buffer_count, output_len,
    parameter_count,
};
use crate::kernels::Rng;
use crate::kernels::simd::{Kernel, Simd, dispatch_chosen};
use crate::schema::{IndexError, Info, LayerInfo, Many, One, Record, check_column};

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
/// // Each weight is multiplied and added, each bias added.
/// assert_eq!((Small::LAYERS.len(), <Small as Model>::FLOPS), (1, 2 * 4 * 3 + 3));
/// // One layer has no intermediate values that could share memory.
/// assert_eq!(Small::UNSHARED_BYTES, Small::ACTIVATION_BYTES);
/// // In a chain two areas take turns: here one of four values and one of three, instead of 3 + 4 + 3.
/// model! { Deep < Dense(4 => 3), Dense(3 => 4), Dense(4 => 3), Dense(3 => 2) > }
/// assert_eq!((Deep::PREDICT_SCRATCH, <Deep as Model>::UNSHARED_SCRATCH), (7, 10));
/// assert!(Deep::ACTIVATION_BYTES <= <Deep as Model>::UNSHARED_BYTES);
///
/// /// Scales all of a model's numbers to Euclidean length 1.
/// fn normalize<M: Model>(model: &mut M) {
///     let length = model.block().iter().map(|x| x * x).sum::<f32>().sqrt();
///     assert!(length > 0.0, "{} is all zero", M::NAME);
///     model.block_mut().iter_mut().for_each(|x| *x /= length);
/// }
/// ```
pub trait Model: Passes + bytemuck::Zeroable + Sized + Send + Sync + 'static {
    /// One sample: an array of `f32` of the input's shape, a [`Sequence`](crate::schema::Sequence), or of a model with several inputs a
    /// struct with one of these for each.
    type Sample: Record;
    /// One result: an array of `f32` of the output's shape, or of a model with several outputs a struct with one for each. Where it is handled by value, as by a model's own `predict`, it lies
    /// on the stack: 800 KB for 200,000 outputs. [`predict_with_scratch`](Self::predict_with_scratch) writes it where the
    /// caller says, as `Predictor` does; `predict_batch` makes it on the heap.
    type Prediction: Record;

    /// The model's name.
    const NAME: &'static str;
    /// One row for each layer.
    const LAYERS: &'static [LayerInfo] = Self::INFO.layers;
    /// Number of trainable values.
    const PARAMETER_COUNT: usize = parameter_count::<Self>();
    /// Number of values that move without a gradient.
    const BUFFER_COUNT: usize = buffer_count::<Self>();
    /// Number of values in the block: the parameters of every layer, then the buffers of every layer.
    const BLOCK_LEN: usize = Self::PARAMETER_COUNT + Self::BUFFER_COUNT;
    /// Multiplications and additions per sample in a forward pass.
    const FLOPS: u64 = Self::INFO.flops;
    /// Values of scratch that an inference of one sample needs: its largest intermediate values, which share memory where one is
    /// no longer needed.
    const PREDICT_SCRATCH: usize = Self::MEMORY.predict.of(1, 1);
    /// Bytes per sample that a forward pass in training writes: what the backward pass reads again, the largest of the rest, and
    /// the output.
    const ACTIVATION_BYTES: usize = size_of::<f32>()
        * (Self::MEMORY.kept.per_sample + Self::MEMORY.forward.per_sample + output_len::<Self>());
    /// The same if no two intermediate values shared their memory. What an inner model shares inside of itself it shares here too.
    const UNSHARED_BYTES: usize;
    /// [`PREDICT_SCRATCH`](Self::PREDICT_SCRATCH) if no two intermediate values shared their memory.
    const UNSHARED_SCRATCH: usize;
    /// Whether layers have the same parameters.
    #[doc(hidden)]
    const HAS_SHARED: bool;

    /// The answer to one sample. Without heap, but for a model that needs more than [`STACK_SCRATCH`] values between its layers.
    ///
    /// # Panics
    /// If a word of the sample is none of the model's vocabulary.
    #[inline]
    #[track_caller]
    fn predict(&self, sample: One<'_, Self::Sample>) -> Self::Prediction {
        let mut prediction = Record::zeroed();
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
    /// `scratch` has [`PREDICT_SCRATCH`](Self::PREDICT_SCRATCH) values or more, of any content.
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
    /// If `scratch` is shorter, or a word of the sample is none of the model's vocabulary.
    #[track_caller]
    fn predict_with_scratch(
        &self,
        sample: One<'_, Self::Sample>,
        prediction: &mut Self::Prediction,
        scratch: &mut [f32],
    ) {
        let (needed, found) = (Self::PREDICT_SCRATCH, scratch.len());
        assert!(found >= needed, "predict_with_scratch: `scratch` has {found} values, expected {needed}");
        check_words::<Self>(sample);
        let columns = Self::Sample::columns(Self::Sample::only(sample));
        let (parameters, buffers) = self.block().split_at(Self::PARAMETER_COUNT);
        predict_pass::<Self>(Predict {
            batch: 1,
            parameters,
            buffers,
            input: batch::values::<Self::Input>(Some((&columns, 0)), 1, &[]),
            output: batch::results::<Self::Output>(Self::Prediction::columns_mut(
                Self::Prediction::only_mut(prediction),
            )),
            scratch: &mut scratch[..needed],
        });
    }

    /// Writes the answer to one sample, with all scratch on the stack.
    #[doc(hidden)]
    fn predict_one<R: Route<Cpu>>(
        &self,
        route: R,
        sample: One<'_, Self::Sample>,
        prediction: &mut Self::Prediction,
    );
}

/// The passes of a model on a backend: those of its layers, one after the other. A model runs where all of its layers do.
#[doc(hidden)]
pub trait Passes<B: Backend = Cpu>: Layer {
    /// [`Run::predict`], with the ends `E` and each layer run by `route`.
    fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>);
    /// [`Run::forward`] with the ends `E`.
    fn forward_with<E: Ending>(pass: Forward<'_, Self, B>);
    /// [`Run::backward`] with the ends `E`.
    fn backward_with<E: Ending>(pass: Backward<'_, Self, B>);
    /// [`Run::step`] with the ends `E`.
    fn step_with<E: Ending>(pass: Step<'_, Self, B>);
}

#[diagnostic::do_not_recommend]
impl<B: Backend, M: Passes<B>> Run<B> for M {
    fn predict(pass: Predict<'_, Self, B>) {
        M::predict_with::<WithHead, _>(EachByItself, pass);
    }

    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, Self, B>) {
        M::predict_with::<WithHead, _>(AllOn(simd), pass);
    }

    fn forward(pass: Forward<'_, Self, B>) {
        M::forward_with::<WithHead>(pass);
    }

    fn backward(pass: Backward<'_, Self, B>) {
        M::backward_with::<WithHead>(pass);
    }

    fn step(pass: Step<'_, Self, B>) {
        M::step_with::<WithHead>(pass);
    }
}

/// Whether the layers at a model's ends apply the activation that they end with.
#[doc(hidden)]
pub trait Ending: 'static {
    fn predict<L: Run<B, Body: Run<B>>, B: Backend, R: Route<B>>(
        route: R,
        row: usize,
        pass: Predict<'_, L, B>,
    );
    fn forward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Forward<'_, L, B>);
    fn backward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Backward<'_, L, B>);
    fn step<L: Run<B, Body: Run<B>>, B: Backend>(pass: Step<'_, L, B>);
}

/// They do: the model gives predictions.
#[doc(hidden)]
#[derive(Debug)]
pub struct WithHead;

impl Ending for WithHead {
    #[inline(always)]
    fn predict<L: Run<B, Body: Run<B>>, B: Backend, R: Route<B>>(
        route: R,
        row: usize,
        pass: Predict<'_, L, B>,
    ) {
        route.layer::<L>(row, pass);
    }

    #[inline(always)]
    fn forward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Forward<'_, L, B>) {
        L::forward(pass);
    }

    #[inline(always)]
    fn backward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Backward<'_, L, B>) {
        L::backward(pass);
    }

    #[inline(always)]
    fn step<L: Run<B, Body: Run<B>>, B: Backend>(pass: Step<'_, L, B>) {
        L::step(pass);
    }
}

/// They do not: the model gives logits.
#[doc(hidden)]
#[derive(Debug)]
pub struct WithoutHead;

impl Ending for WithoutHead {
    #[inline(always)]
    fn predict<L: Run<B, Body: Run<B>>, B: Backend, R: Route<B>>(
        route: R,
        row: usize,
        pass: Predict<'_, L, B>,
    ) {
        route.layer::<L::Body>(row, pass.of());
    }

    #[inline(always)]
    fn forward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Forward<'_, L, B>) {
        L::Body::forward(pass.of());
    }

    #[inline(always)]
    fn backward<L: Run<B, Body: Run<B>>, B: Backend>(pass: Backward<'_, L, B>) {
        L::Body::backward(pass.of());
    }

    #[inline(always)]
    fn step<L: Run<B, Body: Run<B>>, B: Backend>(pass: Step<'_, L, B>) {
        L::Body::step(pass.of());
    }
}

/// How a model runs its layers in an inference.
#[doc(hidden)]
pub trait Route<B: Backend>: Copy {
    /// Runs one layer, which has this row in the model's table.
    fn layer<L: Run<B>>(self, row: usize, pass: Predict<'_, L, B>);
}

/// Each layer by [`Run::predict`]: for any number of samples.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct EachByItself;

impl<B: Backend> Route<B> for EachByItself {
    #[inline(always)]
    fn layer<L: Run<B>>(self, _: usize, pass: Predict<'_, L, B>) {
        L::predict(pass);
    }
}

/// All layers by [`Run::predict_on`] in one function that is compiled for an instruction set: for one sample.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct AllOn<S>(pub S);

impl<S: Simd, B: Backend> Route<B> for AllOn<S> {
    #[inline(always)]
    fn layer<L: Run<B>>(self, _: usize, pass: Predict<'_, L, B>) {
        L::predict_on(self.0, pass);
    }
}

/// The most multiplications and additions of a model whose layers follow one another in one function. In larger ones calls
/// take no share of the time that could be measured.
const SMALL_FLOPS: u64 = 1 << 16;
/// The most layers of such a model, and of one whose layers are compiled for every place where they stand.
pub(super) const FEW_LAYERS: usize = 16;

/// The most values of scratch that an inference of one sample takes from the stack: 16 KiB. A model with a larger
/// [`PREDICT_SCRATCH`](Model::PREDICT_SCRATCH) takes it from the heap. Without `std` there is none, and `predict` needs all
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
#[track_caller]
pub fn predict_one<M: Model>(model: &M, sample: One<'_, M::Sample>, prediction: &mut M::Prediction) {
    check_words::<M>(sample);
    #[cfg(feature = "std")]
    if const { M::PREDICT_SCRATCH > STACK_SCRATCH } {
        let scratch = &mut crate::hardware::Buffer::zeroed(M::PREDICT_SCRATCH);
        return model.predict_with_scratch(sample, prediction, scratch);
    }
    if const { is_small::<M>() } {
        *prediction = dispatch_chosen(Answer(model, sample));
    } else {
        model.predict_one(EachByItself, sample, prediction);
    }
}

/// The port's values in one sample, where it is.
#[doc(hidden)]
#[inline]
pub fn sample_values<P: Port, S: Record>(sample: One<'_, S>) -> P::Values<'_, Cpu> {
    batch::values::<P>(Some((&S::columns(S::only(sample)), 0)), 1, &[])
}

/// Where the port's results for one sample go.
#[doc(hidden)]
#[inline]
pub fn prediction_values<P: Port, R: Record>(prediction: &mut R) -> P::Mut<'_, Cpu> {
    batch::results::<P>(R::columns_mut(R::only_mut(prediction)))
}

/// Whether a port has whole numbers or sequences, which may be what no layer can read.
const fn has_words<P: Port>() -> bool {
    let mut i = 0;
    while i < P::PARTS.len() {
        if P::PARTS[i].below.is_some() || P::PARTS[i].is_sequence {
            return true;
        }
        i += 1;
    }
    false
}

/// Whole numbers and lengths of sequences that layers can read.
pub(crate) fn find_bad_word<M: Model>(samples: Many<'_, M::Sample>) -> Result<(), IndexError> {
    if const { !has_words::<M::Input>() } {
        return Ok(());
    }
    let (names, columns) = (M::Sample::NAMES, M::Sample::columns(samples));
    let mut inputs = M::Input::PARTS.iter().zip(&columns).enumerate();
    inputs
        .try_for_each(|(i, (part, column))| check_column(names.get(i).copied().unwrap_or(""), *column, part))
}

/// As [`find_bad_word`], for one sample.
#[inline]
#[track_caller]
fn check_words<M: Model>(sample: One<'_, M::Sample>) {
    if const { has_words::<M::Input>() }
        && let Err(error) = find_bad_word::<M>(M::Sample::only(sample))
    {
        panic!("{error}");
    }
}

/// A pass over one sample, in one function if the model is small.
pub(crate) fn predict_pass<M: Model>(pass: Predict<'_, M>) {
    if const { is_small::<M>() } {
        dispatch_chosen(Pass(pass));
    } else {
        <M as Run>::predict(pass);
    }
}

/// Whether a model's answer to one sample is worth a function of its own, and small enough to be returned by value.
const fn is_small<M: Model>() -> bool {
    M::FLOPS <= SMALL_FLOPS && M::LAYERS.len() <= FEW_LAYERS && output_len::<M>() <= STACK_SCRATCH
}

/// A model and one sample.
struct Answer<'a, 'b, M: Model>(&'a M, One<'b, M::Sample>);

impl<M: Model> Kernel for Answer<'_, '_, M> {
    type Output = M::Prediction;

    /// The answer is a local until it is whole: the compiler then knows that writing it changes no weight.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> M::Prediction {
        let mut prediction = Record::zeroed();
        self.0.predict_one(AllOn(simd), self.1, &mut prediction);
        prediction
    }
}

/// A model's pass over one sample.
struct Pass<'a, M: Model>(Predict<'a, M>);

impl<M: Model> Kernel for Pass<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // One sample, so that the compiler sees that no other route is taken.
        M::predict_on(simd, Predict { batch: 1, ..self.0 });
    }
}

/// Model `M` without the activations at its ends: from samples to logits.
#[doc(hidden)]
#[derive(Debug)]
pub struct Headless<M>(PhantomData<M>);

impl<M: Layer> Layer for Headless<M> {
    type Input = M::Input;
    type Output = M::Output;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = M::INFO;
    const MEMORY: Memory = M::MEMORY;

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        M::initialize(parameters, buffers, rng);
    }
}

impl<B: Backend, M: Passes<B>> Passes<B> for Headless<M> {
    #[inline(always)]
    fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>) {
        M::predict_with::<WithoutHead, R>(route, pass.of());
    }

    fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
        M::forward_with::<WithoutHead>(pass.of());
    }

    fn backward_with<E: Ending>(pass: Backward<'_, Self, B>) {
        M::backward_with::<WithoutHead>(pass.of());
    }

    fn step_with<E: Ending>(pass: Step<'_, Self, B>) {
        M::step_with::<WithoutHead>(pass.of());
    }
}
