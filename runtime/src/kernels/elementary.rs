//! Elementary functions on vectors of `f32`.
//!
//! Each polynomial is the best in the maximum norm on its interval, with coefficients rounded to `f32` one after
//! the other. The stated errors are in units in the last place of the exact result and hold on every instruction
//! set, for every `f32` including subnormal arguments; what is an exponential, or a multiple of one, is zero where the exponential
//! is closer to zero than [`SMALLEST`](super::flush::SMALLEST). NaN gives NaN.

use super::flush::SMALLEST_ROOT;
use super::simd::{ROUND, Simd};

/// `Σ coefficients[i] xⁱ` by Horner's rule.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::Floats, coefficients: [f32; N]) -> S::Floats {
    let mut sum = simd.splat(coefficients[N - 1]);
    for i in (0..N - 1).rev() {
        sum = simd.mul_add(sum, x, simd.splat(coefficients[i]));
    }
    sum
}

/// ln 2 in two parts: products of the first with whole numbers up to 2¹⁵ are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// Whole `n` and `e^r − 1` such that `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, for `|x| < 2²⁰`.
#[inline(always)]
fn reduced_exp_m1<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats) {
    // (e^r − 1 − r) / r² with e^r to 2⁻²⁸.
    const Q: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_273, 0.008_368_686, 0.001_382_013_3];
    let magic = simd.splat(ROUND);
    let n = simd.sub(simd.mul_add(x, simd.splat(core::f32::consts::LOG2_E), magic), magic);
    let r = simd.neg_mul_add(n, simd.splat(LN_2[0]), x);
    let r = simd.neg_mul_add(n, simd.splat(LN_2[1]), r);
    let square = simd.mul(r, r);
    (n, simd.mul_add(polynomial(simd, r, Q), square, r))
}

/// `eˣ` within 1.25 ulp, and zero where that is closer to zero than [`SMALLEST`](super::flush::SMALLEST).
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let (number, power) = exp_in_parts(simd, x);
    simd.mul(number, power)
}

/// Two factors of `eˣ`, as of [`Simd::scale_in_parts`]; the first is zero where `eˣ` is closer to zero than
/// [`SMALLEST`](super::flush::SMALLEST).
#[inline(always)]
fn exp_in_parts<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats) {
    // log 2⁻¹⁰⁰
    let lowest = simd.splat(-69.314_72);
    // Above 89 `eˣ` is infinite.
    let bounded = simd.max(lowest, simd.min(simd.splat(89.0), x));
    let (n, p) = reduced_exp_m1(simd, bounded);
    let (number, power) = simd.scale_in_parts(simd.add(simd.splat(1.0), p), n);
    (simd.select(simd.greater(lowest, x), simd.splat(0.0), number), power)
}

/// `eˣ − 1` within 2 ulp for `x ≤ 0`; of no meaning for `x > 0`.
#[inline(always)]
pub(crate) fn exp_m1_of_negative<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    // Below this the result rounds to −1; 2ⁿ stays a normal number.
    let bounded = simd.max(simd.splat(-20.0), x);
    let (n, p) = reduced_exp_m1(simd, bounded);
    let power = simd.scale(simd.splat(1.0), n);
    // Keeps the sign of −0.
    simd.with_sign(simd.abs(simd.mul_add(p, power, simd.sub(power, simd.splat(1.0)))), x)
}

/// `log(1 + x)` within 2 ulp for `0 ≤ x ≤ 1`; of no meaning elsewhere.
#[inline(always)]
pub(crate) fn ln_1p_of_unit<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    // (log(1 + x) − x) / x² with log(1 + x) to 2⁻²⁷.
    const P: [f32; 9] = [
        -0.499_999_3,
        0.333_304_7,
        -0.249_581_56,
        0.196_931_93,
        -0.153_490_92,
        0.106_699_93,
        -0.057_561_25,
        0.020_150_15,
        -0.003_306_493_4,
    ];
    // A square that would be subnormal changes nothing.
    let root = simd.select(simd.greater(simd.splat(SMALLEST_ROOT), x), simd.splat(0.0), x);
    simd.mul_add(polynomial(simd, x, P), simd.mul(root, root), x)
}

/// `log x` within 2 ulp: −∞ at 0, NaN below.
#[allow(dead_code, reason = "for the losses")]
#[inline(always)]
pub(crate) fn ln<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    // (log(1 + f) − f + f²/2) / f³ with log(1 + f) to 2⁻²⁷, for |f| ≤ 1/3.
    const P: [f32; 8] = [
        0.333_332_15,
        -0.249_998_05,
        0.200_104_43,
        -0.166_801_77,
        0.140_053_75,
        -0.121_884_4,
        0.139_865_1,
        -0.128_739_58,
    ];
    const TWO_THIRDS: u32 = 0x3F2A_AAAB;
    let zero = simd.splat(0.0);
    // Subnormal numbers first become normal ones.
    let subnormal = simd.greater(simd.splat(f32::MIN_POSITIVE), x);
    let normal = simd.select(subnormal, simd.mul(x, simd.splat(8_388_608.0)), x);
    let bits = simd.as_words(normal);
    // x = 2ⁿ · (1 + f) with 2/3 ≤ 1 + f < 4/3.
    let exponent = simd.exponent_to_whole(simd.sub_bits(bits, simd.splat_bits(TWO_THIRDS)));
    let f = simd.sub(simd.as_floats(simd.sub_bits(bits, simd.to_exponent(exponent))), simd.splat(1.0));
    let magic = simd.splat(ROUND);
    let n = simd.sub(simd.as_floats(simd.add_bits(simd.as_words(magic), exponent)), magic);
    let n = simd.sub(n, simd.select(subnormal, simd.splat(23.0), zero));
    let square = simd.mul(f, f);
    let tail = simd.mul(polynomial(simd, f, P), simd.mul(square, f));
    let tail = simd.mul_add(n, simd.splat(LN_2[1]), tail);
    let tail = simd.neg_mul_add(square, simd.splat(0.5), tail);
    let value = simd.mul_add(n, simd.splat(LN_2[0]), simd.add(f, tail));
    // Where x is not in (0, ∞): ∞ and NaN stay, 0 gives −∞, and less gives NaN.
    let value = simd.select(simd.greater(simd.splat(f32::INFINITY), x), value, x);
    let below = simd.select(simd.greater(zero, x), simd.splat(f32::NAN), simd.splat(f32::NEG_INFINITY));
    let positive_or_nan = simd.max(zero, x);
    let is_zero_or_less = simd.greater(simd.splat(f32::from_bits(1)), positive_or_nan);
    simd.select(is_zero_or_less, below, value)
}

/// `1 / (1 + e⁻ˣ)` within 3 ulp.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let one = simd.splat(1.0);
    let e = exp(simd, simd.sub(simd.splat(0.0), simd.abs(x)));
    simd.div(simd.select(simd.greater(simd.splat(0.0), x), e, one), simd.add(one, e))
}

/// `x / (1 + e⁻ᶻ)` within 4 ulp, also where `1 / (1 + e⁻ᶻ)` alone is subnormal; for `x ≥ −200` if `z < 0`.
#[inline(always)]
pub(crate) fn times_sigmoid<S: Simd>(simd: S, x: S::Floats, z: S::Floats) -> S::Floats {
    let one = simd.splat(1.0);
    let (number, power) = exp_in_parts(simd, simd.sub(simd.splat(0.0), simd.abs(z)));
    let is_lower = simd.greater(simd.splat(0.0), z);
    let numerator = simd.select(is_lower, simd.mul(x, number), x);
    let quotient = simd.div(numerator, simd.add(one, simd.mul(number, power)));
    simd.mul(quotient, simd.select(is_lower, power, one))
}

/// `s = 1 / (1 + e⁻ˣ)` and its derivative `s·(1 − s)`, both within 5 ulp.
#[inline(always)]
pub(crate) fn sigmoid_and_slope<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats) {
    let one = simd.splat(1.0);
    let e = exp(simd, simd.sub(simd.splat(0.0), simd.abs(x)));
    let upper = simd.div(one, simd.add(one, e));
    let lower = simd.mul(e, upper);
    (simd.select(simd.greater(simd.splat(0.0), x), lower, upper), simd.mul(lower, upper))
}

/// `tanh x` within 3 ulp.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let t = exp_m1_of_negative(simd, simd.mul(simd.splat(-2.0), simd.abs(x)));
    let magnitude = simd.div(simd.abs(t), simd.add(simd.splat(2.0), t));
    simd.with_sign(magnitude, x)
}

/// Two factors, as of [`Simd::scale_in_parts`], of `e^(−x²/2)` within 2 ulp.
#[inline(always)]
fn bell_in_parts<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats) {
    // x² in two parts, since the exponential magnifies the rounding error of one. Zero beyond 12.
    let x = simd.min(simd.splat(15.0), simd.abs(x));
    let square = simd.mul(x, x);
    let rest = square_rest(simd, x, square);
    let half = simd.splat(0.5);
    let (e, power) = exp_in_parts(simd, simd.sub(simd.splat(0.0), simd.mul(half, square)));
    (simd.neg_mul_add(simd.mul(half, rest), e, e), power)
}

/// `x² − square`, where `square` is `x²` rounded; exact also without fused multiply-adds.
#[inline(always)]
fn square_rest<S: Simd>(simd: S, x: S::Floats, square: S::Floats) -> S::Floats {
    // The upper half of the significand; products of halves are exact.
    let high = simd.as_floats(simd.and_bits(simd.as_words(x), simd.splat_bits(0xFFFF_F000)));
    let low = simd.sub(x, high);
    let rest = simd.sub(simd.mul(high, high), square);
    let rest = simd.mul_add(simd.add(high, high), low, rest);
    simd.mul_add(low, low, rest)
}

/// The upper tail `Φ(−|x|) = ½ erfc(|x|/√2)` of the normal distribution, and `e^(−x²/2)`; within 5 and 2 ulp.
#[inline(always)]
pub(crate) fn normal_tail<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats) {
    let (tail, bell, power) = normal_tail_in_parts(simd, x);
    (simd.mul(tail, power), simd.mul(bell, power))
}

/// `x·Φ(x)` within 6 ulp, also where `Φ(x)` alone is subnormal, for `x ≥ −200`.
#[inline(always)]
pub(crate) fn times_normal<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let one = simd.splat(1.0);
    let (tail, _, power) = normal_tail_in_parts(simd, x);
    let is_lower = simd.greater(simd.splat(0.0), x);
    let normal = simd.select(is_lower, tail, simd.sub(one, simd.mul(tail, power)));
    simd.mul(simd.mul(x, normal), simd.select(is_lower, power, one))
}

/// The results of [`normal_tail`], both over the power of two that comes last.
#[inline(always)]
fn normal_tail_in_parts<S: Simd>(simd: S, x: S::Floats) -> (S::Floats, S::Floats, S::Floats) {
    // Φ(−a)·e^(a²/2)·(a + 3) in t = (a − 3)/(a + 3), to 2⁻²⁴·⁷, for 0 ≤ a ≤ 14.6 (the substitution of Shepherd &
    // Laframboise, "Chebyshev approximation of (1 + 2x) exp(x²) erfc x", Mathematics of Computation 36, 1981).
    const Q: [f32; 10] = [
        0.729_083_7,
        -0.509_332,
        0.230_016_81,
        -0.047_260_61,
        -0.010_456_253,
        0.006_948_383_5,
        0.001_002_790_3,
        -0.000_966_639,
        -0.000_193_465_94,
        6.451_634_5e-5,
    ];
    let a = simd.min(simd.splat(15.0), simd.abs(x));
    let (e, power) = bell_in_parts(simd, a);
    let three = simd.splat(3.0);
    let shifted = simd.add(a, three);
    let t = simd.div(simd.sub(a, three), shifted);
    (simd.mul(simd.div(polynomial(simd, t, Q), shifted), e), e, power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::isa::Isa;
    use crate::kernels::simd::{Kernel, dispatch};
    use crate::kernels::testing::{bits, sweep, within};
    use std::vec::Vec;

    #[derive(Debug, Clone, Copy)]
    enum Elementary {
        Exp,
        ExpM1,
        Ln1p,
        Ln,
        Sigmoid,
        SigmoidSlope,
        Tanh,
        Bell,
        NormalTail,
    }
    use Elementary::*;

    /// A function, its definition, its bound in ulp, and where it applies.
    type Row = (Elementary, fn(f64) -> f64, f64, fn(f32) -> bool);

    const TABLE: [Row; 9] = [
        (Exp, libm::exp, 1.25, |_| true),
        (ExpM1, libm::expm1, 2.0, |x| x <= 0.0 || x.is_nan()),
        (Ln1p, libm::log1p, 2.0, |x| (0.0..=1.0).contains(&x)),
        (Ln, libm::log, 2.0, |_| true),
        (
            Sigmoid,
            |x| if x < 0.0 { libm::exp(x) / (1.0 + libm::exp(x)) } else { 1.0 / (1.0 + libm::exp(-x)) },
            3.0,
            |_| true,
        ),
        (SigmoidSlope, |x| 1.0 / (2.0 + libm::exp(x) + libm::exp(-x)), 5.0, |_| true),
        (Tanh, libm::tanh, 3.0, |_| true),
        (Bell, |x| libm::exp(-0.5 * x * x), 2.0, |_| true),
        (NormalTail, |x| 0.5 * libm::erfc(x.abs() * core::f64::consts::FRAC_1_SQRT_2), 5.0, |_| true),
    ];

    struct Apply<'a>(Elementary, &'a mut [f32]);

    impl Kernel for Apply<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            for x in self.1.chunks_mut(S::LANES) {
                let v = simd.read_part(x);
                let y = match self.0 {
                    Exp => exp(simd, v),
                    ExpM1 => exp_m1_of_negative(simd, v),
                    Ln1p => ln_1p_of_unit(simd, v),
                    Ln => ln(simd, v),
                    Sigmoid => sigmoid(simd, v),
                    SigmoidSlope => sigmoid_and_slope(simd, v).1,
                    Tanh => tanh(simd, v),
                    Bell => normal_tail(simd, v).1,
                    NormalTail => normal_tail(simd, v).0,
                };
                simd.write_part(x, y);
            }
        }
    }

    #[test]
    fn elementary_functions_keep_their_stated_error() {
        for (function, definition, ulps, applies) in TABLE {
            let x: Vec<f32> = sweep(10_007).into_iter().filter(|&x| applies(x)).collect();
            for isa in Isa::available() {
                let mut y = x.clone();
                dispatch(isa, Apply(function, &mut y));
                for (&x, &y) in x.iter().zip(&y) {
                    let want = definition(f64::from(x));
                    assert!(within(y, want, ulps), "{isa}: {function:?}({x:e}) = {y:e}, not {want:e}");
                }
            }
        }
    }

    #[test]
    fn instruction_sets_with_fused_multiply_add_agree_in_every_bit() {
        for (function, _, _, applies) in TABLE {
            let x: Vec<f32> = sweep(100_003).into_iter().filter(|&x| applies(x)).collect();
            let results: Vec<_> = Isa::available()
                .filter(|&isa| isa != Isa::Portable)
                .map(|isa| {
                    let mut y = x.clone();
                    dispatch(isa, Apply(function, &mut y));
                    y.iter_mut().filter(|y| y.is_nan()).for_each(|y| *y = f32::NAN);
                    bits(&y)
                })
                .collect();
            assert!(results.iter().all(|y| *y == results[0]), "{function:?}");
        }
    }
}
