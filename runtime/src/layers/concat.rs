//! Several values as one, one behind the other along an axis.

use core::marker::PhantomData;

use super::activation::Linear;
use super::{Backward, Branches, Cpu, Layer, Memory, Part, Plain, Port, Predict, Run, clear_behind_ends};
use crate::kernels::Element;
use crate::kernels::concat::{concat, part};
use crate::schema::Info;

/// Values of several ports as one, along size number `AXIS` of a sample, from 0: `y = (x₁, x₂, …)`. In `model!`
/// `Concat[ a | b ]`, which joins images along their channels and others along the last size.
///
/// # Shapes
/// `T` is a tuple of one to eight ports, `Out` is the whole: its size along `AXIS` is the sum of theirs, the other sizes are
/// equal, which the compiler checks. Steps of sequences are put together one by one, so an axis of them is 1 or more; the whole has the
/// lengths of the first, and what others have behind their end is left out.
///
/// # References
/// Szegedy et al., "Going deeper with convolutions", CVPR 2015, figure 2.
///
/// # Example
/// ```
/// use typenet_runtime::layers::{Concat, Predict, Run};
/// use typenet_runtime::typenum::{U1, U2, U3};
///
/// // Two rows of one and of two values each.
/// let mut y = [0.0f32; 6];
/// <Concat<((U2, U1), (U2, U2)), (U2, U3), 1> as Run>::predict(Predict {
///     batch: 1,
///     parameters: &[],
///     buffers: &[],
///     input: (&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0]),
///     output: &mut y,
///     scratch: &mut [],
/// });
/// assert_eq!(y, [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
/// ```
#[doc(alias = "Concatenate")]
#[doc(alias = "cat")]
#[derive(Debug)]
pub struct Concat<T, Out, const AXIS: usize>(PhantomData<(T, Out)>);

/// The most ports of [`Branches`].
const MOST: usize = 8;

/// Whether parts along an axis are a whole.
const fn fits(parts: &[Part], whole: &Part, axis: usize) -> bool {
    let (mut joined, mut i) = (0, 0);
    if axis < whole.is_sequence as usize || axis >= whole.shape.len() {
        return false;
    }
    while i < parts.len() {
        let part = &parts[i];
        if part.shape.len() != whole.shape.len()
            || part.is_sequence != whole.is_sequence
            || part.below.is_some()
        {
            return false;
        }
        let mut size = 0;
        while size < whole.shape.len() {
            if size != axis && part.shape[size] != whole.shape[size] {
                return false;
            }
            size += 1;
        }
        joined += part.shape[axis];
        i += 1;
    }
    joined == whole.shape[axis]
}

/// Number of values in a row of a part: those from the axis on.
const fn row(part: &Part, axis: usize) -> usize {
    let (mut row, mut size) = (1, axis);
    while size < part.shape.len() {
        row *= part.shape[size];
        size += 1;
    }
    row
}

/// Number of rows in a sample: the product of the sizes before the axis.
const fn rows<P: Plain>(axis: usize) -> usize {
    let (mut rows, mut size) = (1, 0);
    while size < axis {
        rows *= P::SHAPE[size];
        size += 1;
    }
    rows
}

impl<T: 'static, Out: Plain, const AXIS: usize> Layer for Concat<T, Out, AXIS>
where
    Branches<T>: Port,
{
    type Input = Branches<T>;
    type Output = Out;
    type Head = Linear;
    type Body = Self;
    const INFO: Info = {
        assert!(
            fits(<Branches<T>>::PARTS, &Out::PARTS[0], AXIS),
            "Concat: the sizes of the parts along the axis add up to that of the whole, and all other sizes are equal"
        );
        Info { draws: false, ..Info::new("Concat") }
    };
    const MEMORY: Memory = Memory { reads_input: false, reads_output: false, ..Memory::NONE };
}

impl<E: Element, T: 'static, Out: Plain, const AXIS: usize> Run<Cpu<E>> for Concat<T, Out, AXIS>
where
    Branches<T>: Port,
{
    fn predict(pass: Predict<'_, Self, Cpu<E>>) {
        let (mut parts, mut count): ([&[E]; MOST], _) = ([&[]; MOST], 0);
        <Branches<T>>::each_value::<Cpu<E>>(pass.input, &mut |value| {
            parts[count] = value.numbers;
            count += 1;
        });
        let output = Out::numbers_mut::<Cpu<E>>(pass.output);
        concat(pass.batch * const { rows::<Out>(AXIS) }, &parts[..count], output);
        clear_behind_ends::<Branches<T>, Out, E>(pass.input, output);
    }

    fn backward(pass: Backward<'_, Self, Cpu<E>>) {
        let grad_output: &[E] = Out::numbers_mut::<Cpu<E>>(pass.grad_output);
        let rows = pass.batch * const { rows::<Out>(AXIS) };
        let (mut parts, mut start) = (<Branches<T>>::PARTS.iter(), 0);
        <Branches<T>>::each_gradient::<Cpu<E>>(pass.grad_input, &mut |grad_input| {
            if let Some(grad_input) = grad_input {
                part(rows, grad_output, start, grad_input);
            }
            start += parts.next().map_or(0, |part| row(part, AXIS));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Index, Sequences, Steps};
    use typenum::{U1, U2, U3, U4, U5, U6};

    #[test]
    #[cfg(feature = "std")]
    fn the_gradient_of_each_part_is_its_part_of_the_gradient() {
        use crate::layers::check::{GradientReport, check_gradient};
        use typenum::{U8, U9, U10};
        let check = |report: GradientReport, places| assert_eq!((report.checked, report.kinks), (places, 0));
        check(check_gradient::<Concat<((U3,),), (U3,), 0>>(2, 0), 2 * 3);
        check(check_gradient::<Concat<((U3,), (U1,), (U4,)), (U8,), 0>>(3, 1), 3 * 8);
        // Along the channels of images, their rows and their columns.
        check(check_gradient::<Concat<((U2, U3, U4), (U4, U3, U4)), (U6, U3, U4), 0>>(2, 2), 2 * 72);
        check(check_gradient::<Concat<((U2, U1, U4), (U2, U3, U4)), (U2, U4, U4), 1>>(2, 3), 2 * 32);
        check(check_gradient::<Concat<((U2, U3, U4), (U2, U3, U5)), (U2, U3, U9), 2>>(2, 4), 2 * 54);
        // Lengths are 4, 3, 2, 1, 4.
        type Pairs = (Steps<U4, (U3,)>, Steps<U4, (U2,)>);
        check(check_gradient::<Concat<Pairs, Steps<U4, (U5,)>, 1>>(5, 5), 14 * 5);
        type Eight = ((U1,), (U2,), (U1,), (U1,), (U2,), (U1,), (U1,), (U1,));
        check(check_gradient::<Concat<Eight, (U10,), 0>>(2, 6), 2 * 10);
    }

    #[test]
    fn gradients_that_nobody_needs_are_not_written() {
        let mut last = [0.0f32; 4];
        <Concat<((U3,), (U2,)), (U5,), 0> as Run>::backward(Backward {
            batch: 2,
            parameters: &[],
            input: (&[], &[]),
            output: &[],
            kept: &[],
            grad_output: &mut [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
            grad_input: (None, Some(&mut last)),
            grad_parameters: &mut [],
            scratch: &mut [],
        });
        assert_eq!(last, [4.0, 5.0, 9.0, 10.0]);
    }

    #[test]
    fn sequences_put_together_end_where_the_first_does() {
        let mut output = [f32::NAN; 4];
        <Concat<(Steps<U2, (U1,)>, Steps<U2, (U1,)>), Steps<U2, (U2,)>, 1> as Run>::predict(Predict {
            batch: 1,
            parameters: &[],
            buffers: &[],
            input: (
                Sequences { values: &[1.0, 0.0], lengths: &[1] },
                Sequences { values: &[2.0, 3.0], lengths: &[2] },
            ),
            output: &mut output,
            scratch: &mut [],
        });
        assert_eq!(output, [1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn parts_that_are_no_whole_are_seen() {
        fn fit<T, Out: Plain>(axis: usize) -> bool
        where
            Branches<T>: Port,
        {
            fits(<Branches<T>>::PARTS, &Out::PARTS[0], axis)
        }
        assert!(fit::<((U2, U3), (U2, U1)), (U2, U4)>(1));
        assert!(!fit::<((U2, U3), (U2, U1)), (U2, U5)>(1), "another sum");
        assert!(!fit::<((U2, U3), (U1, U1)), (U2, U4)>(1), "another size");
        assert!(!fit::<((U2, U3), (U2,)), (U2, U4)>(1), "another rank");
        assert!(!fit::<((U2, U3), (U2, U1)), (U2, U4)>(2), "no such axis");
        assert!(!fit::<((U3,), Index<(U1,), U5>), (U4,)>(0), "whole numbers");
        assert!(!fit::<(Steps<U2, (U3,)>, (U2, U1)), Steps<U2, (U4,)>>(1), "a sequence and none");
        assert!(!fit::<(Steps<U2, (U3,)>, Steps<U1, (U3,)>), Steps<U3, (U3,)>>(0), "one after the other");
    }
}
