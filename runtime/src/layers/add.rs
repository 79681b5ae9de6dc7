//! The sum of several values of one shape.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Cpu, Layer, Memory, Plain, Predict, Run, clear_behind_ends};
use crate::kernels::Element;
use crate::kernels::sum::sum;
use crate::schema::Info;

/// The sum of `K` values of one shape, element by element and from left to right: `y = x₁ + x₂ + …`. In `model!`
/// `Add[ _ | Dense(64 => 64) ]`.
///
/// # Shapes
/// `x₁`, `x₂`, … and `y`: `[batch, P]`. Sequences are added step by step: the sum has the lengths of the first, and what others have behind
/// their end is left out.
///
/// # References
/// He et al., "Deep residual learning for image recognition", CVPR 2016, eq. 1.
///
/// # Example
/// ```
/// use typenet_runtime::layers::{Add, Predict, Run};
/// use typenet_runtime::typenum::U2;
///
/// let mut y = [0.0f32; 2];
/// <Add<(U2,), 3> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: [&[1.0, 2.0], &[10.0, 20.0], &[0.5, 0.5]],
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [11.5, 22.5]);
/// ```
#[derive(Debug)]
pub struct Add<P, const K: usize>(PhantomData<P>);

impl<P: Plain, const K: usize> Layer for Add<P, K> {
    type Input = [P; K];
    type Output = P;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        assert!(K > 0, "Add: at least one value is added");
        Info { flops: ((K - 1) * P::LEN) as u64, draws: false, ..Info::new("Add") }
    };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<T: Element, P: Plain, const K: usize> Run<Cpu<T>> for Add<P, K> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        let output = P::numbers_mut::<Cpu<T>>(pass.output);
        sum(&pass.input.map(P::numbers::<Cpu<T>>), output);
        clear_behind_ends::<[P; K], P, T>(pass.input, output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let grad_output = P::numbers_mut::<Cpu<T>>(pass.grad_output);
        for grad_input in pass.grad_input.into_iter().filter_map(P::gradient::<Cpu<T>>) {
            grad_input.copy_from_slice(grad_output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Sequences, Steps};
    use typenum::{U2, U3};

    #[test]
    #[cfg(feature = "std")]
    fn the_gradient_of_each_value_is_that_of_the_sum() {
        use crate::layers::check::check_gradient;
        use typenum::{U4, U5};
        let check = |report: crate::layers::check::GradientReport, places| {
            assert_eq!((report.checked, report.kinks), (places, 0));
        };
        check(check_gradient::<Add<(U5,), 1>>(2, 0), 2 * 5);
        check(check_gradient::<Add<(U5,), 2>>(3, 1), 3 * 2 * 5);
        check(check_gradient::<Add<(U3, U4, U5), 4>>(2, 2), 2 * 4 * 60);
        // Lengths are 4, 3, 2, 1, 4.
        check(check_gradient::<Add<Steps<U4, (U3,)>, 3>>(5, 3), 3 * 14 * 3);
    }

    #[test]
    fn gradients_that_nobody_needs_are_not_written() {
        let (mut first, mut last) = ([0.0f32; 2], [0.0; 2]);
        <Add<(U2,), 3> as Run>::backward(Backward {
            batch: 1,
            parameters: &[],
            input: [&[]; 3],
            output: &[],
            kept: &[],
            grad_output: &mut [1.0, 2.0],
            grad_input: [Some(&mut first), None, Some(&mut last)],
            grad_parameters: &mut [],
            scratch: &mut [],
        });
        assert_eq!((first, last), ([1.0, 2.0], [1.0, 2.0]));
    }

    #[test]
    fn a_sum_of_sequences_ends_where_the_first_does() {
        let mut output = [f32::NAN; 6];
        <Add<Steps<U3, (U2,)>, 2> as Run>::predict(Predict {
            batch: 1,
            parameters: &[],
            buffers: &[],
            input: [
                Sequences { values: &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0], lengths: &[1] },
                Sequences { values: &[1.0, 2.0, 3.0, 4.0, 0.0, 0.0], lengths: &[2] },
            ],
            output: &mut output,
            scratch: &mut [],
        });
        assert_eq!(output, [2.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
