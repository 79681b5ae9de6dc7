use super::{Initializer, TRUNCATED_DEVIATION, truncated};
use crate::kernels::{Element, Rng};

/// Normal, cut at two deviations, of variance 1 / fan_in after the cut (LeCun et al. 1998, §4.6;
/// `keras.initializers.LecunNormal`), as [`Function::Selu`](crate::kernels::Function::Selu) wants it.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, LecunNormal};
///
/// let mut weight = [0.0f32; 30 * 20];
/// LecunNormal::fill(30, 20, &mut Rng::seed(1), &mut weight);
/// let deviation = (weight.iter().map(|w| w * w).sum::<f32>() / 600.0).sqrt();
/// assert!((deviation / (1.0f32 / 30.0).sqrt() - 1.0).abs() < 0.1);
/// ```
#[derive(Debug)]
pub struct LecunNormal;

impl Initializer for LecunNormal {
    fn fill<T: Element>(fan_in: usize, _: usize, rng: &mut Rng, weight: &mut [T]) {
        truncated(libm::sqrt(1.0 / fan_in as f64) / TRUNCATED_DEVIATION, rng, weight);
    }
}
