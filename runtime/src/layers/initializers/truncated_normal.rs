use super::Initializer;
use crate::kernels::{Element, Rng};

/// Normal of mean `MEAN` and standard deviation `STDDEV`, numbers by their bits, redrawn until within two deviations of the mean; in
/// `model!` `init = truncated_normal` or `init = truncated_normal(stddev = 0.02)`.
///
/// The cut leaves 0.774 of the variance, and a standard deviation of `0.880·STDDEV`: Keras's `stddev` is the one before the cut.
///
/// # Defaults
/// Mean 0 and deviation 0.05 before the cut, which is a variance of 0.0019 after it, as in `keras.initializers.TruncatedNormal`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, TruncatedNormal};
///
/// let mut weight = [0.0f32; 30 * 20];
/// <TruncatedNormal>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / 0.044 - 1.0).abs() < 0.1);
/// assert!(weight.iter().all(|w| w.abs() <= 0.1));
/// ```
#[derive(Debug)]
pub struct TruncatedNormal<const MEAN: u64 = 0, const STDDEV: u64 = { f64::to_bits(0.05) }>;

impl<const MEAN: u64, const STDDEV: u64> Initializer for TruncatedNormal<MEAN, STDDEV> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (mean, deviation) = (f64::from_bits(MEAN), f64::from_bits(STDDEV));
        weight.fill_with(|| T::from_f64(mean + deviation * rng.truncated_normal()));
    }
}
