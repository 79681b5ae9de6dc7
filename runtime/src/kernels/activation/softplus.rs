use super::Formula;
use crate::kernels::elementary::{exp, exp_m1_of_negative, ln_1p_of_unit};
use crate::kernels::simd::Simd;

/// `log(1 + eˣ)`.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Softplus};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Softplus::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.3133, 0.9741, 2.1269]");
/// ```
///
/// # Errors in `f32`
/// A value 2.5 ulp, the derivative 1e-7.
#[derive(Debug, Clone, Copy)]
pub struct Softplus;

impl Formula for Softplus {
    fn value(x: f64) -> f64 {
        (if x < 0.0 { 0.0 } else { x }) + libm::log1p(libm::exp(-libm::fabs(x)))
    }

    fn derivative(y: f64) -> f64 {
        -libm::expm1(-y)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        let e = exp(s, s.sub(s.splat(0.0), s.abs(x)));
        s.add(s.max(s.splat(0.0), x), ln_1p_of_unit(s, e))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        s.mul(grad, s.abs(exp_m1_of_negative(s, s.sub(s.splat(0.0), y))))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 2.5,
        subnormal: 1.0,
        derivative: 1e-7,
        range: (0.0, f32::INFINITY),
        is_flushed: true,
        bends: &[],
        by_hand: (0.0, core::f64::consts::LN_2),
    });
}
