//! Sums of `f32` numbers, of squares and of products in f64, by sixteen lanes: element `i` goes to lane `i mod 16`.
//!
//! The loops have no fused steps, so every instruction set computes the same bits; inside a kernel the compiler vectorises them.
//! A sum of `n` terms is right to `n · 2⁻⁵³` of the sum of their sizes. Where the terms do not cancel, as squares never do, that is
//! less than a rounding to `f32` up to 2²⁹ terms.

use super::simd::MAX_LANES;

/// Sixteen partial sums.
pub(super) type Sums = [f64; MAX_LANES];

/// Adds `x[i]`.
#[inline(always)]
pub(super) fn add_values(sums: &mut Sums, x: &[f32]) {
    let (pieces, rest) = x.as_chunks::<MAX_LANES>();
    for x in pieces {
        for i in 0..MAX_LANES {
            sums[i] += f64::from(x[i]);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum += f64::from(x);
    }
}

/// Adds `(x[i] − mean)²`, with the mean of each lane.
#[inline(always)]
pub(super) fn add_squares(sums: &mut Sums, x: &[f32], mean: &Sums) {
    let (pieces, rest) = x.as_chunks::<MAX_LANES>();
    for x in pieces {
        for i in 0..MAX_LANES {
            let deviation = f64::from(x[i]) - mean[i];
            sums[i] += deviation * deviation;
        }
    }
    for ((sum, &x), mean) in sums.iter_mut().zip(rest).zip(mean) {
        let deviation = f64::from(x) - mean;
        *sum += deviation * deviation;
    }
}

/// Adds `factor[i] · (x[i] − mean)`, with the mean of each lane.
#[inline(always)]
pub(super) fn add_products(sums: &mut Sums, factor: &[f32], x: &[f32], mean: &Sums) {
    let ((factors, factor_rest), (pieces, rest)) =
        (factor.as_chunks::<MAX_LANES>(), x.as_chunks::<MAX_LANES>());
    for (factor, x) in factors.iter().zip(pieces) {
        for i in 0..MAX_LANES {
            sums[i] += f64::from(factor[i]) * (f64::from(x[i]) - mean[i]);
        }
    }
    for (((sum, &factor), &x), mean) in sums.iter_mut().zip(factor_rest).zip(rest).zip(mean) {
        *sum += f64::from(factor) * (f64::from(x) - mean);
    }
}

/// The sum of all lanes: the upper half is added to the lower until one is left.
#[inline(always)]
pub(super) fn total(mut sums: Sums) -> f64 {
    let mut half = MAX_LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact_at_every_tail_length() {
        for len in 0..=50 {
            let x: [f32; 50] = core::array::from_fn(|i| i as f32);
            let (x, mut sums) = (&x[..len], [[0.0; MAX_LANES]; 3]);
            add_values(&mut sums[0], x);
            add_squares(&mut sums[1], x, &[3.0; MAX_LANES]);
            add_products(&mut sums[2], x, x, &[3.0; MAX_LANES]);
            let numbers = || x.iter().map(|&x| f64::from(x));
            let wanted = [
                numbers().sum::<f64>(),
                numbers().map(|x| (x - 3.0) * (x - 3.0)).sum(),
                numbers().map(|x| x * (x - 3.0)).sum(),
            ];
            assert_eq!(sums.map(total), wanted, "{len} values");
        }
    }
}
