//! Where a model runs: what its numbers lie in, and how they are divided.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::ops::Range;

use crate::kernels::Element;

/// A device, and the number type that it computes with.
///
/// A layer runs on a backend if it implements [`Run`](super::Run) for it. [`Cpu<f32>`](Cpu) is the fast one and the default
/// everywhere; [`Cpu<f64>`](Cpu) computes with the reference kernels, which are the definition by which kernels and
/// gradients are judged. Another device or number type is another backend, also in another crate.
///
/// The memory of a backend is an unsized type behind ordinary references, `[f32]` on the CPU, so that slices of it can be lent and
/// divided as usual.
///
/// ```
/// use typenet_runtime::layers::{Backend, Cpu};
///
/// type B = Cpu<f32>;
/// let mut numbers = [1.0, 2.0, 3.0];
/// let (first, rest) = B::split_mut(&mut numbers, 1);
/// B::add(first, &[10.0]);
/// B::copy(rest, &[0.5, 0.25]);
/// assert_eq!(B::part(&numbers, 0..2), [11.0, 0.5]);
/// assert_eq!(B::split(&numbers, 2), ([11.0, 0.5].as_slice(), [0.25].as_slice()));
/// B::fill_zero(&mut numbers);
/// assert_eq!(numbers, [0.0; 3]);
/// assert!(B::no_numbers().is_empty() && B::no_numbers_mut().is_empty() && B::no_indices().is_empty());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a backend",
    note = "such as `Cpu<f32>` and `Cpu<f64>`"
)]
pub trait Backend: Debug + Sized + 'static {
    /// Numbers in its memory.
    type Numbers: ?Sized + Debug + 'static;
    /// Whole numbers in its memory: words, classes, lengths of sequences.
    type Indices: ?Sized + Debug + 'static;

    /// None.
    fn no_numbers<'a>() -> &'a Self::Numbers;
    /// None.
    fn no_numbers_mut<'a>() -> &'a mut Self::Numbers;
    /// None.
    fn no_indices<'a>() -> &'a Self::Indices;
    /// The first `at` numbers, and the others.
    fn split(numbers: &Self::Numbers, at: usize) -> (&Self::Numbers, &Self::Numbers);
    /// As [`split`](Self::split).
    fn split_mut(numbers: &mut Self::Numbers, at: usize) -> (&mut Self::Numbers, &mut Self::Numbers);
    /// `into ← into + from`, of equal length.
    fn add(into: &mut Self::Numbers, from: &Self::Numbers);
    /// `into ← from`, of equal length.
    fn copy(into: &mut Self::Numbers, from: &Self::Numbers);
    /// Makes all numbers zero.
    fn fill_zero(numbers: &mut Self::Numbers);

    /// Some of the numbers.
    #[inline(always)]
    fn part(numbers: &Self::Numbers, range: Range<usize>) -> &Self::Numbers {
        Self::split(Self::split(numbers, range.end).0, range.start).1
    }

    /// As [`part`](Self::part).
    ///
    /// ```
    /// use typenet_runtime::layers::{Backend, Cpu};
    ///
    /// let mut numbers = [1.0, 2.0, 3.0];
    /// Cpu::<f64>::fill_zero(Cpu::part_mut(&mut numbers, 1..2));
    /// assert_eq!(numbers, [1.0, 0.0, 3.0]);
    /// ```
    #[inline(always)]
    fn part_mut(numbers: &mut Self::Numbers, range: Range<usize>) -> &mut Self::Numbers {
        Self::split_mut(Self::split_mut(numbers, range.end).0, range.start).1
    }
}

/// This machine's processor, computing with numbers of type `T`.
///
/// ```
/// use typenet_runtime::layers::{Cpu, Dense, Run};
/// use typenet_runtime::typenum::{U2, U3};
///
/// fn runs_on_both<L: Run<Cpu<f32>> + Run<Cpu<f64>>>() {}
/// runs_on_both::<Dense<U2, U3>>();
/// ```
#[derive(Debug)]
pub struct Cpu<T = f32>(PhantomData<T>);

impl<T: Element> Backend for Cpu<T> {
    type Numbers = [T];
    type Indices = [u32];

    #[inline(always)]
    fn no_numbers<'a>() -> &'a [T] {
        &[]
    }

    #[inline(always)]
    fn no_numbers_mut<'a>() -> &'a mut [T] {
        &mut []
    }

    #[inline(always)]
    fn no_indices<'a>() -> &'a [u32] {
        &[]
    }

    #[inline(always)]
    fn split(numbers: &[T], at: usize) -> (&[T], &[T]) {
        numbers.split_at(at)
    }

    #[inline(always)]
    fn split_mut(numbers: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
        numbers.split_at_mut(at)
    }

    fn add(into: &mut [T], from: &[T]) {
        assert_eq!(into.len(), from.len(), "add: equal lengths");
        for (into, from) in into.iter_mut().zip(from) {
            *into += *from;
        }
    }

    fn copy(into: &mut [T], from: &[T]) {
        into.copy_from_slice(from);
    }

    fn fill_zero(numbers: &mut [T]) {
        numbers.fill(T::ZERO);
    }
}
