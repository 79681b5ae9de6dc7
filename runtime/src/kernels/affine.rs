//! The affine map of one sample, with sizes that the compiler knows: what a small dense layer is in inference.
//!
//! A product of matrices asks at run time what shape it has, and its tiles are functions of their own. For one row and a
//! weight that fits in the first cache that takes longer than the arithmetic. Here sizes and activation are types: each
//! layer is a function of its own without a branch, whose sums stay in registers from the bias to the activation.

use core::marker::PhantomData;

use typenum::Unsigned;

use super::Function;
use super::activation::Activation;
use super::function::value;
use super::lanes::Lanes;
use super::product::{Matrix, Product, Tail};
use super::simd::{Kernel, MAX_LANES, Simd};
use super::softmax::{LogSoftmax, Softmax, softmax_of_lanes};

/// Affine maps of constant size, with an activation.
pub trait Affine: Sized {
    /// `y ← f(x·weight + bias)` on the instruction set of `simd`, with `x` of `I` numbers, `weight` of `I` rows and `O` columns, `bias` and `y` of `O` numbers,
    /// and `f` the function of `A`; with the bits of [`Product::product`]. `y` is never read.
    ///
    /// # Panics
    /// If a slice has another length.
    fn affine<S: Simd, I: Unsigned, O: Unsigned, A: Activation>(
        simd: S,
        x: &[Self],
        weight: &[Self],
        bias: Option<&[Self]>,
        y: &mut [Self],
    );
}

/// The most weights for which [`Affine`] is faster than a product: as many as a first cache holds.
pub const SMALL: usize = 8192;

impl Affine for f64 {
    fn affine<S: Simd, I: Unsigned, O: Unsigned, A: Activation>(
        _: S,
        x: &[Self],
        weight: &[Self],
        bias: Option<&[Self]>,
        y: &mut [Self],
    ) {
        let tail = Tail { bias, function: A::FUNCTION, preactivation: None };
        Self::product(Matrix::new(x, 1, I::USIZE), Matrix::new(weight, I::USIZE, O::USIZE), tail, y);
    }
}

impl Affine for f32 {
    #[inline(always)]
    fn affine<S: Simd, I: Unsigned, O: Unsigned, A: Activation>(
        simd: S,
        x: &[Self],
        weight: &[Self],
        bias: Option<&[Self]>,
        y: &mut [Self],
    ) {
        simd.call_inline(Row::<I, O, A>::new(x, weight, bias, y));
    }
}

/// Vectors of sums in registers: enough to hide the latency of a multiply-add on any instruction set.
const PANEL_VECTORS: usize = 8;

/// One sample and what maps it.
struct Row<'a, I, O, A> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    y: &'a mut [f32],
    sizes: PhantomData<(I, O, A)>,
}

impl<'a, I: Unsigned, O: Unsigned, A: Activation> Row<'a, I, O, A> {
    #[inline(always)]
    fn new(x: &'a [f32], weight: &'a [f32], bias: Option<&'a [f32]>, y: &'a mut [f32]) -> Self {
        let lengths = x.len() == I::USIZE
            && weight.len() == I::USIZE * O::USIZE
            && bias.is_none_or(|bias| bias.len() == O::USIZE)
            && y.len() == O::USIZE;
        assert!(lengths, "affine: slices of other lengths than {}×{}", I::USIZE, O::USIZE);
        Self { x, weight, bias, y, sizes: PhantomData }
    }

    /// Columns `from .. from + count`, at most `PANEL_VECTORS` vectors.
    ///
    /// # Safety
    /// There are so many columns.
    #[inline(always)]
    unsafe fn columns<S: Simd>(&mut self, simd: S, from: usize, count: usize) {
        let vectors = count.div_ceil(S::LANES);
        let last = count - (vectors - 1) * S::LANES;
        let in_registers = is_softmax_in_registers::<O, A>();
        let part = |v: usize| v == vectors - 1 && last < S::LANES;
        let mut sums = [simd.splat(0.0); PANEL_VECTORS];
        // SAFETY: columns lie within rows of `O` numbers, of which `weight` has `I`, and `bias` and `y` one; `x` has `I`
        // numbers.
        unsafe {
            // Beyond the last column a softmax wants what adds nothing to it; weights are zero there.
            let rest = simd.splat(if in_registers { f32::NEG_INFINITY } else { 0.0 });
            for v in 0..vectors {
                sums[v] = match self.bias {
                    Some(bias) if part(v) => {
                        simd.load_part_or(bias.as_ptr().add(from + v * S::LANES), last, rest)
                    }
                    Some(bias) => simd.load(bias.as_ptr().add(from + v * S::LANES)),
                    None if part(v) => simd.load_part_or(ZEROS.as_ptr(), last, rest),
                    None => simd.splat(0.0),
                };
            }
            let mut row = self.weight.as_ptr().add(from);
            for p in 0..I::USIZE {
                let factor = simd.splat(*self.x.as_ptr().add(p));
                for v in 0..vectors {
                    let from = row.add(v * S::LANES);
                    let weight = if part(v) { simd.load_part(from, last) } else { simd.load(from) };
                    sums[v] = simd.mul_add(factor, weight, sums[v]);
                }
                row = row.wrapping_add(O::USIZE);
            }
            if in_registers {
                let mut lanes = Lanes::splat(simd, f32::NEG_INFINITY);
                for v in 0..vectors {
                    lanes.0[v] = sums[v];
                }
                let lanes = softmax_of_lanes(simd, lanes);
                for v in 0..vectors {
                    sums[v] = lanes.0[v];
                }
            }
            let y = self.y.as_mut_ptr().add(from);
            for v in 0..vectors {
                let (y, value) = (y.add(v * S::LANES), value(simd, A::FUNCTION, sums[v]));
                if part(v) { simd.store_known(y, last, value) } else { simd.store(y, value) }
            }
        }
    }
}

/// Whether a softmax is computed before the sums leave the registers.
const fn is_softmax_in_registers<O: Unsigned, A: Activation>() -> bool {
    matches!(A::FUNCTION, Function::Softmax) && O::USIZE <= MAX_LANES
}

/// Sums to start from where there is no bias.
static ZEROS: [f32; MAX_LANES] = [0.0; MAX_LANES];

impl<I: Unsigned, O: Unsigned, A: Activation> Kernel for Row<'_, I, O, A> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let panel = PANEL_VECTORS * S::LANES;
        let whole = O::USIZE / panel * panel;
        for from in (0..whole).step_by(panel) {
            // SAFETY: `from + panel <= O`.
            unsafe { self.columns(simd, from, panel) };
        }
        if whole < O::USIZE {
            // SAFETY: all that are left.
            unsafe { self.columns(simd, whole, O::USIZE - whole) };
        }
        match A::FUNCTION {
            Function::Softmax if is_softmax_in_registers::<O, A>() => {}
            Function::Softmax => Softmax { width: O::USIZE, x: self.y }.run(simd),
            Function::LogSoftmax => LogSoftmax { width: O::USIZE, x: self.y }.run(simd),
            _ => {}
        }
    }
}
