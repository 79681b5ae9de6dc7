//! What an activation says of itself.

use crate::hardware::isa::Isa;
use crate::kernels::simd::Simd;

/// What the derivative of a function is computed from.
///
/// ```
/// use typenet_runtime::kernels::function::Kept;
/// use typenet_runtime::kernels::{Function, Map};
///
/// /// The derivative of `function` at `x`.
/// fn slope(function: Function, x: f64) -> f64 {
///     let mut kept = [x];
///     if function.kept() == Kept::Output {
///         f64::map(function, 1, &mut kept);
///     }
///     let mut slope = [1.0];
///     f64::map_gradient(function, 1, &kept, &mut slope);
///     slope[0]
/// }
///
/// assert_eq!(slope(Function::Tanh, 0.0), 1.0);
/// assert_eq!(slope(Function::Silu, 0.0), 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The function's value, which the next layer keeps anyway.
    Output,
    /// The function's argument, which must be kept beside its value.
    Preactivation,
}

/// Where a function's values lie: how a metric reads a yes or a no from a model that ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "std"), allow(dead_code, reason = "metrics need std"))]
pub(crate) enum Scale {
    /// Any number; a logit.
    Logit,
    /// From 0 to 1.
    Probability,
    /// The logarithm of a number from 0 to 1.
    LogProbability,
    /// From −1 to 1.
    Symmetric,
    /// No two limits.
    Open,
}

/// The formulas of an activation: those of one value, or if it is row-wise, [`ROWS`](Self::ROWS).
pub(crate) trait Formula {
    /// What the derivative is computed from.
    const KEPT: Kept = Kept::Output;
    /// Where values lie.
    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "metrics need std"))]
    const SCALE: Scale = Scale::Open;
    /// Cycles for each element, more or less; for [`threads`](crate::hardware::threads).
    const COST: usize = 4;
    /// How whole rows are computed.
    const ROWS: Option<Rows> = None;

    /// The definition: `f(x)`.
    fn value(x: f64) -> f64;
    /// The definition: `f′` from what [`KEPT`](Self::KEPT) says, which is not NaN.
    fn derivative(kept: f64) -> f64;
    /// `f(x)`, lane by lane.
    fn value_on<S: Simd>(simd: S, x: S::Floats) -> S::Floats;
    /// `grad · f′`, with `kept` as [`KEPT`](Self::KEPT) says.
    fn gradient_on<S: Simd>(simd: S, kept: S::Floats, grad: S::Floats) -> S::Floats;

    /// What tests hold `f32` to; `None` if row-wise.
    #[cfg(test)]
    const BOUNDS: Option<super::tests::Bounds>;
}

/// A row-wise activation: functions of the rows' width and whole rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    /// `x ← f(x)`
    pub(crate) map: fn(Isa, usize, &mut [f32]),
    /// From the gradient by the values, which come first, to the gradient by the arguments.
    pub(crate) map_gradient: fn(Isa, usize, &[f32], &mut [f32]),
    /// The definition of `map`.
    pub(crate) definition: fn(usize, &mut [f64]),
    /// The definition of `map_gradient`.
    pub(crate) definition_gradient: fn(usize, &[f64], &mut [f64]),
}

/// What [`Formula`] asks of one value, where rows are computed whole.
macro_rules! rowwise {
    () => {
        fn value(_: f64) -> f64 {
            unreachable!("row-wise")
        }
        fn derivative(_: f64) -> f64 {
            unreachable!("row-wise")
        }
        #[inline(always)]
        fn value_on<S: $crate::kernels::simd::Simd>(_: S, x: S::Floats) -> S::Floats {
            x
        }
        #[inline(always)]
        fn gradient_on<S: $crate::kernels::simd::Simd>(_: S, _: S::Floats, _: S::Floats) -> S::Floats {
            unreachable!("row-wise")
        }
        #[cfg(test)]
        const BOUNDS: Option<super::tests::Bounds> = None;
    };
}
pub(super) use rowwise;

/// Beyond this, either way, every tail is zero in `f32`.
pub(super) const TAIL: f32 = 200.0;

/// Beyond ±1000 the functions that end in a tail have reached it; their formulas would give `0 · ∞`.
pub(super) fn bounded(x: f64) -> f64 {
    x.clamp(-1000.0, 1000.0)
}

/// [`bounded`], below alone.
pub(super) fn above_tail(x: f64) -> f64 {
    if x < -1000.0 { -1000.0 } else { x }
}

/// `1 / (1 + e⁻ˣ)`
pub(super) fn logistic(x: f64) -> f64 {
    let e = libm::exp(-libm::fabs(x));
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}
