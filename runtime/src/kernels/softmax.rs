//! Softmax, its logarithm, their gradients and the logarithm of a sum of exponentials, over rows; stable at every
//! finite input.
//!
//! A row with NaN, or whose largest value is infinite, gives NaN in every place, forward and backward. Exponentials and gradients
//! closer to zero than [`SMALLEST`](super::flush::SMALLEST) are zero.

use super::elementary::exp;
use super::flush::flush_lanes;
use super::lanes::{Lanes, horizontal_max, horizontal_sum};
use super::simd::{Kernel, MAX_LANES, Simd, dispatch};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Row-wise exponential families. A slice is rows of `width` values.
///
/// ```
/// use typenet_runtime::kernels::SoftmaxRows;
///
/// let mut y = [0.0, 0.0, 1000.0, 1000.0];
/// f64::softmax_rows(2, &mut y);
/// assert_eq!(y, [0.5; 4]);
/// let mut grad = [1.0, 0.0, 1.0, 1.0];
/// f64::softmax_gradient(2, &y, &mut grad);
/// assert_eq!(grad, [0.25, -0.25, 0.0, 0.0]);
///
/// let mut y = [7.0, 7.0];
/// f64::log_softmax_rows(2, &mut y);
/// assert_eq!(y, [-(2f64.ln()); 2]);
/// let mut grad = [1.0, 0.0];
/// f64::log_softmax_gradient(2, &y, &mut grad);
/// assert_eq!(format!("{grad:.3?}"), "[0.500, -0.500]");
///
/// assert_eq!(f64::log_sum_exp(&[7.0, 7.0]), 7.0 + 2f64.ln());
/// ```
///
/// # Panics
/// Every method panics if a slice is not whole rows, or two slices differ in length.
pub trait SoftmaxRows: Sized {
    /// `x ← softmax(x)`: `xᵢ ← eˣⁱ / Σⱼ eˣʲ`.
    fn softmax_rows(width: usize, x: &mut [Self]);
    /// `x ← log softmax(x)`: `xᵢ ← xᵢ − log Σⱼ eˣʲ`.
    fn log_softmax_rows(width: usize, x: &mut [Self]);
    /// `gᵢ ← yᵢ·(gᵢ − Σⱼ gⱼyⱼ)` with `y` the softmax: from the gradient by the softmax to that by its argument.
    fn softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]);
    /// `gᵢ ← gᵢ − eʸⁱ·Σⱼ gⱼ` with `y` the logarithm of the softmax.
    fn log_softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]);
    /// `log Σⱼ exp(row[j])`; `-∞` for an empty row.
    fn log_sum_exp(row: &[Self]) -> Self;
}

#[track_caller]
fn check(width: usize, length: usize) {
    assert!(length.is_multiple_of(width), "{length} values are not rows of {width}");
}

impl SoftmaxRows for f64 {
    fn softmax_rows(width: usize, x: &mut [Self]) {
        check(width, x.len());
        for row in x.chunks_exact_mut(width.max(1)) {
            let max = row.iter().copied().fold(Self::NEG_INFINITY, Self::max);
            row.iter_mut().for_each(|x| *x = libm::exp(*x - max));
            let sum: Self = row.iter().sum();
            row.iter_mut().for_each(|x| *x /= sum);
        }
    }

    fn log_softmax_rows(width: usize, x: &mut [Self]) {
        check(width, x.len());
        for row in x.chunks_exact_mut(width.max(1)) {
            let max = row.iter().copied().fold(Self::NEG_INFINITY, Self::max);
            row.iter_mut().for_each(|x| *x -= max);
            let log = libm::log(row.iter().map(|&x| libm::exp(x)).sum());
            row.iter_mut().for_each(|x| *x -= log);
        }
    }

    fn softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]) {
        check(width, grad.len());
        assert_eq!(y.len(), grad.len());
        for (grad, y) in grad.chunks_exact_mut(width.max(1)).zip(y.chunks_exact(width.max(1))) {
            let dot: Self = grad.iter().zip(y).map(|(grad, y)| grad * y).sum();
            grad.iter_mut().zip(y).for_each(|(grad, y)| *grad = y * (*grad - dot));
        }
    }

    fn log_softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]) {
        check(width, grad.len());
        assert_eq!(y.len(), grad.len());
        for (grad, y) in grad.chunks_exact_mut(width.max(1)).zip(y.chunks_exact(width.max(1))) {
            let sum: Self = grad.iter().sum();
            grad.iter_mut().zip(y).for_each(|(grad, &y)| *grad -= libm::exp(y) * sum);
        }
    }

    fn log_sum_exp(row: &[Self]) -> Self {
        let max = row.iter().copied().fold(Self::NEG_INFINITY, Self::max);
        if max.is_infinite() {
            return if row.iter().any(|x| x.is_nan()) { Self::NAN } else { max };
        }
        max + libm::log(row.iter().map(|x| libm::exp(x - max)).sum())
    }
}

impl SoftmaxRows for f32 {
    fn softmax_rows(width: usize, x: &mut [Self]) {
        softmax_rows_with(isa(), width, x);
    }
    fn log_softmax_rows(width: usize, x: &mut [Self]) {
        log_softmax_rows_with(isa(), width, x);
    }
    fn softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]) {
        softmax_gradient_with(isa(), width, y, grad);
    }
    fn log_softmax_gradient(width: usize, y: &[Self], grad: &mut [Self]) {
        log_softmax_gradient_with(isa(), width, y, grad);
    }
    fn log_sum_exp(row: &[Self]) -> Self {
        log_sum_exp_with(isa(), row)
    }
}

/// Cycles for each element, more or less.
const COST: usize = 4;

pub(super) fn softmax_rows_with(isa: Isa, width: usize, x: &mut [f32]) {
    check(width, x.len());
    share_slices(x, width.max(1), COST, |_, x| dispatch(isa, Softmax { width, x }));
}

pub(super) fn log_softmax_rows_with(isa: Isa, width: usize, x: &mut [f32]) {
    check(width, x.len());
    share_slices(x, width.max(1), COST, |_, x| dispatch(isa, LogSoftmax { width, x }));
}

pub(super) fn softmax_gradient_with(isa: Isa, width: usize, y: &[f32], grad: &mut [f32]) {
    check(width, grad.len());
    assert_eq!(y.len(), grad.len());
    share_slices((y, grad), width.max(1), COST, |_, (y, grad)| {
        dispatch(isa, SoftmaxGradient { width, y, grad })
    });
}

pub(super) fn log_softmax_gradient_with(isa: Isa, width: usize, y: &[f32], grad: &mut [f32]) {
    check(width, grad.len());
    assert_eq!(y.len(), grad.len());
    share_slices((y, grad), width.max(1), COST, |_, (y, grad)| {
        dispatch(isa, LogSoftmaxGradient { width, y, grad });
    });
}

pub(super) fn log_sum_exp_with(isa: Isa, row: &[f32]) -> f32 {
    let max = dispatch(isa, Max { row });
    if max.is_infinite() {
        return if row.iter().any(|x| x.is_nan()) { f32::NAN } else { max };
    }
    max + libm::logf(shifted_sum_exp(isa, row, max))
}

/// The largest value that is not NaN; −∞ if there is none.
#[inline(always)]
fn max<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let lowest = simd.splat(f32::NEG_INFINITY);
    let mut max = Lanes::splat(simd, f32::NEG_INFINITY);
    for x in row.chunks(MAX_LANES) {
        for i in 0..Lanes::<S>::VECTORS {
            max.0[i] = simd.max(Lanes::<S>::read(simd, x, i, lowest), max.0[i]);
        }
    }
    horizontal_max(simd, max)
}

/// `Σ exp(xⱼ − shift)`, where no number is larger than `shift`; NaN if one is.
pub(super) fn shifted_sum_exp(isa: Isa, row: &[f32], shift: f32) -> f32 {
    dispatch(isa, SumExp { row, shift })
}

struct SumExp<'a> {
    row: &'a [f32],
    shift: f32,
}

impl Kernel for SumExp<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let (lowest, shift) = (simd.splat(f32::NEG_INFINITY), simd.splat(self.shift));
        let mut sum = Lanes::splat(simd, 0.0);
        for x in self.row.chunks(MAX_LANES) {
            for i in 0..Lanes::<S>::VECTORS {
                let x = Lanes::<S>::read(simd, x, i, lowest);
                sum.0[i] = simd.add(sum.0[i], exp(simd, simd.sub(x, shift)));
            }
        }
        horizontal_sum(simd, sum)
    }
}

struct Max<'a> {
    row: &'a [f32],
}

impl Kernel for Max<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        max(simd, self.row)
    }
}

/// Softmax of a row of at most sixteen numbers, in registers; the lanes beyond it are −∞.
#[inline(always)]
pub(super) fn softmax_of_lanes<S: Simd>(simd: S, mut lanes: Lanes<S>) -> Lanes<S> {
    let lowest = simd.splat(f32::NEG_INFINITY);
    let mut max = lanes;
    for i in 0..Lanes::<S>::VECTORS {
        max.0[i] = simd.max(lanes.0[i], lowest);
    }
    let max = simd.splat(horizontal_max(simd, max));
    for i in 0..Lanes::<S>::VECTORS {
        lanes.0[i] = exp(simd, simd.sub(lanes.0[i], max));
    }
    let sum = simd.splat(horizontal_sum(simd, lanes));
    for i in 0..Lanes::<S>::VECTORS {
        lanes.0[i] = simd.div(lanes.0[i], sum);
    }
    lanes
}

pub(super) struct Softmax<'a> {
    pub(super) width: usize,
    pub(super) x: &'a mut [f32],
}

impl Kernel for Softmax<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let lowest = simd.splat(f32::NEG_INFINITY);
        for row in self.x.chunks_exact_mut(self.width.max(1)) {
            if row.len() <= MAX_LANES {
                let mut lanes = Lanes::splat(simd, 0.0);
                for i in 0..Lanes::<S>::VECTORS {
                    lanes.0[i] = Lanes::<S>::read(simd, row, i, lowest);
                }
                let lanes = softmax_of_lanes(simd, lanes);
                for i in 0..Lanes::<S>::VECTORS {
                    Lanes::<S>::write(simd, row, i, lanes.0[i]);
                }
                continue;
            }
            let max = simd.splat(max(simd, row));
            let mut sum = Lanes::splat(simd, 0.0);
            for x in row.chunks_mut(MAX_LANES) {
                for i in 0..Lanes::<S>::VECTORS {
                    let e = exp(simd, simd.sub(Lanes::<S>::read(simd, x, i, lowest), max));
                    sum.0[i] = simd.add(sum.0[i], e);
                    Lanes::<S>::write(simd, x, i, e);
                }
            }
            let sum = simd.splat(horizontal_sum(simd, sum));
            for x in row.chunks_mut(MAX_LANES) {
                for i in 0..Lanes::<S>::VECTORS {
                    let y = simd.div(Lanes::<S>::read(simd, x, i, lowest), sum);
                    Lanes::<S>::write(simd, x, i, y);
                }
            }
        }
    }
}

pub(super) struct LogSoftmax<'a> {
    pub(super) width: usize,
    pub(super) x: &'a mut [f32],
}

impl Kernel for LogSoftmax<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in self.x.chunks_exact_mut(self.width.max(1)) {
            let max = max(simd, row);
            let sum = SumExp { row, shift: max }.run(simd);
            let (max, log) = (simd.splat(max), simd.splat(libm::logf(sum)));
            for x in row.chunks_mut(MAX_LANES) {
                for i in 0..Lanes::<S>::VECTORS {
                    let y = simd.sub(simd.sub(Lanes::<S>::read(simd, x, i, max), max), log);
                    Lanes::<S>::write(simd, x, i, y);
                }
            }
        }
    }
}

struct SoftmaxGradient<'a> {
    width: usize,
    y: &'a [f32],
    grad: &'a mut [f32],
}

impl Kernel for SoftmaxGradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        let width = self.width.max(1);
        for (grad, y) in self.grad.chunks_exact_mut(width).zip(self.y.chunks_exact(width)) {
            let mut dot = Lanes::splat(simd, 0.0);
            for (grad, y) in grad.chunks(MAX_LANES).zip(y.chunks(MAX_LANES)) {
                for i in 0..Lanes::<S>::VECTORS {
                    let (grad, y) =
                        (Lanes::<S>::read(simd, grad, i, zero), Lanes::<S>::read(simd, y, i, zero));
                    dot.0[i] = simd.mul_add(grad, y, dot.0[i]);
                }
            }
            let dot = simd.splat(horizontal_sum(simd, dot));
            for (grad, y) in grad.chunks_mut(MAX_LANES).zip(y.chunks(MAX_LANES)) {
                for i in 0..Lanes::<S>::VECTORS {
                    let (g, y) = (Lanes::<S>::read(simd, grad, i, zero), Lanes::<S>::read(simd, y, i, zero));
                    let value = simd.mul(y, simd.sub(g, dot));
                    Lanes::<S>::write(simd, grad, i, flush_lanes(simd, value));
                }
            }
        }
    }
}

struct LogSoftmaxGradient<'a> {
    width: usize,
    y: &'a [f32],
    grad: &'a mut [f32],
}

impl Kernel for LogSoftmaxGradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let zero = simd.splat(0.0);
        let width = self.width.max(1);
        for (grad, y) in self.grad.chunks_exact_mut(width).zip(self.y.chunks_exact(width)) {
            let mut sum = Lanes::splat(simd, 0.0);
            for grad in grad.chunks(MAX_LANES) {
                for i in 0..Lanes::<S>::VECTORS {
                    sum.0[i] = simd.add(sum.0[i], Lanes::<S>::read(simd, grad, i, zero));
                }
            }
            let sum = simd.splat(horizontal_sum(simd, sum));
            for (grad, y) in grad.chunks_mut(MAX_LANES).zip(y.chunks(MAX_LANES)) {
                for i in 0..Lanes::<S>::VECTORS {
                    let (g, y) = (Lanes::<S>::read(simd, grad, i, zero), Lanes::<S>::read(simd, y, i, zero));
                    let value = simd.neg_mul_add(exp(simd, y), sum, g);
                    Lanes::<S>::write(simd, grad, i, flush_lanes(simd, value));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::flush::SMALLEST;
    use crate::kernels::testing::bits;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Unit roundoff.
    const U: f64 = f32::EPSILON as f64 / 2.0;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    /// A width, and as many rows of logits and gradients as come.
    fn rows() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>)> {
        (1usize..70, 0usize..4).prop_flat_map(|(width, rows)| {
            let values = |limit: f32| prop::collection::vec(-limit..limit, width * rows);
            (Just(width), prop_oneof![values(1.0), values(60.0)], values(1.0))
        })
    }

    proptest! {
        #[test]
        fn softmax_agrees_with_reference((width, x, _) in rows()) {
            let mut want = wide(&x);
            f64::softmax_rows(width, &mut want);
            for isa in Isa::available() {
                let mut y = x.clone();
                softmax_rows_with(isa, width, &mut y);
                for (y, want) in y.iter().zip(&want) {
                    // The difference x − max is rounded once, at most 120 in size; exp is within 1.25 ulp; a sum by
                    // sixteen lanes; a quotient.
                    let bound = (120.0 + 2.5 + 2.0 + (width as f64 / 16.0 + 5.0) + 2.0) * U * want + f64::from(SMALLEST);
                    prop_assert!((f64::from(*y) - want).abs() <= bound, "{isa}: {y}, not {want}");
                }
            }
        }

        #[test]
        fn softmax_sums_to_one((width, x, _) in rows()) {
            for isa in Isa::available() {
                let mut y = x.clone();
                softmax_rows_with(isa, width, &mut y);
                for row in y.chunks_exact(width) {
                    let sum: f64 = wide(row).iter().sum();
                    prop_assert!((sum - 1.0).abs() <= (width as f64 / 16.0 + 8.0) * U, "{isa}: {sum}");
                    prop_assert!(row.iter().all(|y| (0.0..=1.0).contains(y)));
                }
            }
        }

        #[test]
        fn log_softmax_and_log_sum_exp_agree_with_reference((width, x, _) in rows()) {
            let mut want = wide(&x);
            f64::log_softmax_rows(width, &mut want);
            for isa in Isa::available() {
                let mut y = x.clone();
                log_softmax_rows_with(isa, width, &mut y);
                // Differences of numbers up to 120 in size, and the logarithm of a sum with a small relative error.
                let bound = (3.0 * 120.0 + 2.0 + width as f64 / 16.0 + 8.0) * U;
                for (y, want) in y.iter().zip(&want) {
                    prop_assert!((f64::from(*y) - want).abs() <= bound, "{isa}: {y}, not {want}");
                }
                for row in x.chunks_exact(width) {
                    let (got, want) = (log_sum_exp_with(isa, row), f64::log_sum_exp(&wide(row)));
                    prop_assert!((f64::from(got) - want).abs() <= bound, "{isa}: {got}, not {want}");
                }
            }
        }

        #[test]
        fn gradients_agree_with_reference((width, x, grad) in rows()) {
            for logarithm in [false, true] {
                let mut y = x.clone();
                if logarithm {
                    f32::log_softmax_rows(width, &mut y);
                } else {
                    f32::softmax_rows(width, &mut y);
                }
                let mut want = wide(&grad);
                if logarithm {
                    f64::log_softmax_gradient(width, &wide(&y), &mut want);
                } else {
                    f64::softmax_gradient(width, &wide(&y), &mut want);
                }
                for isa in Isa::available() {
                    let mut got = grad.clone();
                    if logarithm {
                        log_softmax_gradient_with(isa, width, &y, &mut got);
                    } else {
                        softmax_gradient_with(isa, width, &y, &mut got);
                    }
                    for (got, want) in got.iter().zip(&want) {
                        // A sum of `width` products or values, each at most 1, and three more roundings.
                        let bound = (width as f64 / 16.0 + 9.0) * U * (1.0 + width as f64);
                        prop_assert!((f64::from(*got) - want).abs() <= bound, "{isa}: {got}, not {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn reference_softmax_by_hand() {
        let mut x = [0.0, core::f64::consts::LN_2, -1e4];
        f64::softmax_rows(3, &mut x);
        assert!((x[0] - 1.0 / 3.0).abs() < 1e-15 && (x[1] - 2.0 / 3.0).abs() < 1e-15 && x[2] == 0.0);
        let mut log = [0.0, 0.0];
        f64::log_softmax_rows(2, &mut log);
        assert_eq!(log, [-core::f64::consts::LN_2; 2]);
        assert_eq!(f64::log_sum_exp(&[1e4, 1e4]), 1e4 + core::f64::consts::LN_2);
    }

    #[test]
    fn reference_gradients_agree_with_central_differences() {
        let x = [0.3, -1.2, 0.9, 2.0];
        let weight = [0.5, -0.25, 1.5, 1.0];
        for logarithm in [false, true] {
            let forward = |x: &[f64; 4]| {
                let mut y = *x;
                if logarithm {
                    f64::log_softmax_rows(4, &mut y)
                } else {
                    f64::softmax_rows(4, &mut y)
                }
                y
            };
            let mut grad = weight;
            if logarithm {
                f64::log_softmax_gradient(4, &forward(&x), &mut grad);
            } else {
                f64::softmax_gradient(4, &forward(&x), &mut grad);
            }
            for i in 0..4 {
                let h = f64::EPSILON.cbrt();
                let value = |step: f64| {
                    let mut x = x;
                    x[i] += step;
                    forward(&x).iter().zip(weight).map(|(y, weight)| y * weight).sum::<f64>()
                };
                let difference = (value(h) - value(-h)) / (2.0 * h);
                assert!((difference - grad[i]).abs() < 1e-9, "{i}: {} and {difference}", grad[i]);
            }
        }
    }

    #[test]
    fn extremes_stay_in_place() {
        for isa in Isa::available() {
            let mut x = [1e4, -1e4, f32::NEG_INFINITY, 0.0, -0.0];
            softmax_rows_with(isa, 5, &mut x);
            assert_eq!(x, [1.0, 0.0, 0.0, 0.0, 0.0], "{isa}");
            let mut x = [f32::MAX, f32::MAX];
            softmax_rows_with(isa, 2, &mut x);
            assert_eq!(x, [0.5, 0.5], "{isa}");
            let mut x = [0.0, f32::NAN, 1.0, 5.0, 5.0, 5.0];
            softmax_rows_with(isa, 3, &mut x);
            assert!(x[..3].iter().all(|x| x.is_nan()), "{isa}: {x:?}");
            assert!(x[3..].iter().all(|&x| (x - 1.0 / 3.0).abs() < 1e-7), "{isa}: {x:?}");
            assert_eq!(log_sum_exp_with(isa, &[]), f32::NEG_INFINITY);
            assert_eq!(log_sum_exp_with(isa, &[f32::NEG_INFINITY; 3]), f32::NEG_INFINITY);
            assert_eq!(log_sum_exp_with(isa, &[0.0, f32::INFINITY]), f32::INFINITY);
            assert!(log_sum_exp_with(isa, &[f32::NAN, f32::INFINITY]).is_nan());
            assert!(log_sum_exp_with(isa, &[f32::NAN, 0.0]).is_nan());
            softmax_rows_with(isa, 3, &mut []);
        }
    }

    #[test]
    fn what_is_no_distribution_is_nan_in_the_whole_row() {
        let infinity = f32::INFINITY;
        for width in [1, 3, 16, 17, 40] {
            let mut rows = vec![vec![infinity; width], vec![-infinity; width]];
            for place in [0, width / 2, width - 1] {
                for value in [f32::NAN, infinity] {
                    let mut row: Vec<f32> = (0..width).map(|i| i as f32 / 4.0 - 2.0).collect();
                    row[place] = value;
                    rows.push(row);
                }
            }
            for row in rows {
                let nan = |x: &[f32]| x.iter().all(|x| x.is_nan());
                let mut wanted = [wide(&row), wide(&row)];
                f64::softmax_rows(width, &mut wanted[0]);
                f64::log_softmax_rows(width, &mut wanted[1]);
                assert!(wanted.iter().flatten().all(|x| x.is_nan()), "{row:?}: {wanted:?}");
                for isa in Isa::available() {
                    let (mut y, mut log) = (row.clone(), row.clone());
                    softmax_rows_with(isa, width, &mut y);
                    log_softmax_rows_with(isa, width, &mut log);
                    assert!(nan(&y) && nan(&log), "{isa}: {row:?}: {y:?} {log:?}");
                    let mut grad = vec![0.5; width];
                    softmax_gradient_with(isa, width, &y, &mut grad);
                    assert!(nan(&grad), "{isa}: {row:?}: {grad:?}");
                    grad.fill(0.5);
                    log_softmax_gradient_with(isa, width, &log, &mut grad);
                    assert!(nan(&grad), "{isa}: {row:?}: {grad:?}");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let x: Vec<f32> = (0..9999 * 10).map(|i| (i % 211) as f32 / 10.0).collect();
        let results = [1, 2, 3, 8].map(|threads| {
            let (mut y, mut grad) = (x.clone(), x.clone());
            crate::kernels::testing::pool(threads).install(|| {
                f32::softmax_rows(10, &mut y);
                f32::softmax_gradient(10, &y, &mut grad);
            });
            (bits(&y), bits(&grad))
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    fn instruction_sets_with_fused_multiply_add_agree_in_every_bit() {
        let x: Vec<f32> = (0..37 * 5).map(|i| (i * 7919 % 211) as f32 / 10.0).collect();
        let fused: Vec<_> = Isa::available().filter(|&isa| isa != Isa::Portable).collect();
        let results: Vec<_> = fused
            .into_iter()
            .map(|isa| {
                let mut y = x.clone();
                softmax_rows_with(isa, 37, &mut y);
                let mut grad = vec![0.25; x.len()];
                grad[3] = -0.7;
                softmax_gradient_with(isa, 37, &y, &mut grad);
                (bits(&y), bits(&grad), log_sum_exp_with(isa, &x).to_bits())
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
    }
}
