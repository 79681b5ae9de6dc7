//! The fully connected layer.

use core::fmt;
use core::marker::PhantomData;

use super::activation::Linear;
use super::initializers::{GlorotUniform, Initializer, Zeros};
use super::rules::{NoRule, Rule, ruled};
use super::{Activation, Amount, Backward, Cpu, Forward, Layer, Memory, Predict, Run, Step};
use crate::brief::Brief;
use crate::kernels::affine::SMALL;
use crate::kernels::function::{Function, Kept};
use crate::kernels::update::Gradient;
use crate::kernels::{Element, Matrix, Rng, Simd, Tail};
use crate::schema::{Info, Size, TensorInfo};

/// Whether a layer adds a bias, as a type.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::dense::{BiasOption, NoBias, WithBias};
/// use typenet_runtime::layers::initializers::Ones;
///
/// assert_eq!((<WithBias>::BIAS, NoBias::BIAS), (true, false));
/// let mut bias = [0.0f32; 2];
/// WithBias::<Ones>::fill(&mut Rng::seed(0), &mut bias);
/// assert_eq!(bias, [1.0; 2]);
/// ```
pub trait BiasOption: 'static {
    /// Whether there is a bias.
    const BIAS: bool;

    /// Fills the bias, which is as long as there are outputs, or empty without one.
    fn fill(rng: &mut Rng, bias: &mut [f32]);
}

/// The layer adds a bias, which starts as `W` says; in `model!` `bias_init = constant(0.1)`.
///
/// The initializer sees the bias as the weight of one input that is always 1. Zero by default, as in Keras.
///
/// ```
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::dense::{Dense, WithBias};
/// use typenet_runtime::layers::parameter_count;
/// use typenet_runtime::typenum::{U2, U3};
///
/// assert_eq!(parameter_count::<Dense<U3, U2, Linear, WithBias>>(), 3 * 2 + 2);
/// ```
#[derive(Debug)]
pub struct WithBias<W = Zeros>(PhantomData<W>);
impl<W: Initializer> BiasOption for WithBias<W> {
    const BIAS: bool = true;

    fn fill(rng: &mut Rng, bias: &mut [f32]) {
        W::fill(1, bias.len(), rng, bias);
    }
}

/// The layer adds no bias: `bias = false`.
///
/// ```
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::dense::{Dense, NoBias};
/// use typenet_runtime::layers::parameter_count;
/// use typenet_runtime::typenum::{U2, U3};
///
/// assert_eq!(parameter_count::<Dense<U3, U2, Linear, NoBias>>(), 3 * 2);
/// ```
#[derive(Debug)]
pub struct NoBias;
impl BiasOption for NoBias {
    const BIAS: bool = false;

    fn fill(_: &mut Rng, _: &mut [f32]) {}
}

/// Units from which on a row of the weight is worth a loop of its own in the update of one sample.
const WIDE: usize = 64;

/// Fully connected layer: `y = f(x · weight + bias)`.
///
/// # Shapes
/// `x: [batch, I]`, `weight: [I, O]`, `bias: [O]`, `y: [batch, O]`.
///
/// # Defaults
/// `weight` uniform in ±√(6 / (I + O)) (Glorot & Bengio 2010, eq. 16, as in Keras); `bias` zero; `f` linear.
///
/// # References
/// Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
///
/// # Example
/// ```
/// use typenet_runtime::layers::activation::Relu;
/// use typenet_runtime::layers::{Dense, Predict, Run};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let mut y = [0.0f32; 2];
/// <Dense<U3, U2, Relu> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[
///         1.0, -1.0, // from the first input
///         2.0, -2.0, // from the second
///         3.0, -3.0, // from the third
///         0.5, 0.5, // bias
///     ],
///     buffers: &[],
///     input: &[1.0, 1.0, 1.0],
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [6.5, 0.0]);
///
/// // So small a layer answers one sample in registers.
/// assert!(3 * 2 <= typenet_runtime::kernels::affine::SMALL);
/// ```
#[doc(alias = "Linear")]
#[doc(alias = "FullyConnected")]
#[derive(Debug)]
pub struct Dense<I, O, A = Linear, B = WithBias, W = GlorotUniform, R = NoRule>(
    PhantomData<(I, O, A, B, W, R)>,
);

impl<I, O, A, B, W, R> Layer for Dense<I, O, A, B, W, R>
where
    I: Size,
    O: Size,
    A: Activation,
    B: BiasOption,
    W: Initializer,
    R: Rule,
{
    type Input = (I,);
    type Output = (O,);
    type Head = A;
    type Body = Dense<I, O, Linear, B, W, R>;
    const INFO: Info = Info {
        tensors: if B::BIAS { &Self::TENSORS } else { Self::TENSORS.split_at(1).0 },
        flops: (2 * I::VALUE * O::VALUE + B::BIAS as usize * O::VALUE) as u64,
        draws: false,
        ..Info::new("Dense")
    };
    const MEMORY: Memory = Memory {
        // The arguments of activations whose derivative cannot be had from their values.
        kept: match A::FUNCTION.kept() {
            Kept::Output => Amount::NONE,
            Kept::Preactivation => Amount::per_sample(O::VALUE),
        },
        reads_output: matches!(A::FUNCTION.kept(), Kept::Output) && !matches!(A::FUNCTION, Function::Linear),
        ..Memory::NONE
    };

    fn initialize(parameters: &mut [f32], _: &mut [f32], mut rng: Rng) {
        let (weight, bias) = parameters.split_at_mut(I::VALUE * O::VALUE);
        W::fill(I::VALUE, O::VALUE, &mut rng, weight);
        B::fill(&mut rng, bias);
    }
}

impl<I: Size, O: Size, A: Activation, B, W, R: Rule> Dense<I, O, A, B, W, R> {
    const TENSORS: [TensorInfo; 2] = [
        ruled::<R>(TensorInfo {
            fans: [I::VALUE, O::VALUE],
            ..TensorInfo::parameter("weight", &[I::VALUE, O::VALUE])
        }),
        TensorInfo::parameter("bias", &[O::VALUE]),
    ];

    /// The gradient by the arguments of the activation, in place of that by its values.
    pub(super) fn map_gradient<T: Element>(output: &[T], kept: &[T], gradient: &mut [T]) {
        let kept = match A::FUNCTION.kept() {
            _ if A::FUNCTION == Function::Linear => return,
            Kept::Output => output,
            Kept::Preactivation => kept,
        };
        T::map_gradient(A::FUNCTION, O::VALUE, kept, gradient);
    }
}

impl<T, I, O, A, B, W, R> Run<Cpu<T>> for Dense<I, O, A, B, W, R>
where
    T: Element,
    I: Size,
    O: Size,
    A: Activation,
    B: BiasOption,
    W: Initializer,
    R: Rule,
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let (weight, bias) = pass.parameters.split_at(I::VALUE * O::VALUE);
        T::product(
            Matrix::new(pass.input, pass.batch, I::VALUE),
            Matrix::new(weight, I::VALUE, O::VALUE),
            Tail { bias: B::BIAS.then_some(bias), function: A::FUNCTION, preactivation: None },
            pass.output,
        );
    }

    #[inline(always)]
    fn predict_on<S: Simd>(simd: S, pass: Predict<'_, Self, Cpu<T>>) {
        if pass.batch == 1 && I::VALUE * O::VALUE <= SMALL {
            let (weight, bias) = pass.parameters.split_at(I::VALUE * O::VALUE);
            T::affine::<S, I, O, A>(simd, pass.input, weight, B::BIAS.then_some(bias), pass.output);
        } else {
            <Self as Run<Cpu<T>>>::predict(pass);
        }
    }

    fn forward(pass: Forward<'_, Self, Cpu<T>>) {
        let (weight, bias) = pass.parameters.split_at(I::VALUE * O::VALUE);
        let preactivation = (A::FUNCTION.kept() == Kept::Preactivation).then_some(pass.kept);
        let input = Matrix::new(pass.input, pass.batch, I::VALUE);
        let weight = Matrix::new(weight, I::VALUE, O::VALUE);
        let tail = Tail { bias: B::BIAS.then_some(bias), function: A::FUNCTION, preactivation };
        if pass.batch == 1 {
            T::product_in_turns(input, weight, tail, pass.output);
        } else {
            T::product(input, weight, tail, pass.output);
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let (weight, _) = pass.parameters.split_at(I::VALUE * O::VALUE);
        let (grad_weight, grad_bias) = pass.grad_parameters.split_at_mut(I::VALUE * O::VALUE);
        Self::map_gradient(pass.output, pass.kept, pass.grad_output);
        let grad = Matrix::new(pass.grad_output, pass.batch, O::VALUE);
        let input = Matrix::new(pass.input, pass.batch, I::VALUE);
        T::product(input.transposed(), grad, Tail::default(), grad_weight);
        if B::BIAS {
            T::column_sums(grad.data, grad_bias);
        }
        if let Some(grad_input) = pass.grad_input {
            let weight = Matrix::new(weight, I::VALUE, O::VALUE);
            T::product(grad, weight.transposed(), Tail::default(), grad_input);
        }
    }

    /// The weight's gradient of one sample is an outer product.
    fn step(pass: Step<'_, Self, Cpu<T>>) {
        if pass.batch != 1 || O::VALUE < WIDE {
            return pass.in_two_passes();
        }
        let (weight, bias) = pass.trained.split_at(I::VALUE * O::VALUE);
        Self::map_gradient(pass.output, pass.kept, pass.grad_output);
        if let Some(grad_input) = pass.grad_input {
            let weight = Matrix::new(&*weight.parameters, I::VALUE, O::VALUE);
            let grad = Matrix::new(pass.grad_output, 1, O::VALUE);
            T::product(grad, weight.transposed(), Tail::default(), grad_input);
        }
        weight.update_by(Gradient::Outer { rows: pass.input, columns: pass.grad_output });
        if B::BIAS {
            T::column_sums(pass.grad_output, bias.gradients);
            bias.update();
        }
    }
}

/// The parameters of a dense layer, seen as arrays.
///
/// ```
/// use typenet_runtime::layers::dense::DenseView;
///
/// let view = DenseView::<2, 1>::new(&[3.0, 4.0, 0.5]);
/// assert_eq!(view.weight(), &[[3.0], [4.0]]);
/// assert_eq!(view.bias(), Some(&[0.5]));
/// assert_eq!(DenseView::<2, 1>::new(&[3.0, 4.0]).bias(), None);
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct DenseView<'a, const I: usize, const O: usize>(&'a [f32]);

impl<const I: usize, const O: usize> fmt::Debug for DenseView<'_, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("DenseView", [I, O], self.0, f)
    }
}

fn debug(name: &str, shape: [usize; 2], parameters: &[f32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (weight, bias) = parameters.split_at(shape[0] * shape[1]);
    f.debug_struct(name)
        .field("shape", &shape)
        .field("weight", &Brief(weight))
        .field("bias", &Brief(bias))
        .finish()
}

impl<'a, const I: usize, const O: usize> DenseView<'a, I, O> {
    /// Sees a dense layer's part of the block: its weight, and its bias if it has one.
    pub const fn new(parameters: &'a [f32]) -> Self {
        Self(parameters)
    }

    /// `weight[i][o]` leads from input `i` to output `o`.
    pub fn weight(&self) -> &'a [[f32; O]; I] {
        bytemuck::cast_slice::<f32, [f32; O]>(&self.0[..I * O]).try_into().expect("I rows of O values")
    }

    /// The bias of each output; `None` with `bias = false`.
    pub fn bias(&self) -> Option<&'a [f32; O]> {
        self.0[I * O..].try_into().ok()
    }
}

/// The parameters of a dense layer, seen as arrays that can be changed.
///
/// ```
/// use typenet_runtime::layers::dense::DenseViewMut;
///
/// let mut parameters = [3.0, 4.0, 0.5];
/// let mut view = DenseViewMut::<2, 1>::new(&mut parameters);
/// view.weight()[1] = [0.0];
/// if let Some(bias) = view.bias() {
///     bias[0] = 1.0;
/// }
/// assert_eq!(parameters, [3.0, 0.0, 1.0]);
/// ```
#[derive(PartialEq)]
pub struct DenseViewMut<'a, const I: usize, const O: usize>(&'a mut [f32]);

impl<const I: usize, const O: usize> fmt::Debug for DenseViewMut<'_, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("DenseViewMut", [I, O], self.0, f)
    }
}

impl<'a, const I: usize, const O: usize> DenseViewMut<'a, I, O> {
    /// Sees a dense layer's part of the block: its weight, and its bias if it has one.
    pub const fn new(parameters: &'a mut [f32]) -> Self {
        Self(parameters)
    }

    /// `weight[i][o]` leads from input `i` to output `o`.
    pub fn weight(&mut self) -> &mut [[f32; O]; I] {
        bytemuck::cast_slice_mut::<f32, [f32; O]>(&mut self.0[..I * O])
            .try_into()
            .expect("I rows of O values")
    }

    /// The bias of each output; `None` with `bias = false`.
    pub fn bias(&mut self) -> Option<&mut [f32; O]> {
        (&mut self.0[I * O..]).try_into().ok()
    }
}
