//! What every activation keeps, by the bounds that it states beside its formulas.

use std::vec;
use std::vec::Vec;

use super::*;
use crate::hardware::isa::Isa;
use crate::kernels::Map;
use crate::kernels::function::{map_gradient_with, map_with};
use crate::kernels::testing::{bits, sweep, ulp, within};

/// What the documentation of an activation states, in `f32`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Error of a normal value at `x`, in units in the last place.
    pub(crate) ulps: fn(f64) -> f64,
    /// Error of a subnormal value, in units of 2⁻¹⁴⁹.
    pub(crate) subnormal: f64,
    /// Error of the derivative, absolute.
    pub(crate) derivative: f64,
    /// Where the values lie.
    pub(crate) range: (f32, f32),
    /// Whether a value of less than 6e-29 may be zero, since the exponential in it is.
    pub(crate) is_flushed: bool,
    /// Arguments near which a value is rounded to that at the bend, and the derivative is that of the other side.
    pub(crate) bends: &'static [f32],
    /// An argument, and the value there.
    pub(crate) by_hand: (f64, f64),
}

/// The activations that are not row-wise.
fn pointwise() -> impl Iterator<Item = (Function, Bounds)> {
    Function::ALL.iter().filter_map(|&function| Some((function, with_formula!(function, F => F::BOUNDS)?)))
}

/// [`sweep`] over all floats, twenty times as dense where functions bend, and every float next to where a formula changes or a
/// result becomes zero, subnormal or infinite.
fn dense_sweep() -> Vec<f32> {
    let between = (0x3C80_0000..0x4300_0000).step_by(503);
    let corners =
        [0.0f32, 0.5, 1.0, 1.5, 3.0, 4.4954, 10.0, 13.2, 14.3, 17.3, 20.0, 87.34, 88.72, 92.0, 103.97, 108.7];
    let near = corners.into_iter().flat_map(|x| x.to_bits().saturating_sub(300)..x.to_bits() + 300);
    let dense = between.chain(near).map(f32::from_bits).flat_map(|x| [x, -x]);
    sweep(20_011).into_iter().chain(dense).collect()
}

#[test]
fn values_keep_their_stated_error_and_range() {
    let x = dense_sweep();
    for (function, bounds) in pointwise() {
        let range = bounds.range.0..=bounds.range.1;
        let want: Vec<f64> = x.iter().map(|&x| function.value(f64::from(x))).collect();
        for isa in Isa::available() {
            let mut y = x.clone();
            map_with(isa, function, 1, &mut y);
            for ((&x, &y), &want) in x.iter().zip(&y).zip(&want) {
                let is_subnormal = want.abs() < f64::from(f32::MIN_POSITIVE);
                let allowed = if is_subnormal { bounds.subnormal } else { (bounds.ulps)(f64::from(x)) };
                let is_flushed = bounds.is_flushed && y == 0.0 && want.abs() < 6e-29;
                assert!(
                    is_flushed || within(y, want, allowed),
                    "{isa}: {function:?}({x:e}) = {y:e}, not {want:e}: {:.2} units, stated are {allowed}",
                    (f64::from(y) - want).abs() / ulp(want)
                );
                assert!(range.contains(&y) || x.is_nan(), "{isa}: {function:?}({x:e}) = {y:e}");
                assert_eq!(y.is_nan(), x.is_nan(), "{isa}: {function:?}({x:e}) = {y:e}");
            }
        }
    }
}

#[test]
fn derivatives_at_every_argument_are_within_their_stated_error() {
    let x = dense_sweep();
    for (function, Bounds { derivative, bends, .. }) in pointwise() {
        let next_to_bend = |x: f32| bends.iter().any(|bend| (bend - x).abs() < 1e-6);
        let want: Vec<f64> = x
            .iter()
            .map(|&x| match function.kept() {
                Kept::Output => function.value(f64::from(x)),
                Kept::Preactivation => f64::from(x),
            })
            .map(|kept| function.derivative(kept))
            .collect();
        for isa in Isa::available() {
            let mut kept = x.clone();
            if function.kept() == Kept::Output {
                map_with(isa, function, 1, &mut kept);
            }
            let mut grad = vec![1.0; x.len()];
            map_gradient_with(isa, function, 1, &kept, &mut grad);
            for ((&x, &grad), &want) in x.iter().zip(&grad).zip(&want) {
                let is_close = (f64::from(grad) - want).abs() <= derivative || function == Function::Linear;
                assert!(
                    is_close || x.is_nan() || next_to_bend(x),
                    "{isa}: {function:?}′({x:e}) = {grad:e}, not {want:e}"
                );
                assert_eq!(
                    grad.is_nan(),
                    x.is_nan() && function != Function::Linear,
                    "{isa}: {function:?}′({x:e}) = {grad:e}"
                );
            }
        }
    }
}

#[test]
fn a_nan_that_was_kept_makes_every_gradient_nan() {
    for (function, _) in pointwise() {
        for isa in Isa::available() {
            // A lane of its own, and the end that is less than a vector.
            let mut kept = [0.5f32; 37];
            (kept[5], kept[36]) = (f32::NAN, -f32::NAN);
            for start in [1.0, 0.0] {
                let mut grad = [start; 37];
                map_gradient_with(isa, function, 1, &kept, &mut grad);
                let places: Vec<_> = (0..37).filter(|&i| grad[i].is_nan()).collect();
                let expected: &[usize] = if function == Function::Linear { &[] } else { &[5, 36] };
                assert_eq!(places, expected, "{isa}: {function:?}");
            }
        }
        let mut grad = [1.0f64];
        f64::map_gradient(function, 1, &[f64::NAN], &mut grad);
        assert_eq!(grad[0].is_nan(), function != Function::Linear, "{function:?}");
    }
}

#[test]
fn reference_derivatives_agree_with_central_differences() {
    for (function, _) in pointwise() {
        for i in -57..57 {
            // Stays clear of the kinks at 0 and ±3.
            let x = f64::from(i) / 9.0 + 0.01;
            let h = f64::EPSILON.cbrt();
            let value = |x| function.value(x);
            let difference = (value(x + h) - value(x - h)) / (2.0 * h);
            let kept = if function.kept() == Kept::Output { value(x) } else { x };
            let derivative = function.derivative(kept);
            // Truncation h²·|f‴|/6 with |f‴| ≤ 4, and rounding ε·|f|/h.
            assert!(
                (difference - derivative).abs() <= 1e-9,
                "{function:?}′({x}) = {derivative}, not {difference}"
            );
        }
    }
}

#[test]
fn reference_values_by_hand() {
    for (function, Bounds { by_hand: (x, want), .. }) in pointwise() {
        let value = function.value(x);
        assert!((value - want).abs() < 1e-14, "{function:?}({x}) = {value}, not {want}");
    }
}

#[test]
fn every_tail_length_gives_what_single_values_give() {
    let x: Vec<f32> = (0..70).map(|i| i as f32 / 7.0 - 5.0).collect();
    for isa in Isa::available() {
        for (function, _) in pointwise() {
            let mut single = x.clone();
            single.iter_mut().for_each(|x| map_with(isa, function, 1, core::slice::from_mut(x)));
            for n in 0..x.len() {
                let mut y = x.clone();
                map_with(isa, function, n, &mut y[..n]);
                assert_eq!(bits(&y[..n]), bits(&single[..n]), "{isa}: {function:?}, n = {n}");
                assert_eq!(y[n..], x[n..], "{isa}: {function:?} wrote behind n = {n}");
                let mut grad = x.clone();
                map_gradient_with(isa, function, n, &single[..n], &mut grad[..n]);
                assert_eq!(grad[n..], x[n..], "{isa}: gradient of {function:?} wrote behind n = {n}");
            }
        }
    }
}

#[test]
#[cfg(feature = "std")]
fn threads_change_no_bit() {
    let x: Vec<f32> = (0..300_001).map(|i| (i % 2003) as f32 / 100.0 - 10.0).collect();
    for function in [Function::Relu, Function::Gelu, Function::Tanh] {
        let results = [1, 2, 3, 8].map(|threads| {
            let (mut y, mut grad) = (x.clone(), x.clone());
            crate::kernels::testing::pool(threads).install(|| {
                f32::map(function, 1, &mut y);
                f32::map_gradient(function, 1, &x, &mut grad);
            });
            (bits(&y), bits(&grad))
        });
        assert!(results.iter().all(|result| *result == results[0]), "{function:?}");
    }
}

#[test]
#[should_panic(expected = "5 values are not rows of 2")]
fn incomplete_rows_are_refused() {
    f32::map(Function::Softmax, 2, &mut [0.0; 5]);
}
