use super::{Formula, Kept, TAIL, above_tail, bounded};
use crate::kernels::elementary::exp;
use crate::kernels::simd::Simd;

/// `x·tanh(log(1 + eˣ))` (Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, Mish};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(Mish::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[-0.3034, 0.3752, 1.9440]");
/// ```
///
/// # Errors in `f32`
/// A value 4 ulp, the derivative 2.2e-7.
#[derive(Debug, Clone, Copy)]
pub struct Mish;

// With `t = e^(−|x|)`, tanh(log(1 + eˣ)) is `(1 + 2t) / (1 + 2t + 2t²)` for `x ≥ 0`, else `t(t + 2) / (t(t + 2) + 2)`: no term overflows, and
// none cancels another.
impl Formula for Mish {
    const KEPT: Kept = Kept::Preactivation;

    fn value(x: f64) -> f64 {
        let x = above_tail(x);
        let [ratio, _] = tanh_of_softplus(x);
        x * ratio
    }

    fn derivative(x: f64) -> f64 {
        let x = bounded(x);
        let [ratio, complement] = tanh_of_softplus(x);
        let sigmoid = 1.0 / (1.0 + libm::exp(-x));
        ratio + x * sigmoid * complement * (1.0 + ratio)
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), x);
        let (_, numerator, rest) = fraction(s, x);
        s.mul(x, s.div(numerator, s.add(numerator, rest)))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, x: S::Floats, grad: S::Floats) -> S::Floats {
        let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
        let one = s.splat(1.0);
        let (t, numerator, rest) = fraction(s, x);
        let denominator = s.add(numerator, rest);
        let (ratio, complement) = (s.div(numerator, denominator), s.div(rest, denominator));
        let sigmoid = s.div(s.select(s.greater(s.splat(0.0), x), t, one), s.add(one, t));
        let slope = s.mul(s.mul(sigmoid, complement), s.add(one, ratio));
        s.mul(grad, s.mul_add(x, slope, ratio))
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 4.0,
        subnormal: 1.0,
        derivative: 2.2e-7,
        range: (-0.3089, f32::INFINITY),
        is_flushed: true,
        bends: &[],
        by_hand: (1.0, 0.865_098_388_267_310_3),
    });
}

/// `tanh(log(1 + eˣ))`, and what it lacks to 1.
fn tanh_of_softplus(x: f64) -> [f64; 2] {
    let t = libm::exp(-libm::fabs(x));
    let (numerator, rest) = if x < 0.0 { (t * (t + 2.0), 2.0) } else { (1.0 + 2.0 * t, 2.0 * t * t) };
    [numerator, rest].map(|part| part / (numerator + rest))
}

/// `e^(−|x|)`, and the numerator and what it lacks to the denominator of `tanh(log(1 + eˣ))`.
#[inline(always)]
fn fraction<S: Simd>(s: S, x: S::Floats) -> (S::Floats, S::Floats, S::Floats) {
    let (one, two) = (s.splat(1.0), s.splat(2.0));
    let t = exp(s, s.sub(s.splat(0.0), s.abs(x)));
    let is_lower = s.greater(s.splat(0.0), x);
    let numerator = s.select(is_lower, s.mul(t, s.add(t, two)), s.mul_add(two, t, one));
    let rest = s.select(is_lower, two, s.mul(s.add(t, t), t));
    (t, numerator, rest)
}
