use super::Initializer;
use crate::kernels::{Element, Rng};

/// One number everywhere (`keras.initializers.Constant`), by its bits: `Constant<{ f64::to_bits(0.1) }>`, in `model!`
/// `init = constant(0.1)`.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Constant, Initializer};
///
/// let mut bias = [0.0f32; 2];
/// Constant::<{ f64::to_bits(0.1) }>::fill(1, 2, &mut Rng::seed(0), &mut bias);
/// assert_eq!(bias, [0.1; 2]);
/// ```
#[derive(Debug)]
pub struct Constant<const VALUE: u64>;

impl<const VALUE: u64> Initializer for Constant<VALUE> {
    fn fill<T: Element>(_: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
        weight.fill(T::from_f64(f64::from_bits(VALUE)));
    }
}
