//! A fully connected layer whose weight is a tensor of another layer.

use core::marker::PhantomData;

use super::activation::Linear;
use super::dense::{BiasOption, WithBias};
use super::{Activation, Backward, Branches, Cpu, Dense, Forward, Layer, Memory, Predict, Run, Tensor};
use crate::kernels::function::Kept;
use crate::kernels::{Element, Matrix, Rng, Tail};
use crate::schema::{Info, Shape, Size, TensorInfo};

/// How a weight of `I` inputs and `O` outputs lies in the tensor that it is.
///
/// ```
/// use typenet_runtime::layers::tied::{AsItIs, Layout, Turned};
/// use typenet_runtime::typenum::{U2, U3};
///
/// assert!(!<AsItIs as Layout<U2, U3>>::IS_TURNED && <Turned as Layout<U2, U3>>::IS_TURNED);
/// ```
pub trait Layout<I, O>: 'static {
    /// The tensor's shape.
    type Shape: Shape;
    /// Whether it is `[O, I]`.
    const IS_TURNED: bool;
}

/// The tensor is the weight: `[I, O]`.
///
/// ```
/// use typenet_runtime::layers::tied::{AsItIs, Layout};
/// use typenet_runtime::schema::Shape;
/// use typenet_runtime::typenum::{U2, U3};
///
/// assert_eq!(<<AsItIs as Layout<U2, U3>>::Shape as Shape>::SIZES, [2, 3]);
/// ```
#[derive(Debug)]
pub struct AsItIs;

/// The tensor is the weight turned: `[O, I]`, as of the embedding whose words the layer scores.
///
/// ```
/// use typenet_runtime::layers::tied::{Layout, Turned};
/// use typenet_runtime::schema::Shape;
/// use typenet_runtime::typenum::{U2, U3};
///
/// assert_eq!(<<Turned as Layout<U2, U3>>::Shape as Shape>::SIZES, [3, 2]);
/// ```
#[derive(Debug)]
pub struct Turned;

impl<I: Size, O: Size> Layout<I, O> for AsItIs {
    type Shape = (I, O);
    const IS_TURNED: bool = false;
}

impl<I: Size, O: Size> Layout<I, O> for Turned {
    type Shape = (O, I);
    const IS_TURNED: bool = true;
}

/// Fully connected layer with the weight of another layer: `y = f(x · weight + bias)`, in `model!` `Dense(128 => 96, weight = tokens)`.
///
/// # Shapes
/// `x: [batch, I]`, `bias: [O]`, `y: [batch, O]`; the tensor is `[I, O]`, or `[O, I]` if it is [`Turned`].
///
/// # References
/// Press & Wolf, "Using the output embedding to improve language models", EACL 2017.
///
/// # Example
/// ```
/// use typenet_runtime::layers::tied::{TiedDense, Turned};
/// use typenet_runtime::layers::{Predict, Run};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let mut y = [0.0f32; 3];
/// let table = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// <TiedDense<U2, U3, Turned> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[0.5, 0.0, -0.5],
///     buffers: &[],
///     input: (&[1.0, 10.0], &table),
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [21.5, 43.0, 64.5]);
/// ```
#[derive(Debug)]
pub struct TiedDense<I, O, L, A = Linear, B = WithBias>(PhantomData<(I, O, L, A, B)>);

impl<I: Size, O: Size, L: Layout<I, O>, A: Activation, B: BiasOption> Layer for TiedDense<I, O, L, A, B> {
    type Input = Branches<((I,), Tensor<L::Shape>)>;
    type Output = (O,);
    type Head = A;
    type Body = TiedDense<I, O, L, Linear, B>;
    const INFO: Info = Info {
        tensors: if B::BIAS { &[TensorInfo::parameter("bias", &[O::VALUE])] } else { &[] },
        flops: <Dense<I, O, A, B> as Layer>::INFO.flops,
        draws: false,
        ..Info::new("Dense")
    };
    const MEMORY: Memory = <Dense<I, O, A, B> as Layer>::MEMORY;

    fn initialize(parameters: &mut [f32], _: &mut [f32], mut rng: Rng) {
        B::fill(&mut rng, parameters);
    }
}

impl<I: Size, O: Size, L: Layout<I, O>, A: Activation, B: BiasOption> TiedDense<I, O, L, A, B> {
    /// The weight as `[I, O]`.
    fn weight<T>(tensor: &[T]) -> Matrix<'_, T> {
        if L::IS_TURNED {
            Matrix::new(tensor, O::VALUE, I::VALUE).transposed()
        } else {
            Matrix::new(tensor, I::VALUE, O::VALUE)
        }
    }
}

impl<T: Element, I: Size, O: Size, L: Layout<I, O>, A: Activation, B: BiasOption> Run<Cpu<T>>
    for TiedDense<I, O, L, A, B>
{
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let (input, tensor) = pass.input;
        let bias = B::BIAS.then_some(pass.parameters);
        let tail = Tail { bias, function: A::FUNCTION, preactivation: None };
        T::product(Matrix::new(input, pass.batch, I::VALUE), Self::weight(tensor), tail, pass.output);
    }

    fn forward(pass: Forward<'_, Self, Cpu<T>>) {
        let (input, tensor) = pass.input;
        let preactivation = (A::FUNCTION.kept() == Kept::Preactivation).then_some(pass.kept);
        let tail = Tail { bias: B::BIAS.then_some(pass.parameters), function: A::FUNCTION, preactivation };
        T::product(Matrix::new(input, pass.batch, I::VALUE), Self::weight(tensor), tail, pass.output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let ((input, tensor), (grad_input, grad_tensor)) = (pass.input, pass.grad_input);
        Dense::<I, O, A, B>::map_gradient(pass.output, pass.kept, pass.grad_output);
        let grad = Matrix::new(&*pass.grad_output, pass.batch, O::VALUE);
        let input = Matrix::new(input, pass.batch, I::VALUE);
        if let Some(grad_tensor) = grad_tensor {
            if L::IS_TURNED {
                T::product(grad.transposed(), input, Tail::default(), grad_tensor);
            } else {
                T::product(input.transposed(), grad, Tail::default(), grad_tensor);
            }
        }
        if B::BIAS {
            T::column_sums(grad.data, pass.grad_parameters);
        }
        if let Some(grad_input) = grad_input {
            T::product(grad, Self::weight(tensor).transposed(), Tail::default(), grad_input);
        }
    }
}
