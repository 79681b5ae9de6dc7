use super::{Initializer, uniform};
use crate::kernels::{Element, Rng};

/// Uniform in ±√(6 / fan_in), of variance 2 / fan_in (He et al., "Delving deep into rectifiers", ICCV 2015, eq. 10;
/// `keras.initializers.HeUniform`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{HeUniform, Initializer};
///
/// let mut weight = [0.0f32; 30 * 20];
/// HeUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
/// let limit = (6.0f32 / 30.0).sqrt();
/// assert!(0.95 * limit < largest && largest <= limit);
/// ```
#[doc(alias = "kaiming_uniform")]
#[derive(Debug)]
pub struct HeUniform;

impl Initializer for HeUniform {
    fn fill<T: Element>(fan_in: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        uniform(libm::sqrt(6.0 / fan_in as f64), rng, weight);
    }
}
