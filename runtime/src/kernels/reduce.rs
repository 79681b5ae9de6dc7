//! Reductions: sums over columns, and sums and largest values of slices.

use super::lanes::{Lanes, horizontal_max, horizontal_sum};
use super::simd::{Kernel, MAX_LANES, Simd, dispatch};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Sums and largest values, in an order of additions that depends on sizes alone.
///
/// ```
/// use typenet_runtime::kernels::Reduce;
///
/// let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let mut sums = [0.0; 2];
/// f32::column_sums(&x, &mut sums);
/// assert_eq!(sums, [9.0, 12.0]);
/// assert_eq!((f32::sum(&x), f32::mean(&x), f32::largest(&x)), (21.0, 3.5, 6.0));
/// assert!(f32::largest(&[1.0, f32::NAN]).is_nan());
/// ```
pub trait Reduce: Sized {
    /// `sums[j] ← Σᵢ x[i, j]` over rows of `sums.len()` values, in ascending order of `i`.
    ///
    /// # Panics
    /// If `x` is not whole rows.
    fn column_sums(x: &[Self], sums: &mut [Self]);

    /// `Σᵢ x[i]`; zero if empty. In `f32` by sixteen lanes: `x[i]` is added to lane `i mod 16` in ascending
    /// order of `i`, then the upper half of the lanes to the lower, until one is left.
    fn sum(x: &[Self]) -> Self;

    /// `Σᵢ x[i] / x.len()`; NaN if empty.
    fn mean(x: &[Self]) -> Self;

    /// The largest value; NaN if any is NaN; −∞ if empty.
    fn largest(x: &[Self]) -> Self;
}

#[track_caller]
fn check(columns: usize, length: usize) {
    assert!(length.is_multiple_of(columns), "column_sums: {length} values are not rows of {columns}");
}

impl Reduce for f64 {
    fn column_sums(x: &[Self], sums: &mut [Self]) {
        check(sums.len(), x.len());
        sums.fill(0.0);
        for row in x.chunks_exact(sums.len().max(1)) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    }

    fn sum(x: &[Self]) -> Self {
        x.iter().fold(0.0, |sum, x| sum + x)
    }

    fn mean(x: &[Self]) -> Self {
        <Self as Reduce>::sum(x) / x.len() as Self
    }

    fn largest(x: &[Self]) -> Self {
        x.iter().fold(Self::NEG_INFINITY, |max, &x| if x > max || x.is_nan() { x } else { max })
    }
}

impl Reduce for f32 {
    fn column_sums(x: &[Self], sums: &mut [Self]) {
        column_sums_with(isa(), x, sums);
    }

    fn sum(x: &[Self]) -> Self {
        dispatch(isa(), Sum { x })
    }

    fn mean(x: &[Self]) -> Self {
        <Self as Reduce>::sum(x) / x.len() as Self
    }

    fn largest(x: &[Self]) -> Self {
        dispatch(isa(), Max { x })
    }
}

/// Columns are shared between threads at multiples of this: whole lines.
const GRANULE: usize = 16;

fn column_sums_with(isa: Isa, x: &[f32], sums: &mut [f32]) {
    let columns = sums.len();
    check(columns, x.len());
    let cost = x.len() / columns.max(1) / 8 + 1;
    share_slices(sums, GRANULE, cost, |from, sums| dispatch(isa, ColumnSums { x, columns, from, sums }));
}

/// Sums of columns `from .. from + sums.len()`.
struct ColumnSums<'a> {
    x: &'a [f32],
    columns: usize,
    from: usize,
    sums: &'a mut [f32],
}

impl Kernel for ColumnSums<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // Four vectors at a time hide the latency of additions.
        let mut from = self.from;
        let mut wide = self.sums.chunks_exact_mut(4 * S::LANES);
        for sums in &mut wide {
            let mut sum = [simd.splat(0.0); 4];
            for row in self.x.chunks_exact(self.columns) {
                let x = &row[from..][..4 * S::LANES];
                for i in 0..4 {
                    sum[i] = simd.add(sum[i], simd.read(&x[i * S::LANES..]));
                }
            }
            for i in 0..4 {
                simd.write(&mut sums[i * S::LANES..], sum[i]);
            }
            from += 4 * S::LANES;
        }
        for sums in wide.into_remainder().chunks_mut(S::LANES) {
            let mut sum = simd.splat(0.0);
            for row in self.x.chunks_exact(self.columns) {
                sum = simd.add(sum, simd.read_part(&row[from..][..sums.len()]));
            }
            simd.write_part(sums, sum);
            from += sums.len();
        }
    }
}

struct Sum<'a> {
    x: &'a [f32],
}

impl Kernel for Sum<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut sum = Lanes::splat(simd, 0.0);
        for x in self.x.chunks(MAX_LANES) {
            for i in 0..Lanes::<S>::VECTORS {
                sum.0[i] = simd.add(sum.0[i], Lanes::<S>::read(simd, x, i, simd.splat(0.0)));
            }
        }
        horizontal_sum(simd, sum)
    }
}

struct Max<'a> {
    x: &'a [f32],
}

impl Kernel for Max<'_> {
    type Output = f32;
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        const INFINITY: u32 = 0x7F80_0000;
        let lowest = simd.splat(f32::NEG_INFINITY);
        let mut max = Lanes::splat(simd, f32::NEG_INFINITY);
        // The sign bit of ∞ − |x| as integers is set if x is NaN.
        let mut nan = simd.splat_bits(0);
        for x in self.x.chunks(MAX_LANES) {
            for i in 0..Lanes::<S>::VECTORS {
                let x = Lanes::<S>::read(simd, x, i, lowest);
                max.0[i] = simd.max(x, max.0[i]);
                let excess = simd.sub_bits(simd.splat_bits(INFINITY), simd.as_words(simd.abs(x)));
                nan = simd.or_bits(nan, excess);
            }
        }
        if simd.to_array(simd.as_floats(nan)).iter().any(|x| x.is_sign_negative()) {
            return f32::NAN;
        }
        horizontal_max(simd, max)
    }
}

/// Index of the largest value; the first of equals; NaN counts as larger than every number. 0 if empty.
///
/// ```
/// use typenet_runtime::kernels::reduce::argmax;
///
/// assert_eq!(argmax(&[0.1, 0.7, 0.2]), 1);
/// assert_eq!(argmax(&[3.0, 3.0]), 0);
/// ```
pub fn argmax(x: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in x.iter().enumerate() {
        if x[best].is_nan() {
            break;
        }
        if *value > x[best] || value.is_nan() {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::bits;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Unit roundoff.
    const U: f64 = f32::EPSILON as f64 / 2.0;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    fn matrix() -> impl Strategy<Value = (usize, Vec<f32>)> {
        (0usize..150, 0usize..20).prop_flat_map(|(columns, rows)| {
            (Just(columns), prop::collection::vec(-1.0f32..1.0, columns * rows))
        })
    }

    proptest! {
        #[test]
        fn column_sums_are_chains((columns, x) in matrix()) {
            let mut chain = vec![0.0f32; columns];
            for row in x.chunks_exact(columns.max(1)) {
                chain.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            for isa in Isa::available() {
                let mut sums = vec![f32::NAN; columns];
                column_sums_with(isa, &x, &mut sums);
                prop_assert_eq!(bits(&sums), bits(&chain), "{}", isa);
            }
        }

        #[test]
        fn sum_agrees_with_reference(x in prop::collection::vec(-1.0f32..1.0, 0..300)) {
            let (want, size) = (f64::sum(&wide(&x)), wide(&x).iter().map(|x| x.abs()).sum::<f64>());
            for isa in Isa::available() {
                let got = dispatch(isa, Sum { x: &x });
                // Each value passes through at most ⌈n/16⌉ + 4 additions.
                let bound = (x.len() as f64 / 16.0 + 5.0) * U * size;
                prop_assert!((f64::from(got) - want).abs() <= bound, "{isa}: {got}, not {want}");
            }
        }

        #[test]
        fn largest_agrees_with_reference(
            mut x in prop::collection::vec(prop_oneof![-5.0f32..-1.0, Just(f32::NEG_INFINITY)], 0..100),
            nan in any::<prop::sample::Index>(),
        ) {
            for isa in Isa::available() {
                prop_assert_eq!(f64::from(dispatch(isa, Max { x: &x })), f64::largest(&wide(&x)), "{}", isa);
            }
            if !x.is_empty() {
                let place = nan.index(x.len());
                x[place] = if place % 2 == 0 { f32::NAN } else { -f32::NAN };
                prop_assert!(f64::largest(&wide(&x)).is_nan());
                for isa in Isa::available() {
                    prop_assert!(dispatch(isa, Max { x: &x }).is_nan(), "{isa}: NaN at {place}");
                }
            }
        }
    }

    #[test]
    fn order_of_a_sum_is_the_same_on_every_instruction_set() {
        let x: Vec<f32> = (0..1003).map(|i| (i * 7919 % 1009) as f32 / 7.0).collect();
        let sums: Vec<_> = Isa::available().map(|isa| dispatch(isa, Sum { x: &x }).to_bits()).collect();
        assert!(sums.iter().all(|&sum| sum == sums[0]));
    }

    #[test]
    fn references_by_hand() {
        let mut sums = [f64::NAN; 2];
        f64::column_sums(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut sums);
        assert_eq!(sums, [9.0, 12.0]);
        assert_eq!(<f64 as Reduce>::sum(&[1.0, -2.0, 4.0]), 3.0);
        assert_eq!(f64::mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(f64::largest(&[-1.0, -0.5, -2.0]), -0.5);
        assert_eq!(f32::mean(&[1.0, 2.0, 6.0]), 3.0);
        assert!(f32::mean(&[]).is_nan() && f64::mean(&[]).is_nan());
        assert_eq!(<f32 as Reduce>::sum(&[]), 0.0);
    }

    #[test]
    fn infinity_is_a_largest_value_and_no_nan() {
        for isa in Isa::available() {
            assert_eq!(dispatch(isa, Max { x: &[1.0, f32::INFINITY, 0.0] }), f32::INFINITY, "{isa}");
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let x: Vec<f32> = (0..1000 * 333).map(|i| (i % 1009) as f32 / 7.0).collect();
        let results = [1, 2, 3, 8].map(|threads| {
            let mut sums = vec![f32::NAN; 333];
            crate::kernels::testing::pool(threads).install(|| f32::column_sums(&x, &mut sums));
            bits(&sums)
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    fn argmax_prefers_nan_then_the_first_of_equals() {
        assert_eq!(argmax(&[]), 0);
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(argmax(&[f32::NEG_INFINITY, f32::NEG_INFINITY]), 0);
        assert_eq!(argmax(&[-0.0, 0.0]), 0);
        assert_eq!(argmax(&[5.0, f32::NAN, f32::INFINITY, f32::NAN]), 1);
        assert_eq!(argmax(&[f32::NAN, 1.0]), 0);
    }

    #[test]
    #[should_panic(expected = "5 values are not rows of 2")]
    fn incomplete_rows_are_refused() {
        f32::column_sums(&[0.0; 5], &mut [0.0; 2]);
    }
}
