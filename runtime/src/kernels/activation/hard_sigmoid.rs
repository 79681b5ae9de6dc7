use super::{Formula, Scale};
use crate::kernels::simd::Simd;

/// `min(max(x + 3, 0), 6) / 6`, from 0 to 1 (Keras 3 and PyTorch).
///
/// ```
/// use typenet_runtime::kernels::Map;
/// use typenet_runtime::kernels::activation::{Activation, HardSigmoid};
///
/// let mut x = [-1.0, 0.5, 2.0];
/// f32::map(HardSigmoid::FUNCTION, 3, &mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.3333, 0.5833, 0.8333]");
/// ```
///
/// # Errors in `f32`
/// A value 1 ulp, the derivative 1e-8; next to ±3, where a value is rounded to 0 or 1, the derivative is that of the
/// other side.
#[derive(Debug, Clone, Copy)]
pub struct HardSigmoid;

impl Formula for HardSigmoid {
    const SCALE: Scale = Scale::Probability;
    const COST: usize = 1;

    fn value(x: f64) -> f64 {
        (x + 3.0).clamp(0.0, 6.0) / 6.0
    }

    fn derivative(y: f64) -> f64 {
        if y > 0.0 && y < 1.0 { 1.0 / 6.0 } else { 0.0 }
    }

    #[inline(always)]
    fn value_on<S: Simd>(s: S, x: S::Floats) -> S::Floats {
        // Near −3, where x/6 + ½ would lose its digits, x + 3 is exact.
        let sixth = s.splat(1.0 / 6.0);
        let near_zero = s.mul(s.add(x, s.splat(3.0)), sixth);
        let line = s.mul_add(x, sixth, s.splat(0.5));
        let line = s.select(s.greater(x, s.splat(-1.5)), line, near_zero);
        s.max(s.splat(0.0), s.min(s.splat(1.0), line))
    }

    #[inline(always)]
    fn gradient_on<S: Simd>(s: S, y: S::Floats, grad: S::Floats) -> S::Floats {
        let slope = s.mul(grad, s.splat(1.0 / 6.0));
        let flat_at_one = s.select(s.greater(s.splat(1.0), y), slope, s.splat(0.0));
        // Where `y` is not above zero it is zero, or NaN.
        s.select(s.greater(y, s.splat(0.0)), flat_at_one, y)
    }

    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds> = Some(super::tests::Bounds {
        ulps: |_| 1.0,
        subnormal: 0.0,
        derivative: 1e-8,
        range: (0.0, 1.0),
        is_flushed: false,
        bends: &[-3.0, 3.0],
        by_hand: (1.5, 0.75),
    });
}

#[cfg(test)]
mod tests {
    use crate::hardware::isa::Isa;
    use crate::kernels::function::{Function, map_with};

    #[test]
    fn hard_sigmoid_keeps_its_digits_at_its_bends() {
        for isa in Isa::available() {
            // (x + 3)/6 by hand: the sum is exact.
            let mut y = [-2.999_887_7f32, -3.0, -2.999_999_8, 3.0, -7.0, 7.0];
            let x = y;
            map_with(isa, Function::HardSigmoid, 1, &mut y);
            assert_eq!(y[0], (x[0] + 3.0) / 6.0, "{isa}");
            assert_eq!(y[2], 2f32.powi(-22) / 6.0, "{isa}");
            assert_eq!([y[1], y[3], y[4], y[5]], [0.0, 1.0, 0.0, 1.0], "{isa}");
        }
    }
}
