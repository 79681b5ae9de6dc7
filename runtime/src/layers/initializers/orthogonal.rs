use super::{Initializer, normal};
use crate::kernels::{Element, Rng};

/// Uniform among the matrices with orthonormal columns, or rows if there are fewer of them (Saxe, McClelland,
/// Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014).
///
/// The `Q` of a matrix of normal draws whose `R` has a positive diagonal, so a weight has variance
/// 1 / max(fan_in, fan_out). Takes
/// `2·max(fan_in, fan_out)·min(fan_in, fan_out)²` multiplications. In a convolution the matrix has one row for each filter, as in
/// PyTorch and Keras, and is one of its own for each group.
///
/// ```
/// use typenet_runtime::kernels::Rng;
/// use typenet_runtime::layers::initializers::{Initializer, Orthogonal};
///
/// let mut weight = [0.0f32; 3 * 2];
/// Orthogonal::fill(3, 2, &mut Rng::seed(1), &mut weight);
/// let product = |a: usize, b: usize| (0..3).map(|i| weight[2 * i + a] * weight[2 * i + b]).sum::<f32>();
/// assert!((product(0, 0) - 1.0).abs() < 1e-6 && (product(1, 1) - 1.0).abs() < 1e-6);
/// assert!(product(0, 1).abs() < 1e-6);
/// ```
#[derive(Debug)]
pub struct Orthogonal;

impl Initializer for Orthogonal {
    fn fill<T: Element>(_: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]) {
        normal(1.0, rng, weight);
        T::orthonormalize(fan_out, weight);
    }

    fn fill_filters<T: Element>(shape: [usize; 4], _: [usize; 2], rng: &mut Rng, weight: &mut [T]) {
        let [_, channels, height, width] = shape;
        normal(1.0, rng, weight);
        T::orthonormalize(channels * height * width, weight);
    }
}
