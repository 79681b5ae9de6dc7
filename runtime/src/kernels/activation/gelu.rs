use super::{Formula, Kept, TAIL, above_tail, bounded};
use crate::kernels::elementary::{normal_tail, times_normal};
use crate::kernels::simd::Simd;

/// `1/√(2π)`
const BELL_SCALE: f64 = 0.398_942_280_401_432_7;

/// `Φ(x)`
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// Gaussian error linear unit: `x·Φ(x)` with the normal distribution function `Φ` (Hendrycks & Gimpel, "Gaussian
/// error linear units", arXiv 1606.08415, 2016).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Gelu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Gelu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.1587, 0.3457, 1.9545]");
/// ```
///
/// # Errors in `f32`
/// A value 5.5 ulp, the derivative 2e-7.
#[derive(Debug, Clone, Copy)]
pub struct Gelu;

impl Formula for Gelu {
    const KEPT: Kept = Kept::Preactivation;

    fn value(x: f64) -> f64 {
        above_tail(x) * normal(x)
    }

    fn derivative(x: f64) -> f64 {
        let x = bounded(x);
        normal(x) + x * BELL_SCALE * libm::exp(-0.5 * x * x)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        times_normal(s, s.max(s.splat(-TAIL), x))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, x: S::Floats, grad: S::Floats) -> S::Floats {
        let (tail, bell) = normal_tail(s, x);
        let normal = s.select(s.greater(s.splat(0.0), x), tail, s.sub(s.splat(1.0), tail));
        let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
        s.mul(grad, s.mul_add(s.mul(x, bell), s.splat(BELL_SCALE as f32), normal))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 5.5,
        subnormal: 2.5,
        derivative: 2e-7,
        range: (-0.17, f32::INFINITY),
        is_flushed: true,
        bends: &[],
        by_hand: (1.0, 0.841_344_746_068_542_9),
    });
}
