use super::{Formula, Kept, TAIL, above_tail, bounded, logistic};
use crate::kernels::elementary::{sigmoid_and_slope, times_sigmoid};
use crate::kernels::simd::Simd;

/// Sigmoid linear unit, also called swish: `x·sigmoid(x)` (Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for
/// neural network function approximation in reinforcement learning", Neural Networks 107, 2018).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Silu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Silu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.2689, 0.3112, 1.7616]");
/// ```
///
/// # Errors in `f32`
/// A value 3.5 ulp, the derivative 2.1e-7.
#[derive(Debug, Clone, Copy)]
pub struct Silu;

impl Formula for Silu {
    const KEPT: Kept = Kept::Preactivation;

    fn value(x: f64) -> f64 {
        above_tail(x) * logistic(x)
    }

    fn derivative(x: f64) -> f64 {
        let x = bounded(x);
        let s = logistic(x);
        s + x * s * (1.0 - s)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), x);
        times_sigmoid(s, x, x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, x: S::Floats, grad: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
        let (value, slope) = sigmoid_and_slope(s, x);
        s.mul(grad, s.mul_add(x, slope, value))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 3.5,
        subnormal: 1.5,
        derivative: 2.1e-7,
        range: (-0.2785, f32::INFINITY),
        is_flushed: true,
        bends: &[],
        by_hand: (1.0, 0.731_058_578_630_004_9),
    });
}
