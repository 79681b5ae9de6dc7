use super::{Initializer, TRUNCATED_DEVIATION, truncated};
use crate::kernels::{Element, Rng};

/// Normal, cut at two deviations, of variance 2 / fan_in after the cut (He et al. 2015, eq. 10;
/// `keras.initializers.HeNormal`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{HeNormal, Initializer};
///
/// let mut weight = [0.0f32; 30 * 20];
/// HeNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / (2.0f32 / 30.0).sqrt() - 1.0).abs() < 0.1);
/// ```
#[doc(alias = "kaiming_normal")]
#[derive(Debug)]
pub struct HeNormal;

impl Initializer for HeNormal {
    fn fill<T: Element>(fan_in: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        truncated(libm::sqrt(2.0 / fan_in as f64) / TRUNCATED_DEVIATION, rng, weight);
    }
}
