use super::Initializer;
use crate::kernels::{Element, Rng};

/// Uniform from `MINVAL` to `MAXVAL`, numbers by their bits, of variance `(MAXVAL − MINVAL)² / 12`; in `model!` `init = random_uniform` or
/// `init = random_uniform(minval = -0.1, maxval = 0.1)`.
///
/// # Defaults
/// From −0.05 to 0.05, which is a variance of 0.00083, as in `keras.initializers.RandomUniform`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, RandomUniform};
///
/// let mut weight = [0.0f32; 30 * 20];
/// RandomUniform::<{ f64::to_bits(1.0) }, { f64::to_bits(3.0) }>::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let (min, max) = weight.iter().fold((9.0f32, 0.0f32), |(min, max), w| (min.min(*w), max.max(*w)));
/// assert!(1.0 <= min && min < 1.1 && 2.9 < max && max <= 3.0);
/// ```
#[derive(Debug)]
pub struct RandomUniform<
    const MINVAL: u64 = { f64::to_bits(-0.05) },
    const MAXVAL: u64 = { f64::to_bits(0.05) },
>;

impl<const MINVAL: u64, const MAXVAL: u64> Initializer for RandomUniform<MINVAL, MAXVAL> {
    fn fill<T: Element>(_: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        let (min, max) = (f64::from_bits(MINVAL), f64::from_bits(MAXVAL));
        // Halves first: the difference of two finite numbers may be infinite.
        let (middle, limit) = (0.5 * min + 0.5 * max, 0.5 * max - 0.5 * min);
        weight.fill_with(|| T::from_f64(middle + limit * (2.0 * rng.uniform() - 1.0)));
    }
}
