use super::Initializer;
use crate::kernels::{Element, Rng};

/// All one (`keras.initializers.Ones`).
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, Ones};
///
/// let mut weight = [7.0f32; 6];
/// Ones::fill(2, 3, &mut Rng::seed(0), &mut weight);
/// assert_eq!(weight, [1.0; 6]);
/// ```
#[derive(Debug)]
pub struct Ones;

impl Initializer for Ones {
    fn fill<T: Element>(_: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
        weight.fill(T::from_f64(1.0));
    }
}
