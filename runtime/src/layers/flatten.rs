//! Flatten: the same values under a shape of one size.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Layer, Predict};
use crate::kernels::Element;
use crate::schema::{Shape, Size};

/// Sees samples of shape `S` as `N` values in the same order. `N` is the product of `S`, which the compiler checks.
///
/// ```
/// use typenet_runtime::layers::{Flatten, Layer, Predict};
/// use typenet_runtime::schema::Shape;
/// use typenet_runtime::typenum::{U2, U3, U6};
///
/// type Flat = Flatten<(U2, U3), U6>;
/// assert_eq!(<Flat as Layer>::Output::SIZES, [6]);
/// let mut output = [0.0f32; 6];
/// <Flat as Layer>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].as_flattened(),
///     output: &mut output,
///     scratch: &mut [],
/// });
/// assert_eq!(output, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// ```
#[derive(Debug)]
pub struct Flatten<S, N>(PhantomData<(S, N)>);

impl<T: Element, S: Shape, N: Size> Layer<T> for Flatten<S, N> {
    type Input = S;
    type Output = (N,);
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = {
        assert!(S::LEN == N::VALUE, "Flatten: the flat size is not the product of the shape");
        "Flatten"
    };

    fn predict(pass: Predict<'_, T>) {
        pass.output.copy_from_slice(pass.input);
    }

    fn backward(pass: Backward<'_, T>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}
