use super::Formula;
use crate::kernels::simd::Simd;

/// Slope below zero, as in `keras.activations.leaky_relu`.
const LEAK: f64 = 0.2;

/// `x` if `x > 0`, else `0.2·x`, the slope of `keras.activations.leaky_relu` (Maas, Hannun, Ng, "Rectifier
/// nonlinearities improve neural network acoustic models", ICML 2013).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, LeakyRelu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(LeakyRelu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.2000, 0.5000, 2.0000]");
/// ```
///
/// # Errors in `f32`
/// A value 1 ulp, the derivative 1e-8.
#[derive(Debug, Clone, Copy)]
pub struct LeakyRelu;

impl Formula for LeakyRelu {
    const COST: usize = 1;

    fn value(x: f64) -> f64 {
        if x < 0.0 { LEAK * x } else { x }
    }

    fn derivative(y: f64) -> f64 {
        if y > 0.0 { 1.0 } else { LEAK }
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        s.select(s.greater(s.splat(0.0), x), s.mul(x, s.splat(LEAK as f32)), x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        // `max` gives NaN of NaN.
        let slope = s.max(s.splat(LEAK as f32), y);
        s.mul(grad, s.select(s.greater(y, s.splat(0.0)), s.splat(1.0), slope))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 1.0,
        subnormal: 1.0,
        derivative: 1e-8,
        range: (f32::NEG_INFINITY, f32::INFINITY),
        is_flushed: false,
        bends: &[],
        by_hand: (-2.0, -0.4),
    });
}
