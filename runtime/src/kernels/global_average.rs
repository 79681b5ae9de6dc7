//! Global average pooling: the mean of each channel of an image, and of each feature of a sequence, with their gradients.
//!
//! The sums are those of [`Reduce`](super::Reduce), so bits depend neither on threads nor on the batch. Divisions are rounded once: a quotient in `f64`
//! rounded to `f32` is the quotient in `f32`.

use super::Element;
use crate::hardware::threads::share_slices;

/// `x / count`
fn divide<T: Element>(x: T, count: usize) -> T {
    T::from_f64(x.to_f64() / count as f64)
}

/// `y[i] ← mean(x[i·len .. (i + 1)·len])`: one mean for each channel, of `len` numbers each. The mean of no numbers is NaN.
///
/// ```
/// use typenet_runtime::kernels::global_average::channel_means;
///
/// // Two channels of 2×2.
/// let mut y = [0.0f32; 2];
/// channel_means(4, &[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 1.0], &mut y);
/// assert_eq!(y, [2.5, 0.25]);
/// ```
///
/// # Panics
/// If `x` does not have `len` numbers for each of `y`.
#[doc(alias("GlobalAveragePooling2D", "AdaptiveAvgPool2d"))]
pub fn channel_means<T: Element>(len: usize, x: &[T], y: &mut [T]) {
    check_channels(len, x.len(), y.len());
    share_slices(y, 1, len / 16 + 8, |from, y| {
        for (channel, y) in (from..).zip(y) {
            *y = T::mean(&x[channel * len..][..len]);
        }
    });
}

/// `grad_x ← grad_y[i] / len` for each of the `len` numbers of channel `i`.
///
/// ```
/// use typenet_runtime::kernels::global_average::channel_means_gradient;
///
/// let mut grad_x = [0.0f32; 4];
/// channel_means_gradient(2, &[1.0, 3.0], &mut grad_x);
/// assert_eq!(grad_x, [0.5, 0.5, 1.5, 1.5]);
/// ```
///
/// # Panics
/// If `grad_x` does not have `len` numbers for each of `grad_y`.
pub fn channel_means_gradient<T: Element>(len: usize, grad_y: &[T], grad_x: &mut [T]) {
    check_channels(len, grad_x.len(), grad_y.len());
    share_slices(grad_x, len.max(1), 1, |from, grad_x| {
        for (channel, grad_x) in (from / len.max(1)..).zip(grad_x.chunks_exact_mut(len.max(1))) {
            grad_x.fill(divide(grad_y[channel], len));
        }
    });
}

#[track_caller]
fn check_channels(len: usize, x: usize, y: usize) {
    assert_eq!(x, y * len, "channel_means: {len} numbers for each of {y} channels expected");
}

/// Means over sequences of different length: `y[n, f] ← Σ x[n, t, f] / lengths[n]` over the steps `t` below the length, for samples of
/// `steps` rows of `width` numbers. What lies beyond is not read. The mean of an empty sequence is zero.
///
/// ```
/// use typenet_runtime::kernels::global_average::sequence_means;
///
/// // Two sequences of up to two steps, of two numbers each; the second has one step.
/// let x = [1.0f32, 2.0, 3.0, 6.0, 5.0, 7.0, f32::NAN, f32::NAN];
/// let mut y = [0.0; 4];
/// sequence_means([2, 2], &[2, 1], &x, &mut y);
/// assert_eq!(y, [2.0, 4.0, 5.0, 7.0]);
/// ```
///
/// # Panics
/// If a slice does not have one sequence for each length, or a length is above `steps`.
#[doc(alias = "GlobalAveragePooling1D")]
pub fn sequence_means<T: Element>([steps, width]: [usize; 2], lengths: &[u32], x: &[T], y: &mut [T]) {
    check_sequences([steps, width], lengths, x.len(), y.len());
    share_slices(y, width.max(1), steps / 8 + 1, |from, y| {
        let first = from / width.max(1);
        for (n, y) in (first..).zip(y.chunks_exact_mut(width.max(1))) {
            let length = lengths[n] as usize;
            T::column_sums(&x[n * steps * width..][..length * width], y);
            if length > 0 {
                y.iter_mut().for_each(|y| *y = divide(*y, length));
            }
        }
    });
}

/// `grad_x[n, t, f] ← grad_y[n, f] / lengths[n]` for the steps `t` below the length, and zero beyond.
///
/// ```
/// use typenet_runtime::kernels::global_average::sequence_means_gradient;
///
/// let mut grad_x = [f32::NAN; 6];
/// sequence_means_gradient([3, 1], &[2, 1], &[4.0, 5.0], &mut grad_x);
/// assert_eq!(grad_x, [2.0, 2.0, 0.0, 5.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// As [`sequence_means`].
pub fn sequence_means_gradient<T: Element>(
    [steps, width]: [usize; 2],
    lengths: &[u32],
    grad_y: &[T],
    grad_x: &mut [T],
) {
    check_sequences([steps, width], lengths, grad_x.len(), grad_y.len());
    let sample = (steps * width).max(1);
    share_slices(grad_x, sample, 1, |from, grad_x| {
        for (n, grad_x) in (from / sample..).zip(grad_x.chunks_exact_mut(sample)) {
            let length = lengths[n] as usize;
            let (inside, beyond) = grad_x.split_at_mut(length * width);
            for row in inside.chunks_exact_mut(width) {
                for (grad_x, &grad_y) in row.iter_mut().zip(&grad_y[n * width..]) {
                    *grad_x = divide(grad_y, length);
                }
            }
            beyond.fill(T::ZERO);
        }
    });
}

#[track_caller]
fn check_sequences([steps, width]: [usize; 2], lengths: &[u32], x: usize, y: usize) {
    let batch = lengths.len();
    assert_eq!(x, batch * steps * width, "sequence_means: {batch} sequences of {steps}×{width} expected");
    assert_eq!(y, batch * width, "sequence_means: {batch} means of {width} numbers expected");
    if let Some((n, length)) = lengths.iter().enumerate().find(|&(_, &length)| length as usize > steps) {
        panic!("sequence_means: sequence {n} has {length} steps, the most are {steps}");
    }
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

    fn values(len: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7919 + 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    proptest! {
        #[test]
        fn means_of_channels_are_sums_over_their_number(channels in 0usize..20, len in 1usize..100) {
            let x = values(channels * len);
            let (mut y, mut exact) = (vec![f32::NAN; channels], vec![f64::NAN; channels]);
            channel_means(len, &x, &mut y);
            channel_means(len, &wide(&x), &mut exact);
            for ((y, exact), x) in y.iter().zip(&exact).zip(x.chunks_exact(len)) {
                let sum: f64 = wide(x).iter().sum();
                let size = wide(x).iter().map(|x| x.abs()).sum::<f64>() / len as f64;
                prop_assert!((exact - sum / len as f64).abs() <= len as f64 * f64::EPSILON * size);
                // Sixteen lanes and their halves, and a quotient.
                prop_assert!((f64::from(*y) - exact).abs() <= (len as f64 / 16.0 + 6.0) * U * size, "{y}, not {exact}");
            }
            let mut gradient = vec![f32::NAN; x.len()];
            channel_means_gradient(len, &y, &mut gradient);
            let expected: Vec<f32> = y.iter().flat_map(|y| vec![y / len as f32; len]).collect();
            prop_assert_eq!(gradient, expected);
        }

        #[test]
        fn means_of_sequences_end_with_them(
            lengths in prop::collection::vec(0u32..=9, 0..8), beyond in 0usize..3, width in 0usize..40,
        ) {
            let steps = 9 + beyond;
            let mut x = values(lengths.len() * steps * width);
            for (n, &length) in lengths.iter().enumerate() {
                x[(n * steps + length as usize) * width..(n + 1) * steps * width].fill(f32::NAN);
            }
            let grad_y = values(lengths.len() * width);
            let (mut y, mut grad_x) = (vec![f32::NAN; grad_y.len()], vec![f32::NAN; x.len()]);
            let mut exact = vec![f64::NAN; grad_y.len()];
            sequence_means([steps, width], &lengths, &x, &mut y);
            sequence_means([steps, width], &lengths, &wide(&x), &mut exact);
            sequence_means_gradient([steps, width], &lengths, &grad_y, &mut grad_x);
            for (n, &length) in lengths.iter().enumerate() {
                for f in 0..width {
                    let at = |t: usize| (n * steps + t) * width + f;
                    let terms = || (0..length as usize).map(|t| f64::from(x[at(t)]));
                    let count = f64::from(length.max(1));
                    let (mean, size) = (terms().sum::<f64>() / count, terms().map(f64::abs).sum::<f64>() / count);
                    prop_assert!((exact[n * width + f] - mean).abs() <= count * f64::EPSILON * size);
                    prop_assert!((f64::from(y[n * width + f]) - mean).abs() <= (count + 1.0) * U * size);
                    for t in 0..steps {
                        let inside = t < length as usize;
                        let expected = if inside { grad_y[n * width + f] / length as f32 } else { 0.0 };
                        prop_assert_eq!(grad_x[at(t)], expected);
                    }
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let (x, lengths) = (values(64 * 40 * 50), Vec::from_iter((0..64).map(|n| n % 41)));
        let all = [1, 2, 3].map(|threads| {
            crate::kernels::testing::pool(threads).install(|| {
                let mut results = [640, x.len(), 64 * 50, x.len()].map(|len| vec![f32::NAN; len]);
                let [y, grad_x, means, grad_means] = &mut results;
                channel_means(200, &x, y);
                channel_means_gradient(200, y, grad_x);
                sequence_means([40, 50], &lengths, &x, means);
                sequence_means_gradient([40, 50], &lengths, means, grad_means);
                results.map(|result| bits(&result))
            })
        });
        assert!(all.iter().all(|results| *results == all[0]));
    }

    #[test]
    #[should_panic(expected = "sequence 1 has 4 steps, the most are 3")]
    fn a_sequence_beyond_its_steps_is_refused() {
        sequence_means([3, 1], &[3, 4], &[0.0f32; 6], &mut [0.0; 2]);
    }
}
