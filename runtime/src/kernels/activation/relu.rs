use super::Formula;
use crate::kernels::simd::Simd;

/// Rectified linear unit: `max(x, 0)` (Nair & Hinton, "Rectified linear units improve restricted Boltzmann machines",
/// ICML 2010).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Relu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Relu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.0000, 0.5000, 2.0000]");
/// ```
///
/// # Errors in `f32`
/// None.
#[derive(Debug, Clone, Copy)]
pub struct Relu;

impl Formula for Relu {
    const COST: usize = 1;

    fn value(x: f64) -> f64 {
        if x < 0.0 { 0.0 } else { x }
    }

    fn derivative(y: f64) -> f64 {
        if y > 0.0 { 1.0 } else { 0.0 }
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        s.max(s.splat(0.0), x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        // Where `y` is not above zero it is zero, or NaN.
        s.select(s.greater(y, s.splat(0.0)), grad, y)
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 0.0,
        subnormal: 0.0,
        derivative: 0.0,
        range: (0.0, f32::INFINITY),
        is_flushed: false,
        bends: &[],
        by_hand: (-2.0, 0.0),
    });
}
