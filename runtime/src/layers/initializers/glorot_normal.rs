use super::{Initializer, TRUNCATED_DEVIATION, truncated};
use crate::kernels::{Element, Rng};

/// Normal, cut at two deviations, of variance 2 / (fan_in + fan_out) after the cut (Glorot & Bengio 2010, eq. 12;
/// `keras.initializers.GlorotNormal`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{GlorotNormal, Initializer};
///
/// let mut weight = [0.0f32; 30 * 20];
/// GlorotNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / (2.0f32 / (30.0 + 20.0)).sqrt() - 1.0).abs() < 0.1);
/// ```
#[doc(alias = "xavier_normal")]
#[derive(Debug)]
pub struct GlorotNormal;

impl Initializer for GlorotNormal {
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]) {
        truncated(libm::sqrt(2.0 / (fan_in + fan_out) as f64) / TRUNCATED_DEVIATION, rng, weight);
    }
}
