//! Activations as a layer of their own; as types that a layer names they are the kernels'.

use core::marker::PhantomData;

use super::{Backward, Cpu, Layer, Memory, Plain, Predict, Run, clear_behind_ends};
use crate::kernels::Element;
pub use crate::kernels::activation::*;
use crate::schema::Info;

/// Applies activation `A` to samples of shape `S`: `y = f(x)`. Softmax runs over the last size.
///
/// ```
/// use typenet_runtime::layers::activation::{Activate, Softmax};
/// use typenet_runtime::layers::{Predict, Run};
/// use typenet_runtime::typenum::{U2, U3};
///
/// let mut output = [0.0f32; 6];
/// <Activate<(U3, U2), Softmax> as Run>::predict(Predict {
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
const fn width<P: Plain>() -> usize {
    P::SHAPE[P::SHAPE.len() - 1]
}

impl<P: Plain, A: Activation> Layer for Activate<P, A> {
    type Input = P;
    type Output = P;
    type Head = A;
    type Body = Activate<P, Linear>;
    const INFO: Info = Info {
        flops: match A::FUNCTION {
            Function::Linear => 0,
            _ => P::LEN as u64,
        },
        draws: false,
        ..Info::new("Activation")
    };
    const MEMORY: Memory = Memory {
        reads_input: matches!(A::FUNCTION.kept(), Kept::Preactivation),
        reads_output: matches!(A::FUNCTION.kept(), Kept::Output) && !matches!(A::FUNCTION, Function::Linear),
        ..Memory::NONE
    };
}

impl<T: Element, P: Plain, A: Activation> Run<Cpu<T>> for Activate<P, A> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let output = P::numbers_mut::<Cpu<T>>(pass.output);
        output.copy_from_slice(P::numbers(pass.input));
        T::map(A::FUNCTION, width::<P>(), output);
        clear_behind_ends::<P, P, T>(pass.input, output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        if let Some(grad_input) = P::gradient::<Cpu<T>>(pass.grad_input) {
            grad_input.copy_from_slice(P::numbers_mut::<Cpu<T>>(pass.grad_output));
            let kept = match A::FUNCTION.kept() {
                Kept::Output if matches!(A::FUNCTION, Function::Linear) => return,
                Kept::Output => P::numbers::<Cpu<T>>(pass.output),
                Kept::Preactivation => P::numbers::<Cpu<T>>(pass.input),
            };
            T::map_gradient(A::FUNCTION, width::<P>(), kept, grad_input);
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::layers::Steps;
    use crate::layers::check::check_gradient;
    use typenum::{U3, U4};

    #[test]
    fn sequences_stay_zero_behind_their_ends() {
        // Lengths are 4, 3, 2, 1, 4.
        for report in [
            check_gradient::<Activate<Steps<U4, (U3,)>, Sigmoid>>(5, 1),
            check_gradient::<Activate<Steps<U4, (U3,)>, Softmax>>(5, 1),
        ] {
            assert_eq!(report.checked, 14 * 3);
        }
    }
}
