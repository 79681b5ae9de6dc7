use super::{Formula, Scale, logistic};
use crate::kernels::elementary::sigmoid;
use crate::kernels::simd::Simd;

/// Logistic function: `1 / (1 + e⁻ˣ)`, from 0 to 1.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Sigmoid};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Sigmoid::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.2689, 0.6225, 0.8808]");
/// ```
///
/// # Errors in `f32`
/// A value 2.5 ulp, the derivative 1e-7.
#[derive(Debug, Clone, Copy)]
pub struct Sigmoid;

impl Formula for Sigmoid {
    const SCALE: Scale = Scale::Probability;

    fn value(x: f64) -> f64 {
        logistic(x)
    }

    fn derivative(y: f64) -> f64 {
        y * (1.0 - y)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        sigmoid(s, x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        s.mul(grad, s.mul(y, s.sub(s.splat(1.0), y)))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 2.5,
        subnormal: 1.0,
        derivative: 1e-7,
        range: (0.0, 1.0),
        is_flushed: true,
        bends: &[],
        by_hand: (0.0, 0.5),
    });
}
