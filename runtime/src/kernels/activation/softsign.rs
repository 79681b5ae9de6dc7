use super::{Formula, Scale};
use crate::kernels::simd::Simd;

/// `x / (1 + |x|)`, from −1 to 1.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Softsign};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Softsign::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.5000, 0.3333, 0.6667]");
/// ```
///
/// # Errors in `f32`
/// A value 2 ulp, the derivative 1.2e-7.
#[derive(Debug, Clone, Copy)]
pub struct Softsign;

impl Formula for Softsign {
    const SCALE: Scale = Scale::Symmetric;

    fn value(x: f64) -> f64 {
        if libm::fabs(x) > 1e30 { libm::copysign(1.0, x) } else { x / (1.0 + libm::fabs(x)) }
    }

    fn derivative(y: f64) -> f64 {
        (1.0 - libm::fabs(y)) * (1.0 - libm::fabs(y))
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        // Infinity becomes a number so large that the quotient is one.
        let bounded = s.max(s.splat(-1e30), s.min(s.splat(1e30), x));
        s.div(bounded, s.add(s.splat(1.0), s.abs(bounded)))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        let root = s.sub(s.splat(1.0), s.abs(y));
        s.mul(grad, s.mul(root, root))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 2.0,
        subnormal: 0.0,
        derivative: 1.2e-7,
        range: (-1.0, 1.0),
        is_flushed: false,
        bends: &[],
        by_hand: (-3.0, -0.75),
    });
}
