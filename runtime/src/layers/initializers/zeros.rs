use super::Initializer;
use crate::kernels::{Element, Rng};

/// All zero (`keras.initializers.Zeros`).
///
/// ```
/// use typenet_runtime::kernels::{Element, Rng};
/// use typenet_runtime::layers::initializers::{Initializer, Zeros};
///
/// let mut weight = [7.0f32; 6];
/// Zeros::fill(2, 3, &mut Rng::seed(0), &mut weight);
/// assert_eq!(weight, [f32::ZERO; 6]);
/// ```
#[derive(Debug)]
pub struct Zeros;

impl Initializer for Zeros {
    fn fill<T: Element>(_: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
        weight.fill(T::ZERO);
    }
}
