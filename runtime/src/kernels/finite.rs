//! Whether numbers are finite: one pass at the memory's speed.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::simd::{Kernel, Simd, dispatch};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Vectors looked at together.
const VECTORS: usize = 4;
/// Units of [`threads`](crate::hardware::threads) for sixteen numbers, which share a line of the cache.
const COST: usize = 1;

/// Whether no value is NaN or infinite; true if there are none. Large slices are shared between threads.
///
/// # Example
/// ```
/// use typenet_runtime::kernels::finite::all_finite;
///
/// assert!(all_finite(&[0.0, f32::MAX]));
/// assert!(!all_finite(&[0.0, f32::NAN]));
/// ```
pub fn all_finite(values: &[f32]) -> bool {
    let finite = AtomicBool::new(true);
    let (lines, rest) = values.as_chunks::<16>();
    share_slices(lines, 1, COST, |_, lines| {
        if !all_finite_with(isa(), lines.as_flattened()) {
            finite.store(false, Relaxed);
        }
    });
    finite.into_inner() && rest.iter().all(|value| value.is_finite())
}

fn all_finite_with(isa: Isa, values: &[f32]) -> bool {
    dispatch(isa, AllFinite { values })
}

struct AllFinite<'a> {
    values: &'a [f32],
}

impl Kernel for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> bool {
        // A number times zero is zero, or else NaN, which stays.
        let zero = simd.splat(0.0);
        let mut sums = [zero; VECTORS];
        let chunks = self.values.chunks_exact(VECTORS * S::LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (sum, vector) in sums.iter_mut().zip(chunk.chunks_exact(S::LANES)) {
                *sum = simd.mul_add(simd.read(vector), zero, *sum);
            }
        }
        let mut sum = zero;
        for vector in sums {
            sum = simd.add(sum, vector);
        }
        simd.to_array(sum).iter().all(|lane| !lane.is_nan()) && rest.iter().all(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn one_value_anywhere_is_enough() {
        for len in [0, 1, 15, 16, 17, 64, 100, 200] {
            let mut values = vec![f32::MAX; len];
            assert!(all_finite(&values));
            for at in 0..len {
                for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    values[at] = value;
                    assert!(!all_finite(&values), "{value} at {at} of {len}");
                    for isa in Isa::available() {
                        assert!(!all_finite_with(isa, &values), "{isa}: {value} at {at} of {len}");
                    }
                }
                values[at] = -f32::MIN_POSITIVE / 2.0;
                assert!(all_finite(&values));
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn every_thread_looks() {
        let mut values = vec![1.0; 2_000_000];
        crate::kernels::testing::pool(3).install(|| {
            assert!(all_finite(&values));
            for at in [0, 700_000, 1_999_999] {
                values[at] = f32::INFINITY;
                assert!(!all_finite(&values));
                values[at] = 0.0;
            }
        });
    }
}
