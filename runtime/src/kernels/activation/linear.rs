use super::{Formula, Scale};
use crate::kernels::simd::Simd;

/// `x`: no activation.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Linear};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Linear::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-1.0000, 0.5000, 2.0000]");
/// ```
///
/// # Errors in `f32`
/// None.
#[derive(Debug, Clone, Copy)]
pub struct Linear;

impl Formula for Linear {
    const SCALE: Scale = Scale::Logit;
    const COST: usize = 1;

    fn value(x: f64) -> f64 {
        x
    }

    fn derivative(_: f64) -> f64 {
        1.0
    }

    #[inline(always)]
    fn value_on<S: Simd>(_: S, x: S::Floats) -> S::Floats {
        x
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(_: S, _: S::Floats, grad: S::Floats) -> S::Floats {
        grad
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 0.0,
        subnormal: 0.0,
        derivative: 0.0,
        range: (f32::NEG_INFINITY, f32::INFINITY),
        is_flushed: false,
        bends: &[],
        by_hand: (-2.0, -2.0),
    });
}
