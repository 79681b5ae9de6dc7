//! Numbers so close to zero that they count as zero.
//!
//! Below 2⁻¹²⁶ an `f32` is subnormal, and many processors compute with such numbers a hundred times slower. They arise where
//! something decays: moments, averages and weights without a gradient, small probabilities and their gradients, the tails of
//! activations. So what a kernel writes there is zero if it is closer to zero than [`SMALLEST`]. It is a comparison in the
//! vector, the same on every machine; the processor's own modes for it belong to the caller's thread and stay as they are.

use super::simd::{Kernel, Simd, dispatch};
use crate::hardware::isa::isa;

/// 2⁻¹⁰⁰ ≈ 7.9e-31: numbers closer to zero count as zero in weights, moments, averages, accumulated gradients, gradients by
/// activations, and results of exponentials.
///
/// It lies 26 binary digits above the subnormal numbers, so that the product of such a number with a usual factor (a weight, a
/// rate, an input) is a normal number too. It adds at most 2⁻¹⁰⁰ to an absolute error. Squares of gradients below 2⁻⁵⁰ ≈ 8.9e-16
/// count as zero with it; beside an epsilon of 1e-8 that is less than a rounding.
///
/// ```
/// use typenet_runtime::kernels::flush::SMALLEST;
/// use typenet_runtime::optimizers::{Optimizer, Sgd};
///
/// let mut velocity = [SMALLEST, 0.5 * SMALLEST];
/// Sgd::new(0.1).momentum(0.75).update(1, &mut [1.0; 2], &[0.0; 2], &mut [&mut velocity]);
/// assert_eq!(velocity, [0.0; 2]);
/// ```
pub const SMALLEST: f32 = f32::from_bits((127 - 100) << 23);

/// `√SMALLEST`: the square of a number closer to zero would be closer to zero than [`SMALLEST`].
pub(crate) const SMALLEST_ROOT: f32 = f32::from_bits((127 - 50) << 23);

/// `x` rounded to `f32`: the largest finite number where it is larger, and zero where it is closer to zero than [`SMALLEST`].
#[cfg(feature = "std")]
pub(crate) fn narrow(x: f64) -> f32 {
    flush(x.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32)
}

/// `x`, or zero if it is closer to zero than `limit`. NaN stays.
#[inline(always)]
pub(crate) fn flush_below(limit: f32, x: f32) -> f32 {
    if x.abs() < limit { 0.0 } else { x }
}

/// `x`, or zero if it is closer to zero than [`SMALLEST`]. NaN stays.
#[inline(always)]
pub(crate) fn flush(x: f32) -> f32 {
    flush_below(SMALLEST, x)
}

/// [`flush`] of each lane.
#[inline(always)]
pub(crate) fn flush_lanes<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    simd.select(simd.greater(simd.splat(SMALLEST), simd.abs(x)), simd.splat(0.0), x)
}

/// Replaces numbers closer to zero than [`SMALLEST`] by zero.
///
/// ```
/// let mut x = [1e-30, -1e-31, 1e-40, f32::INFINITY];
/// typenet_runtime::kernels::flush::flush_all(&mut x);
/// assert_eq!(x, [1e-30, 0.0, 0.0, f32::INFINITY]);
/// ```
pub fn flush_all(x: &mut [f32]) {
    dispatch(isa(), FlushAll { x });
}

struct FlushAll<'a> {
    x: &'a mut [f32],
}

impl Kernel for FlushAll<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut vectors = self.x.chunks_exact_mut(S::LANES);
        for x in &mut vectors {
            simd.write(x, flush_lanes(simd, simd.read(x)));
        }
        let x = vectors.into_remainder();
        if !x.is_empty() {
            simd.write_part(x, flush_lanes(simd, simd.read_part(x)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::isa::Isa;
    use crate::kernels::testing::{bits, sweep};

    #[test]
    fn every_instruction_set_flushes_the_same_numbers() {
        assert_eq!(f64::from(SMALLEST), libm::ldexp(1.0, -100));
        let x = sweep(10_007);
        for isa in Isa::available() {
            for part in [&x[..], &x[..1], &x[..37], &[]] {
                let mut found = part.to_vec();
                dispatch(isa, FlushAll { x: &mut found });
                let expected: std::vec::Vec<f32> = part.iter().map(|&x| flush(x)).collect();
                assert_eq!(bits(&found), bits(&expected), "{isa}");
                for (x, found) in part.iter().zip(&found) {
                    assert!(found.to_bits() == x.to_bits() || found.to_bits() == 0 && x.abs() < SMALLEST);
                }
            }
        }
    }
}
