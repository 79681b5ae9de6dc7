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

/// `Σᵢ f(x₀[i], x₁[i], …)` in f64, over slices of one length. The order of additions depends on that length alone: parts
/// of it have sums of their own, and each part is added by sixteen lanes as [`Reduce::sum`] adds. Large sums are shared
/// between threads.
///
/// In f64 the square of every `f32` is exact and in range.
///
/// ```
/// use typenet_runtime::kernels::reduce::sum_of;
/// assert_eq!(sum_of([&[1.0, 2.0], &[3.0, 4.0]], |[x, y]| f64::from(x * y)), 11.0);
/// ```
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn sum_of<const N: usize>(x: [&[f32]; N], f: impl Fn([f32; N]) -> f64 + Copy + Sync) -> f64 {
    let len = x.first().map_or(0, |x| x.len());
    assert!(x.iter().all(|x| x.len() == len), "sum_of: slices of one length");
    let part = len.div_ceil(PARTS).next_multiple_of(MAX_LANES).max(SMALLEST_PART);
    let mut sums = [0.0; PARTS];
    let sums = &mut sums[..len.div_ceil(part)];
    share_slices(&mut *sums, 1, part / 4, |from, sums| {
        for (i, sum) in (from..).zip(sums) {
            let range = i * part..len.min((i + 1) * part);
            *sum = dispatch(isa(), SumOf { x: x.map(|x| &x[range.clone()]), f });
        }
    });
    sums.iter().sum()
}

/// Into how many parts a sum is cut at most, and the numbers in a part that are not worth cutting.
const PARTS: usize = 256;
const SMALLEST_PART: usize = 1 << 14;

struct SumOf<'a, const N: usize, F> {
    x: [&'a [f32]; N],
    f: F,
}

// Loops of constant length over arrays become vectors.
#[allow(clippy::needless_range_loop)]
impl<const N: usize, F: Fn([f32; N]) -> f64 + Copy> Kernel for SumOf<'_, N, F> {
    type Output = f64;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f64 {
        let len = self.x.first().map_or(0, |x| x.len());
        let whole = len / MAX_LANES * MAX_LANES;
        let mut sums = [0.0; MAX_LANES];
        for at in (0..whole).step_by(MAX_LANES) {
            let mut x = [[0.0; MAX_LANES]; N];
            for n in 0..N {
                x[n].copy_from_slice(&self.x[n][at..at + MAX_LANES]);
            }
            let mut terms = [0.0; MAX_LANES];
            for lane in 0..MAX_LANES {
                let mut values = [0.0; N];
                for n in 0..N {
                    values[n] = x[n][lane];
                }
                terms[lane] = (self.f)(values);
            }
            for lane in 0..MAX_LANES {
                sums[lane] += terms[lane];
            }
        }
        for i in whole..len {
            let mut values = [0.0; N];
            for n in 0..N {
                values[n] = self.x[n][i];
            }
            sums[i - whole] += (self.f)(values);
        }
        let mut half = MAX_LANES / 2;
        while half > 0 {
            for lane in 0..half {
                sums[lane] += sums[lane + half];
            }
            half /= 2;
        }
        sums[0]
    }
}

/// `√Σᵢ x[i]²`, which neither overflows nor vanishes before it must.
///
/// ```
/// assert_eq!(typenet_runtime::kernels::reduce::norm(&[3.0, -4.0]), 5.0);
/// ```
pub fn norm(x: &[f32]) -> f64 {
    libm::sqrt(sum_of([x], |[x]| f64::from(x) * f64::from(x)))
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
    #[cfg(feature = "std")]
    fn sums_of_functions_have_the_same_bits_on_any_number_of_threads() {
        for len in [0, 1, 15, 17, SMALLEST_PART, SMALLEST_PART + 1, 100_003, PARTS * SMALLEST_PART + 17] {
            let x: Vec<f32> = (0..len).map(|i| (i * 7919 % 1009) as f32 / 7.0 - 50.0).collect();
            let y: Vec<f32> = x.iter().map(|x| 1.0 / (x + 0.5)).collect();
            let exact: f64 = x.iter().zip(&y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            let size: f64 = x.iter().zip(&y).map(|(&x, &y)| (f64::from(x) * f64::from(y)).abs()).sum();
            let sums = [1, 2, 3, 8].map(|threads| {
                let product = |[x, y]: [f32; 2]| f64::from(x) * f64::from(y);
                crate::kernels::testing::pool(threads).install(|| sum_of([&x, &y], product))
            });
            assert!(sums.iter().all(|sum| sum.to_bits() == sums[0].to_bits()), "{len}: {sums:?}");
            // Either order passes each value through at most `len` additions.
            let bound = 2.0 * len as f64 * f64::EPSILON * size;
            assert!((sums[0] - exact).abs() <= bound, "{len}: {} {exact}", sums[0]);
        }
    }

    #[test]
    fn norms_by_hand() {
        assert_eq!(norm(&[3.0, -4.0]), 5.0);
        assert_eq!(norm(&[]), 0.0);
        assert!((norm(&[3e30, 4e30]) / 5e30 - 1.0).abs() < 1e-7);
        assert!((norm(&[3e-30, 4e-30]) / 5e-30 - 1.0).abs() < 1e-7);
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
