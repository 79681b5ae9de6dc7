use super::{Initializer, uniform};
use crate::kernels::{Element, Rng};

/// Uniform in ±√(6 / (fan_in + fan_out)), of variance 2 / (fan_in + fan_out) (Glorot & Bengio, "Understanding the difficulty
/// of training deep feedforward neural networks", AISTATS 2010, eq. 16; `keras.initializers.GlorotUniform`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{GlorotUniform, Initializer};
///
/// let mut weight = [0.0f32; 30 * 20];
/// GlorotUniform::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let largest = weight.iter().fold(0.0, |largest: f32, w| largest.max(w.abs()));
/// let limit = (6.0f32 / (30.0 + 20.0)).sqrt();
/// assert!(0.95 * limit < largest && largest <= limit);
/// ```
#[doc(alias = "xavier_uniform")]
#[derive(Debug)]
pub struct GlorotUniform;

impl Initializer for GlorotUniform {
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]) {
        uniform(libm::sqrt(6.0 / (fan_in + fan_out) as f64), rng, weight);
    }
}
