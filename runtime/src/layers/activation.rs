//! Activations as a layer of their own; as types that a layer names they are the kernels'.

use core::marker::PhantomData;

use super::{Backward, Forward, Layer, Predict};
use crate::kernels::Element;
pub use crate::kernels::activation::*;
use crate::schema::Shape;

/// Applies activation `A` to samples of shape `S`: `y = f(x)`. Softmax runs over the last size.
///
/// ```
/// use typenet_runtime::layers::activation::{Activate, Softmax};
/// use typenet_runtime::layers::{Layer, Predict};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let mut output = [0.0f32; 6];
/// <Activate<(U3, U2), Softmax> as Layer>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: &[1.0, 1.0, 2.0, 2.0, 1000.0, 1000.0],
///     output: &mut output,
///     scratch: &mut [],
/// });
/// assert_eq!(output, [0.5; 6]);
/// ```
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
