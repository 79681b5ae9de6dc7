use super::{Formula, Kept, TAIL, above_tail, bounded, logistic};
use crate::kernels::elementary::{sigmoid_and_slope, times_sigmoid};
use crate::kernels::simd::Simd;

/// `2√(2/π)`
const LINEAR: f64 = 1.595_769_121_605_731;
/// `0.044715 · 2√(2/π)`
const CUBIC: f64 = 0.044715 * LINEAR;

/// `2√(2/π)·(x + power·0.044715x³)`: the argument of the sigmoid; with `power` 3, `x` times its derivative.
#[inline(always)]
fn argument<S: Simd>(s: S, x: S::Floats, power: f64) -> S::Floats {
    let cubic = s.splat((power * CUBIC) as f32);
    s.mul(x, s.mul_add(s.mul(x, x), cubic, s.splat(LINEAR as f32)))
}

/// `½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))`, close to gelu (Hendrycks & Gimpel, "Gaussian error linear units", arXiv
/// 1606.08415, 2016).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, GeluTanh};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(GeluTanh::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.1588, 0.3457, 1.9546]");
/// ```
///
/// # Errors in `f32`
/// A value, in ulp, 3.5 for `x ≥ 0`; below zero `3.5 + 3·u` with `u = √(8/π)·(|x| + 0.044715|x|³)`: 15 at −2, 36 at
/// −4, 265 at −10. The derivative 2.3e-7.
#[derive(Debug, Clone, Copy)]
pub struct GeluTanh;

impl Formula for GeluTanh {
    const KEPT: Kept = Kept::Preactivation;

    fn value(x: f64) -> f64 {
        let x = above_tail(x);
        x * logistic(x * (LINEAR + CUBIC * (x * x)))
    }

    fn derivative(x: f64) -> f64 {
        let x = bounded(x);
        let s = logistic(x * (LINEAR + CUBIC * (x * x)));
        s + x * s * (1.0 - s) * (LINEAR + 3.0 * CUBIC * (x * x))
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), x);
        times_sigmoid(s, x, argument(s, x, 1.0))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, x: S::Floats, grad: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
        let (value, slope) = sigmoid_and_slope(s, argument(s, x, 1.0));
        s.mul(grad, s.mul_add(slope, argument(s, x, 3.0), value))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        // The exponential magnifies the roundings of its argument u.
        ulps: |x| {
            let x = x.clamp(-15.0, 0.0);
            3.5 + 3.0 * (x * (LINEAR + CUBIC * x * x)).abs()
        },
        subnormal: 140.0,
        derivative: 2.3e-7,
        range: (-0.171, f32::INFINITY),
        is_flushed: true,
        bends: &[],
        by_hand: (1.0, 0.841_191_990_608_276_8),
    });
}
