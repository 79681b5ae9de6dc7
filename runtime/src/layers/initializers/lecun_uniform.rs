use super::{Initializer, uniform};
use crate::kernels::{Element, Rng};

/// Uniform in ±√(3 / fan_in), of variance 1 / fan_in (LeCun et al., "Efficient BackProp", 1998, §4.6;
/// `keras.initializers.LecunUniform`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, LecunUniform};
///
/// let mut weight = [0.0f32; 30 * 20];
/// LecunUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
/// let limit = (3.0f32 / 30.0).sqrt();
/// assert!(0.95 * limit < largest && largest <= limit);
/// ```
#[derive(Debug)]
pub struct LecunUniform;

impl Initializer for LecunUniform {
    fn fill<T: Element>(fan_in: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        uniform(libm::sqrt(3.0 / fan_in as f64), rng, weight);
    }
}
