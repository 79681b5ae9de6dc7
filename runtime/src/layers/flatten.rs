//! Flatten: the same values under a shape of one size.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Cpu, Layer, Memory, Plain, Predict, Run};
use crate::kernels::Element;
use crate::schema::{Info, Size};

/// The number of values in a shape; `usize::MAX` where there are more.
///
/// ```
/// use typenet_runtime::layers::flatten::output_size;
///
/// assert_eq!(output_size(&[3, 28, 28]), 2352);
/// ```
pub const fn output_size(shape: &[usize]) -> usize {
    let (mut size, mut i) = (1_usize, 0);
    while i < shape.len() {
        size = size.saturating_mul(shape[i]);
        i += 1;
    }
    size
}

/// Sees samples of shape `S` as `N` values in the same order. `N` is the product of `S`, which the compiler checks.
///
/// ```
/// use typenet_runtime::layers::{Flatten, Layer, Port, Predict, Run};
/// use typenet_runtime::typenum::{U2, U3, U6};
///
/// type Flat = Flatten<(U2, U3), U6>;
/// assert_eq!(<Flat as Layer>::Output::PARTS[0].shape, [6]);
/// let mut output = [0.0f32; 6];
/// <Flat as Run>::predict(Predict {
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

impl<P: Plain, N: Size> Layer for Flatten<P, N> {
    type Input = P;
    type Output = (N,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        assert!(P::LEN == N::VALUE, "Flatten: the flat size is not the product of the shape");
        Info { draws: false, ..Info::new("Flatten") }
    };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<T: Element, P: Plain, N: Size> Run<Cpu<T>> for Flatten<P, N> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        pass.output.copy_from_slice(P::numbers::<Cpu<T>>(pass.input));
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        if let Some(grad_input) = P::gradient::<Cpu<T>>(pass.grad_input) {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}
