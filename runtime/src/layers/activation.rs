//! Activations: as types that a layer names, and as a layer of their own.

use core::marker::PhantomData;

use super::{Backward, Forward, Layer, Predict};
use crate::kernels::Element;
use crate::kernels::function::{Function, Kept};
use crate::tensor::Shape;

/// An activation as a type.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an activation")]
pub trait Activation: 'static {
    /// The function.
    const FUNCTION: Function;
    /// Its name in `model!`.
    const NAME: &'static str;
}

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Activation for $name {
                const FUNCTION: Function = Function::$name;
                const NAME: &'static str = $text;
            }
        )+
    };
}

activations! {
    /// `x`
    Linear = "linear";
    /// `max(x, 0)`
    Relu = "relu";
    /// [`Function::LeakyRelu`]
    LeakyRelu = "leaky_relu";
    /// [`Function::Elu`]
    Elu = "elu";
    /// [`Function::Selu`]
    Selu = "selu";
    /// [`Function::Gelu`]
    Gelu = "gelu";
    /// [`Function::GeluTanh`]
    GeluTanh = "gelu_tanh";
    /// [`Function::Silu`]
    Silu = "silu";
    /// [`Function::Sigmoid`]
    Sigmoid = "sigmoid";
    /// [`Function::HardSigmoid`]
    HardSigmoid = "hard_sigmoid";
    /// [`Function::Tanh`]
    Tanh = "tanh";
    /// [`Function::Softplus`]
    Softplus = "softplus";
    /// [`Function::Softsign`]
    Softsign = "softsign";
    /// [`Function::Softmax`]
    Softmax = "softmax";
    /// [`Function::LogSoftmax`]
    LogSoftmax = "log_softmax";
}

/// Applies activation `A` to samples of shape `S`: `y = f(x)`. Softmax runs over the last size.
#[derive(Debug)]
pub struct Activate<S, A>(PhantomData<(S, A)>);

/// The last size of a shape: the row of a row-wise function.
const fn width<S: Shape>() -> usize {
    S::SIZES[S::SIZES.len() - 1]
}

impl<T: Element, S: Shape, A: Activation> Layer<T> for Activate<S, A> {
    type Input = S;
    type Output = S;
    type Head = A;
    type Body = Activate<S, Linear>;
    const KIND: &'static str = "Activation";
    const FLOPS: u64 = match A::FUNCTION {
        Function::Linear => 0,
        _ => S::LEN as u64,
    };

    fn predict(pass: Predict<'_, T>) {
        pass.output.copy_from_slice(pass.input);
        T::map(A::FUNCTION, width::<S>(), pass.output);
    }

    fn forward(pass: Forward<'_, T>) {
        pass.output.copy_from_slice(pass.input);
        T::map(A::FUNCTION, width::<S>(), pass.output);
    }

    fn backward(pass: Backward<'_, T>) {
        if let Some(grad_input) = pass.grad_input {
            let kept = match A::FUNCTION.kept() {
                Kept::Output => pass.output,
                Kept::Preactivation => pass.input,
            };
            grad_input.copy_from_slice(pass.grad_output);
            T::map_gradient(A::FUNCTION, width::<S>(), kept, grad_input);
        }
    }
}
