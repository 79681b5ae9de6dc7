use super::{Formula, Scale};
use crate::kernels::elementary::tanh;
use crate::kernels::simd::Simd;

/// Hyperbolic tangent, from −1 to 1.
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Tanh};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Tanh::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.7616, 0.4621, 0.9640]");
/// ```
///
/// # Errors in `f32`
/// A value 2.75 ulp, the derivative 3.1e-7.
#[derive(Debug, Clone, Copy)]
pub struct Tanh;

impl Formula for Tanh {
    const SCALE: Scale = Scale::Symmetric;

    fn value(x: f64) -> f64 {
        libm::tanh(x)
    }

    fn derivative(y: f64) -> f64 {
        (1.0 - y) * (1.0 + y)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        tanh(s, x)
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        let one = s.splat(1.0);
        s.mul(grad, s.mul(s.sub(one, y), s.add(one, y)))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 2.75,
        subnormal: 0.0,
        derivative: 3.1e-7,
        range: (-1.0, 1.0),
        is_flushed: false,
        bends: &[],
        by_hand: (0.5, 0.462_117_157_260_009_75),
    });
}
