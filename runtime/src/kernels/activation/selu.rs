use super::Formula;
use crate::kernels::elementary::exp_m1_of_negative;
use crate::kernels::simd::Simd;

/// Above zero.
const SCALE: f64 = 1.050_700_987_355_480_5;
/// Scale times alpha: the depth of the lower limit.
const LOWER: f64 = SCALE * 1.673_263_242_354_377_2;

/// Scaled exponential linear unit: `scale·(x if x > 0 else alpha·(eˣ − 1))`, scale 1.0507…, alpha 1.6732… (Klambauer
/// et al., "Self-normalizing neural networks", NeurIPS 2017).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Selu};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Selu::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-1.1113, 0.5254, 2.1014]");
/// ```
///
/// # Errors in `f32`
/// A value 2 ulp, the derivative 1.6e-7.
#[derive(Debug, Clone, Copy)]
pub struct Selu;

impl Formula for Selu {
    fn value(x: f64) -> f64 {
        if x < 0.0 { LOWER * libm::expm1(x) } else { SCALE * x }
    }

    fn derivative(y: f64) -> f64 {
        if y > 0.0 { SCALE } else { y + LOWER }
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        let lower = s.mul(exp_m1_of_negative(s, x), s.splat(LOWER as f32));
        s.select(s.greater(s.splat(0.0), x), lower, s.mul(x, s.splat(SCALE as f32)))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        let lower = s.add(y, s.splat(LOWER as f32));
        s.mul(grad, s.select(s.greater(y, s.splat(0.0)), s.splat(SCALE as f32), lower))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 2.0,
        subnormal: 1.0,
        derivative: 1.6e-7,
        range: (-1.758_099_4, f32::INFINITY),
        is_flushed: false,
        bends: &[],
        by_hand: (1.0, 1.050_700_987_355_480_5),
    });
}
