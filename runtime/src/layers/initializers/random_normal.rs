use super::Initializer;
use crate::kernels::{Element, Rng};

/// Normal of mean `MEAN` and standard deviation `STDDEV`, numbers by their bits; in `model!` `init = random_normal` or
/// `init = random_normal(mean = 0.0, stddev = 0.02)`.
///
/// # Defaults
/// Mean 0 and deviation 0.05, which is a variance of 0.0025, as in `keras.initializers.RandomNormal`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, RandomNormal};
///
/// let mut weight = [0.0f32; 30 * 20];
/// RandomNormal::<{ f64::to_bits(0.0) }, { f64::to_bits(0.02) }>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / 0.02 - 1.0).abs() < 0.1);
/// ```
#[derive(Debug)]
pub struct RandomNormal<const MEAN: u64 = 0, const STDDEV: u64 = { f64::to_bits(0.05) }>;

impl<const MEAN: u64, const STDDEV: u64> Initializer for RandomNormal<MEAN, STDDEV> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (mean, deviation) = (f64::from_bits(MEAN), f64::from_bits(STDDEV));
        weight.fill_with(|| T::from_f64(mean + deviation * rng.normal()));
    }
}
