//! Activation functions applied to slices, and their gradients.
//!
//! In `f32` every function is computed by vectors, within the error that its type in [`activation`](super::activation) states, judged by its
//! `f64` definition. Exponentials, and gradients by arguments, are zero where they are closer to zero than
//! [`SMALLEST`](super::flush::SMALLEST).

use core::marker::PhantomData;

use super::activation::{Formula, with_formula};
pub use super::activation::{Function, Kept};
use super::flush::flush_lanes;
use super::simd::{Kernel, Simd, dispatch};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Functions applied to rows of `width` values, in place.
///
/// ```
/// use typenet_runtime::kernels::{Function, Map};
///
/// let mut x = [0.0f32, 0.0, 5.0, 5.0];
/// f32::map(Function::Softmax, 2, &mut x);
/// assert_eq!(x, [0.5; 4]);
///
/// let mut grad = [2.0f32];
/// f32::map_gradient(Function::Sigmoid, 1, &[0.5], &mut grad);
/// assert_eq!(grad, [2.0 * 0.5 * (1.0 - 0.5)]);
/// ```
pub trait Map: Sized {
    /// `x ← f(x)`, row by row of `width` values.
    ///
    /// # Panics
    /// If `x` is not whole rows.
    fn map(function: Function, width: usize, x: &mut [Self]);

    /// `grad ← grad · f′`: from the gradient by the function's value to the gradient by its argument, with
    /// `kept` the values or the arguments of the forward pass, as [`Function::kept`] says.
    ///
    /// # Panics
    /// If `kept` and `grad` differ in length, or are not whole rows.
    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]);
}

impl Map for f64 {
    fn map(function: Function, width: usize, x: &mut [Self]) {
        check(function, width, x.len());
        match function.rows() {
            Some(rows) => (rows.definition)(width, x),
            None => x.iter_mut().for_each(|x| *x = function.value(*x)),
        }
    }

    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]) {
        check(function, width, grad.len());
        assert_eq!(kept.len(), grad.len(), "map_gradient: `kept` and `grad` must have the same length");
        match function.rows() {
            Some(rows) => (rows.definition_gradient)(width, kept, grad),
            None => {
                for (grad, &kept) in grad.iter_mut().zip(kept) {
                    *grad *= function.derivative(kept);
                }
            }
        }
    }
}

#[track_caller]
fn check(function: Function, width: usize, length: usize) {
    if function.is_rowwise() {
        assert!(length.is_multiple_of(width), "{function:?}: {length} values are not rows of {width}");
    }
}

impl Map for f32 {
    fn map(function: Function, width: usize, x: &mut [Self]) {
        map_with(isa(), function, width, x);
    }

    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]) {
        map_gradient_with(isa(), function, width, kept, grad);
    }
}

/// Share work at multiples of this many elements: whole vectors and whole lines.
const GRANULE: usize = 64;

pub(super) fn map_with(isa: Isa, function: Function, width: usize, x: &mut [f32]) {
    check(function, width, x.len());
    match function.rows() {
        Some(rows) => (rows.map)(isa, width, x),
        None if function == Function::Linear => {}
        None => {
            share_slices(x, GRANULE, function.cost(), |_, x| dispatch(isa, MapRows::contiguous(function, x)))
        }
    }
}

pub(super) fn map_gradient_with(isa: Isa, function: Function, width: usize, kept: &[f32], grad: &mut [f32]) {
    check(function, width, grad.len());
    assert_eq!(kept.len(), grad.len(), "map_gradient: `kept` and `grad` must have the same length");
    match function.rows() {
        Some(rows) => (rows.map_gradient)(isa, width, kept, grad),
        None if function == Function::Linear => {}
        None => share_slices((kept, grad), GRANULE, function.cost(), |_, (kept, grad)| {
            dispatch(isa, MapGradient { function, kept, grad });
        }),
    }
}

/// Applies a function that is not row-wise to part of a matrix.
pub(super) struct MapRows<'a> {
    function: Function,
    first: *mut f32,
    rows: usize,
    row_stride: usize,
    width: usize,
    life: PhantomData<&'a mut f32>,
}

impl<'a> MapRows<'a> {
    fn contiguous(function: Function, x: &'a mut [f32]) -> Self {
        // SAFETY: one row: the slice.
        unsafe { Self::new(function, x.as_mut_ptr(), 1, 0, x.len()) }
    }

    /// # Safety
    /// For `'a`, the `width` numbers at `first + i · row_stride` belong to the value alone, for each `i < rows`.
    pub(super) unsafe fn new(
        function: Function,
        first: *mut f32,
        rows: usize,
        row_stride: usize,
        width: usize,
    ) -> Self {
        Self { function, first, rows, row_stride, width, life: PhantomData }
    }

    #[inline(always)]
    fn apply<S: Simd, F: Formula>(self, simd: S) {
        for i in 0..self.rows {
            // SAFETY: row `i` is the value's own, as `new` requires.
            let row =
                unsafe { core::slice::from_raw_parts_mut(self.first.add(i * self.row_stride), self.width) };
            let mut vectors = row.chunks_exact_mut(S::LANES);
            for x in &mut vectors {
                simd.write(x, F::value_on(simd, simd.read(x)));
            }
            let x = vectors.into_remainder();
            if !x.is_empty() {
                simd.write_part(x, F::value_on(simd, simd.read_part(x)));
            }
        }
    }
}

struct MapGradient<'a> {
    function: Function,
    kept: &'a [f32],
    grad: &'a mut [f32],
}

impl MapGradient<'_> {
    #[inline(always)]
    fn apply<S: Simd, F: Formula>(self, simd: S) {
        let mut vectors = self.grad.chunks_exact_mut(S::LANES);
        let mut kept = self.kept.chunks_exact(S::LANES);
        for (grad, kept) in (&mut vectors).zip(&mut kept) {
            let value = F::gradient_on(simd, simd.read(kept), simd.read(grad));
            simd.write(grad, flush_lanes(simd, value));
        }
        let (grad, kept) = (vectors.into_remainder(), kept.remainder());
        if !grad.is_empty() {
            let value = F::gradient_on(simd, simd.read_part(kept), simd.read_part(grad));
            simd.write_part(grad, flush_lanes(simd, value));
        }
    }
}

impl Kernel for MapRows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        with_formula!(self.function, F => self.apply::<S, F>(simd));
    }
}

impl Kernel for MapGradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        with_formula!(self.function, F => self.apply::<S, F>(simd));
    }
}
