//! Start values of weights.

use crate::kernels::{Element, Rng};

/// How a weight starts.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an initializer")]
pub trait Initializer: 'static {
    /// Fills `weight`, laid out `[fan_in, fan_out]`.
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]);
}

/// Uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16).
#[derive(Debug)]
pub struct GlorotUniform;

impl Initializer for GlorotUniform {
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]) {
        let limit = libm::sqrt(6.0 / (fan_in + fan_out) as f64);
        for value in weight {
            *value = T::from_f64(limit * (2.0 * rng.uniform() - 1.0));
        }
    }
}
