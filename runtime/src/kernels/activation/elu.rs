use super::Formula;
use crate::kernels::elementary::exp_m1_of_negative;
use crate::kernels::simd::Simd;

/// Exponential linear unit: `x` if `x > 0`, else `eˣ − 1` (Clevert, Unterthiner, Hochreiter, "Fast and accurate deep
/// network learning by exponential linear units", ICLR 2016).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Elu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Elu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.6321, 0.5000, 2.0000]");
/// ```
///
/// # Errors in `f32`
/// A value 1.25 ulp, the derivative 6e-8.
#[derive(Debug, Clone, Copy)]
pub struct Elu;

impl Formula for Elu {
    fn value(x: f64) -> f64 {
        if x < 0.0 { libm::expm1(x) } else { x }
    }

    fn derivative(y: f64) -> f64 {
        if y > 0.0 { 1.0 } else { y + 1.0 }
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        s.select(s.greater(s.splat(0.0), x), exp_m1_of_negative(s, x), x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        s.select(s.greater(y, s.splat(0.0)), grad, s.mul(grad, s.add(y, s.splat(1.0))))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 1.25,
        subnormal: 0.0,
        derivative: 6e-8,
        range: (-1.0, f32::INFINITY),
        is_flushed: false,
        bends: &[],
        by_hand: (-1.0, 1.0 / core::f64::consts::E - 1.0),
    });
}
