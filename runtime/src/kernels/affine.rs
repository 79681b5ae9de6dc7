//! The affine map of one sample, with sizes that the compiler knows: what a small dense layer is in inference.
//!
//! A product of matrices asks at run time what shape it has, and its tiles are functions of their own. For one row and a
//! weight that fits in the first cache that takes longer than the arithmetic. Here sizes and activation are types: each
//! layer is a function of its own without a branch, whose sums stay in registers from the bias to the activation.

// Indices name registers, in several arrays at once.
#![allow(clippy::needless_range_loop)]

use core::marker::PhantomData;

use super::Function;
use super::activation::Activation;
use super::lanes::Lanes;
use super::product::{Matrix, Product, Tail};
use super::simd::{Kernel, MAX_LANES, Simd};
use super::size::Size;
use super::softmax::{self, softmax_of_lanes};

/// Affine maps of constant size, with an activation.
#[doc(hidden)]
pub trait Affine: Sized {
    /// `y ← f(x·weight + bias)` on the instruction set of `simd`, with `x` of `I` numbers, `weight` of `I` rows and `O` columns, `bias` and `y` of `O` numbers,
    /// and `f` the function of `A`; with the bits of [`Product::product`]. `y` is never read.
    ///
    /// # Panics
    /// If a slice has another length.
    fn affine<S: Simd, I: Size, O: Size, A: Activation>(
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
    fn affine<S: Simd, I: Size, O: Size, A: Activation>(
        _: S,
        x: &[Self],
        weight: &[Self],
        bias: Option<&[Self]>,
        y: &mut [Self],
    ) {
        let tail = Tail { bias, function: A::FUNCTION, preactivation: None };
        Self::product(Matrix::new(x, 1, I::VALUE), Matrix::new(weight, I::VALUE, O::VALUE), tail, y);
    }
}

impl Affine for f32 {
    #[inline(always)]
    fn affine<S: Simd, I: Size, O: Size, A: Activation>(
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

impl<'a, I: Size, O: Size, A: Activation> Row<'a, I, O, A> {
    #[inline(always)]
    fn new(x: &'a [f32], weight: &'a [f32], bias: Option<&'a [f32]>, y: &'a mut [f32]) -> Self {
        let lengths = x.len() == I::VALUE
            && weight.len() == I::VALUE * O::VALUE
            && bias.is_none_or(|bias| bias.len() == O::VALUE)
            && y.len() == O::VALUE;
        assert!(lengths, "affine: slices of other lengths than {}×{}", I::VALUE, O::VALUE);
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
            for p in 0..I::VALUE {
                let factor = simd.splat(*self.x.as_ptr().add(p));
                for v in 0..vectors {
                    let from = row.add(v * S::LANES);
                    let weight = if part(v) { simd.load_part(from, last) } else { simd.load(from) };
                    sums[v] = simd.mul_add(factor, weight, sums[v]);
                }
                row = row.wrapping_add(O::VALUE);
            }
            if in_registers {
                let mut lanes = Lanes::splat(simd, f32::NEG_INFINITY);
                lanes.0[..vectors].copy_from_slice(&sums[..vectors]);
                let lanes = softmax_of_lanes(simd, lanes);
                sums[..vectors].copy_from_slice(&lanes.0[..vectors]);
            }
            let y = self.y.as_mut_ptr().add(from);
            for v in 0..vectors {
                let (y, value) = (y.add(v * S::LANES), A::FUNCTION.value_on(simd, sums[v]));
                if part(v) { simd.store_known(y, last, value) } else { simd.store(y, value) }
            }
        }
    }
}

/// Whether a softmax is computed before the sums leave the registers.
const fn is_softmax_in_registers<O: Size, A: Activation>() -> bool {
    matches!(A::FUNCTION, Function::Softmax) && O::VALUE <= MAX_LANES
}

/// Sums to start from where there is no bias.
static ZEROS: [f32; MAX_LANES] = [0.0; MAX_LANES];

impl<I: Size, O: Size, A: Activation> Kernel for Row<'_, I, O, A> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let panel = PANEL_VECTORS * S::LANES;
        let whole = O::VALUE / panel * panel;
        for from in (0..whole).step_by(panel) {
            // SAFETY: `from + panel <= O`.
            unsafe { self.columns(simd, from, panel) };
        }
        if whole < O::VALUE {
            // SAFETY: all that are left.
            unsafe { self.columns(simd, whole, O::VALUE - whole) };
        }
        match A::FUNCTION {
            Function::Softmax if is_softmax_in_registers::<O, A>() => {}
            Function::Softmax => softmax::Softmax { width: O::VALUE, x: self.y }.run(simd),
            Function::LogSoftmax => softmax::LogSoftmax { width: O::VALUE, x: self.y }.run(simd),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::isa::Isa;
    use crate::kernels::Rng;
    use crate::kernels::activation::*;
    use crate::kernels::product::product_with;
    use crate::kernels::simd::dispatch;
    use crate::kernels::testing::bits;
    use std::vec;
    use std::vec::Vec;
    use typenum::consts::*;

    /// Numbers around zero: one sample of three, a weight and a bias.
    fn numbers(seed: u64, len: usize) -> Vec<f32> {
        let mut rng = Rng::seed(seed);
        (0..len).map(|_| 2.0 * rng.uniform() as f32 - 1.0).collect()
    }

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    fn absolute(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x).abs()).collect()
    }

    /// One sample alone, among others, and in `f64`.
    fn check<I: Size, O: Size, A: Activation>(with_bias: bool) {
        let (inputs, outputs) = (I::VALUE, O::VALUE);
        let x = numbers(1, 3 * inputs);
        let (weight, bias) = (numbers(2, inputs * outputs), numbers(3, outputs));
        let bias = with_bias.then_some(&*bias);
        let sample = &x[inputs..2 * inputs];
        for isa in Isa::available() {
            let mut batch = vec![f32::NAN; 3 * outputs];
            let tail = Tail { bias, function: A::FUNCTION, preactivation: None };
            let (a, b) = (Matrix::new(&x, 3, inputs), Matrix::new(&weight, inputs, outputs));
            product_with(isa, a, b, tail, &mut batch);
            // A number more on either side, which must stay.
            let mut y = vec![f32::NAN; outputs + 2];
            (y[0], y[outputs + 1]) = (5.0, 7.0);
            dispatch(isa, Row::<I, O, A>::new(sample, &weight, bias, &mut y[1..=outputs]));
            let expected = &batch[outputs..2 * outputs];
            assert_eq!(bits(&y[1..=outputs]), bits(expected), "{isa}: {inputs}×{outputs} {}", A::NAME);
            assert_eq!((y[0], y[outputs + 1]), (5.0, 7.0), "{isa}: {inputs}×{outputs}");

            if A::FUNCTION == Function::Linear {
                let reference = |x: &[f64], weight: &[f64], bias: Option<Vec<f64>>| {
                    let mut y = vec![f64::NAN; outputs];
                    let tail = Tail { bias: bias.as_deref(), ..Tail::default() };
                    f64::product(
                        Matrix::new(x, 1, inputs),
                        Matrix::new(weight, inputs, outputs),
                        tail,
                        &mut y,
                    );
                    y
                };
                let exact = reference(&wide(sample), &wide(&weight), bias.map(wide));
                let sizes = reference(&absolute(sample), &absolute(&weight), bias.map(absolute));
                for ((y, exact), size) in y[1..].iter().zip(exact).zip(sizes) {
                    // |error| ≤ γ(I + 1)·Σ|xᵢwᵢ| (Higham, Accuracy and Stability of Numerical Algorithms, §3.1)
                    let bound = (inputs + 2) as f64 * f64::from(f32::EPSILON) / 2.0 * size;
                    assert!((f64::from(*y) - exact).abs() <= bound, "{isa}: {y}, not {exact}");
                }
            }
        }
    }

    #[test]
    fn every_width_has_the_bits_of_a_batch() {
        macro_rules! widths {
            ($($inputs:ident $outputs:ident,)+) => {
                $(
                    check::<$inputs, $outputs, Linear>(true);
                )+
            };
        }
        widths!(
            U1 U40, U2 U39, U3 U38, U4 U37, U5 U36, U6 U35, U7 U34, U8 U33, U9 U32, U10 U31, U11 U30, U12 U29, U13 U28,
            U14 U27, U15 U26, U16 U25, U17 U24, U18 U23, U19 U22, U20 U21, U21 U20, U22 U19, U23 U18, U24 U17, U25 U16,
            U26 U15, U27 U14, U28 U13, U29 U12, U30 U11, U31 U10, U32 U9, U33 U8, U34 U7, U35 U6, U36 U5, U37 U4, U38 U3,
            U39 U2, U40 U1,
        );
        // More columns than a panel has, on every instruction set, and fewer than softmax takes in registers.
        check::<U7, U16, Softmax>(false);
        check::<U7, U17, Softmax>(true);
        check::<U3, U300, Linear>(true);
        check::<U5, U256, Tanh>(false);
    }

    #[test]
    fn every_activation_has_the_bits_of_a_batch() {
        macro_rules! activations {
            ($($activation:ident)+) => {
                $(
                    check::<U6, U5, $activation>(true);
                    check::<U6, U21, $activation>(false);
                )+
            };
        }
        activations!(Linear Relu LeakyRelu Elu Selu Gelu GeluTanh Silu Sigmoid HardSigmoid Tanh Softplus Softsign
            Softmax LogSoftmax);
    }

    #[test]
    fn logits_that_are_not_finite_give_what_a_batch_gives() {
        for x in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX] {
            let (x, weight) = ([x, 1.0], [0.5, -0.5, 3.0, 0.25, 1.0, -1.0]);
            for isa in Isa::available() {
                let (mut y, mut batch) = ([0.0; 3], [0.0; 3]);
                dispatch(isa, Row::<U2, U3, Softmax>::new(&x, &weight, None, &mut y));
                let tail = Tail { bias: None, function: Function::Softmax, preactivation: None };
                product_with(isa, Matrix::new(&x, 1, 2), Matrix::new(&weight, 2, 3), tail, &mut batch);
                for (y, batch) in y.iter().zip(&batch) {
                    assert!(y == batch || y.is_nan() && batch.is_nan(), "{isa}: {y}, not {batch}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "slices of other lengths than 2×3")]
    fn a_short_slice_panics() {
        Row::<U2, U3, Linear>::new(&[0.0; 2], &[0.0; 5], None, &mut [0.0; 3]);
    }
}
