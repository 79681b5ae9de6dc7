//! Flatten: the same values under a shape of one size.

use core::marker::PhantomData;

use typenum::Unsigned;

use super::activation::Linear;
use super::{Backward, Layer, Predict};
use crate::kernels::Element;
use crate::tensor::Shape;

/// Sees samples of shape `S` as `N` values in the same order. `N` is the product of `S`, which the compiler checks.
#[derive(Debug)]
pub struct Flatten<S, N>(PhantomData<(S, N)>);

impl<T: Element, S: Shape, N: Unsigned + 'static> Layer<T> for Flatten<S, N> {
    type Input = S;
    type Output = (N,);
    type Head = Linear;
    type Body = Self;
    const KIND: &'static str = {
        assert!(S::LEN == N::USIZE, "Flatten: the flat size is not the product of the shape");
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
