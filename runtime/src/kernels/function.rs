//! Activation functions, element by element, and their derivatives.
//!
//! In `f32` every function is computed by vectors, within a few units in the last place of its `f64` definition
//! (`VALUES` in this file's tests has the bound of each), every derivative within 2⁻²². NaN gives NaN; infinities give the limit.

use core::marker::PhantomData;

use super::simd::{Kernel, Simd, dispatch};
use super::softmax::{self, SoftmaxRows};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// An activation function.
///
/// ```
/// use typenet_runtime::kernels::Function;
/// use typenet_runtime::kernels::function::Kept;
///
/// // Sigmoid's derivative is y·(1 − y); gelu's cannot be had from its value.
/// assert_eq!(Function::Sigmoid.kept(), Kept::Output);
/// assert_eq!(Function::Gelu.kept(), Kept::Preactivation);
/// assert!(Function::Softmax.is_rowwise() && !Function::Sigmoid.is_rowwise());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x`
    Linear,
    /// `max(x, 0)`
    Relu,
    /// `x` if `x > 0`, else `0.2·x` (the slope of `keras.activations.leaky_relu`)
    LeakyRelu,
    /// `x` if `x > 0`, else `eˣ − 1`
    Elu,
    /// `scale·(x if x > 0 else alpha·(eˣ − 1))`, scale 1.0507…, alpha 1.6732… (Klambauer et al. 2017)
    Selu,
    /// `x·Φ(x)` with the normal distribution function `Φ` (Hendrycks & Gimpel 2016)
    Gelu,
    /// `½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))`
    GeluTanh,
    /// `x·sigmoid(x)`, also called swish
    Silu,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `min(max(x/6 + ½, 0), 1)` (Keras 3 and PyTorch)
    HardSigmoid,
    /// hyperbolic tangent
    Tanh,
    /// `log(1 + eˣ)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `eˣⁱ / Σⱼ eˣʲ` over a row
    Softmax,
    /// `xᵢ − log Σⱼ eˣʲ` over a row
    LogSoftmax,
}

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

impl Function {
    /// What [`Map::map_gradient`] wants to see of the forward pass.
    pub const fn kept(self) -> Kept {
        match self {
            Self::Gelu | Self::GeluTanh | Self::Silu => Kept::Preactivation,
            _ => Kept::Output,
        }
    }

    /// Whether a value depends on its whole row.
    pub const fn is_rowwise(self) -> bool {
        matches!(self, Self::Softmax | Self::LogSoftmax)
    }
}

/// Functions applied to rows of `width` values, in place.
///
/// ```
/// use typenet_runtime::kernels::{Function, Map};
///
/// let mut x = [0.0f32, 0.0, 5.0, 5.0];
/// f32::map(Function::Softmax, 2, &mut x);
/// assert_eq!(x, [0.5; 4]);
///
/// let mut grad = [2.0f32];
/// f32::map_gradient(Function::Sigmoid, 1, &[0.5], &mut grad);
/// assert_eq!(grad, [2.0 * 0.5 * (1.0 - 0.5)]);
/// ```
pub trait Map: Sized {
    /// `x ← f(x)`, row by row of `width` values.
    ///
    /// # Panics
    /// If `x` is not whole rows.
    fn map(function: Function, width: usize, x: &mut [Self]);

    /// `grad ← grad · f′`: from the gradient by the function's value to the gradient by its argument, with
    /// `kept` the values or the arguments of the forward pass, as [`Function::kept`] says.
    ///
    /// # Panics
    /// If `kept` and `grad` differ in length, or are not whole rows.
    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]);
}

/// Slope of leaky relu below zero, as in `keras.activations.leaky_relu`.
const LEAK: f64 = 0.2;
/// Scale of selu.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// Scale times alpha of selu.
const SELU_LOWER: f64 = SELU_SCALE * 1.673_263_242_354_377_2;
/// `2√(2/π)`
const GELU_TANH_LINEAR: f64 = 1.595_769_121_605_731;
/// `0.044715 · 2√(2/π)`
const GELU_TANH_CUBIC: f64 = 0.044715 * GELU_TANH_LINEAR;
/// `1/√(2π)`
const BELL_SCALE: f64 = 0.398_942_280_401_432_7;

/// Functions of one `f64`: the definition of those of `f32`.
mod reference {
    use super::{BELL_SCALE, GELU_TANH_CUBIC, GELU_TANH_LINEAR, Kept, LEAK, SELU_LOWER, SELU_SCALE};
    use crate::kernels::Function;

    fn sigmoid(x: f64) -> f64 {
        let e = libm::exp(-libm::fabs(x));
        if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
    }

    /// `Φ(x)`
    fn normal(x: f64) -> f64 {
        0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
    }

    /// Beyond ±1000 the functions that end in a tail have reached it; their formulas would give `0 · ∞`.
    fn bounded(x: f64) -> f64 {
        x.clamp(-1000.0, 1000.0)
    }

    fn above_tail(x: f64) -> f64 {
        if x < -1000.0 { -1000.0 } else { x }
    }

    /// `f(x)` of a function that is not row-wise.
    pub(super) fn value(function: Function, x: f64) -> f64 {
        match function {
            Function::Linear => x,
            Function::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Function::LeakyRelu => {
                if x < 0.0 {
                    LEAK * x
                } else {
                    x
                }
            }
            Function::Elu => {
                if x < 0.0 {
                    libm::expm1(x)
                } else {
                    x
                }
            }
            Function::Selu => {
                if x < 0.0 {
                    SELU_LOWER * libm::expm1(x)
                } else {
                    SELU_SCALE * x
                }
            }
            Function::Gelu => above_tail(x) * normal(x),
            Function::GeluTanh => {
                let x = above_tail(x);
                x * sigmoid(x * (GELU_TANH_LINEAR + GELU_TANH_CUBIC * (x * x)))
            }
            Function::Silu => above_tail(x) * sigmoid(x),
            Function::Sigmoid => sigmoid(x),
            Function::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Function::Tanh => libm::tanh(x),
            Function::Softplus => (if x < 0.0 { 0.0 } else { x }) + libm::log1p(libm::exp(-libm::fabs(x))),
            Function::Softsign => {
                if libm::fabs(x) > 1e30 {
                    libm::copysign(1.0, x)
                } else {
                    x / (1.0 + libm::fabs(x))
                }
            }
            Function::Softmax | Function::LogSoftmax => unreachable!("row-wise"),
        }
    }

    /// `f′` from what [`Function::kept`] says, of a function that is not row-wise.
    pub(super) fn derivative(function: Function, kept: f64) -> f64 {
        match function.kept() {
            Kept::Output => from_output(function, kept),
            Kept::Preactivation => from_argument(function, bounded(kept)),
        }
    }

    fn from_output(function: Function, y: f64) -> f64 {
        match function {
            Function::Linear => 1.0,
            Function::Relu => {
                if y > 0.0 {
                    1.0
                } else {
                    0.0
                }
            }
            Function::LeakyRelu => {
                if y > 0.0 {
                    1.0
                } else {
                    LEAK
                }
            }
            Function::Elu => {
                if y > 0.0 {
                    1.0
                } else {
                    y + 1.0
                }
            }
            Function::Selu => {
                if y > 0.0 {
                    SELU_SCALE
                } else {
                    y + SELU_LOWER
                }
            }
            Function::Sigmoid => y * (1.0 - y),
            Function::HardSigmoid => {
                if y > 0.0 && y < 1.0 {
                    1.0 / 6.0
                } else {
                    0.0
                }
            }
            Function::Tanh => (1.0 - y) * (1.0 + y),
            Function::Softplus => -libm::expm1(-y),
            Function::Softsign => (1.0 - libm::fabs(y)) * (1.0 - libm::fabs(y)),
            _ => unreachable!("row-wise, or from the argument"),
        }
    }

    fn from_argument(function: Function, x: f64) -> f64 {
        match function {
            Function::Gelu => normal(x) + x * BELL_SCALE * libm::exp(-0.5 * x * x),
            Function::GeluTanh => {
                let s = sigmoid(x * (GELU_TANH_LINEAR + GELU_TANH_CUBIC * (x * x)));
                s + x * s * (1.0 - s) * (GELU_TANH_LINEAR + 3.0 * GELU_TANH_CUBIC * (x * x))
            }
            Function::Silu => {
                let s = sigmoid(x);
                s + x * s * (1.0 - s)
            }
            _ => unreachable!("from the output"),
        }
    }
}

impl Map for f64 {
    fn map(function: Function, width: usize, x: &mut [Self]) {
        check(function, width, x.len());
        match function {
            Function::Softmax => Self::softmax_rows(width, x),
            Function::LogSoftmax => Self::log_softmax_rows(width, x),
            _ => x.iter_mut().for_each(|x| *x = reference::value(function, *x)),
        }
    }

    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]) {
        check(function, width, grad.len());
        assert_eq!(kept.len(), grad.len(), "map_gradient: `kept` and `grad` must have the same length");
        match function {
            Function::Softmax => Self::softmax_gradient(width, kept, grad),
            Function::LogSoftmax => Self::log_softmax_gradient(width, kept, grad),
            _ => {
                for (grad, &kept) in grad.iter_mut().zip(kept) {
                    *grad *= reference::derivative(function, kept);
                }
            }
        }
    }
}

#[track_caller]
fn check(function: Function, width: usize, length: usize) {
    if function.is_rowwise() {
        assert!(length.is_multiple_of(width), "{function:?}: {length} values are not rows of {width}");
    }
}

impl Map for f32 {
    fn map(function: Function, width: usize, x: &mut [Self]) {
        map_with(isa(), function, width, x);
    }

    fn map_gradient(function: Function, width: usize, kept: &[Self], grad: &mut [Self]) {
        map_gradient_with(isa(), function, width, kept, grad);
    }
}

/// Share work at multiples of this many elements: whole vectors and whole lines.
const GRANULE: usize = 64;

impl Function {
    /// Cycles for each element, more or less; for [`threads`](crate::hardware::threads).
    const fn cost(self) -> usize {
        match self {
            Self::Linear | Self::Relu | Self::LeakyRelu | Self::HardSigmoid => 1,
            _ => 4,
        }
    }
}

pub(super) fn map_with(isa: Isa, function: Function, width: usize, x: &mut [f32]) {
    check(function, width, x.len());
    match function {
        Function::Linear => {}
        Function::Softmax => softmax::softmax_rows_with(isa, width, x),
        Function::LogSoftmax => softmax::log_softmax_rows_with(isa, width, x),
        _ => {
            share_slices(x, GRANULE, function.cost(), |_, x| dispatch(isa, MapRows::contiguous(function, x)))
        }
    }
}

fn map_gradient_with(isa: Isa, function: Function, width: usize, kept: &[f32], grad: &mut [f32]) {
    check(function, width, grad.len());
    assert_eq!(kept.len(), grad.len(), "map_gradient: `kept` and `grad` must have the same length");
    match function {
        Function::Linear => {}
        Function::Softmax => softmax::softmax_gradient_with(isa, width, kept, grad),
        Function::LogSoftmax => softmax::log_softmax_gradient_with(isa, width, kept, grad),
        _ => share_slices((kept, grad), GRANULE, function.cost(), |_, (kept, grad)| {
            dispatch(isa, MapGradient { function, kept, grad });
        }),
    }
}

/// Applies a function that is not row-wise to part of a matrix.
pub(super) struct MapRows<'a> {
    function: Function,
    first: *mut f32,
    rows: usize,
    row_stride: usize,
    width: usize,
    life: PhantomData<&'a mut f32>,
}

impl<'a> MapRows<'a> {
    fn contiguous(function: Function, x: &'a mut [f32]) -> Self {
        // SAFETY: one row: the slice.
        unsafe { Self::new(function, x.as_mut_ptr(), 1, 0, x.len()) }
    }

    /// # Safety
    /// For `'a`, the `width` numbers at `first + i · row_stride` belong to the value alone, for each `i < rows`.
    pub(super) unsafe fn new(
        function: Function,
        first: *mut f32,
        rows: usize,
        row_stride: usize,
        width: usize,
    ) -> Self {
        Self { function, first, rows, row_stride, width, life: PhantomData }
    }

    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, function: impl Pointwise) {
        for i in 0..self.rows {
            // SAFETY: row `i` is the value's own, as `new` requires.
            let row =
                unsafe { core::slice::from_raw_parts_mut(self.first.add(i * self.row_stride), self.width) };
            let mut vectors = row.chunks_exact_mut(S::LANES);
            for x in &mut vectors {
                simd.write(x, function.value(simd, simd.read(x)));
            }
            let x = vectors.into_remainder();
            if !x.is_empty() {
                simd.write_part(x, function.value(simd, simd.read_part(x)));
            }
        }
    }
}

/// `f(x)`, lane by lane; `x` itself where the function is row-wise.
#[inline(always)]
pub(super) fn value<S: Simd>(simd: S, function: Function, x: S::Floats) -> S::Floats {
    macro_rules! value {
        ($($name:ident)+) => {
            match function {
                Function::Linear | Function::Softmax | Function::LogSoftmax => x,
                $(Function::$name => pointwise::$name.value(simd, x),)+
            }
        };
    }
    value!(Relu LeakyRelu Elu Selu Gelu GeluTanh Silu Sigmoid HardSigmoid Tanh Softplus Softsign)
}

struct MapGradient<'a> {
    function: Function,
    kept: &'a [f32],
    grad: &'a mut [f32],
}

impl MapGradient<'_> {
    #[inline(always)]
    fn apply<S: Simd>(self, simd: S, function: impl Pointwise) {
        let mut vectors = self.grad.chunks_exact_mut(S::LANES);
        let mut kept = self.kept.chunks_exact(S::LANES);
        for (grad, kept) in (&mut vectors).zip(&mut kept) {
            simd.write(grad, function.gradient(simd, simd.read(kept), simd.read(grad)));
        }
        let (grad, kept) = (vectors.into_remainder(), kept.remainder());
        if !grad.is_empty() {
            let value = function.gradient(simd, simd.read_part(kept), simd.read_part(grad));
            simd.write_part(grad, value);
        }
    }
}

/// Calls `$self.apply` with the [`Pointwise`] of a [`Function`].
macro_rules! apply {
    ($self:ident, $simd:ident: $($name:ident)+) => {
        match $self.function {
            Function::Linear => {}
            $(Function::$name => $self.apply($simd, pointwise::$name),)+
            Function::Softmax | Function::LogSoftmax => unreachable!("row-wise"),
        }
    };
}

impl Kernel for MapRows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        apply!(self, simd: Relu LeakyRelu Elu Selu Gelu GeluTanh Silu Sigmoid HardSigmoid Tanh Softplus Softsign);
    }
}

impl Kernel for MapGradient<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        apply!(self, simd: Relu LeakyRelu Elu Selu Gelu GeluTanh Silu Sigmoid HardSigmoid Tanh Softplus Softsign);
    }
}

/// A function on vectors.
trait Pointwise: Copy {
    /// `f(x)`
    fn value<S: Simd>(self, simd: S, x: S::Floats) -> S::Floats;
    /// `grad · f′`, with `kept` as [`Function::kept`] says.
    fn gradient<S: Simd>(self, simd: S, kept: S::Floats, grad: S::Floats) -> S::Floats;
}

/// One type for each function, and its two formulas.
mod pointwise {
    use super::{
        BELL_SCALE, GELU_TANH_CUBIC, GELU_TANH_LINEAR, LEAK, Pointwise, SELU_LOWER, SELU_SCALE, Simd,
    };
    use crate::kernels::elementary::{
        exp, exp_m1_of_negative, ln_1p_of_unit, normal_tail, sigmoid, sigmoid_and_slope, tanh,
    };

    /// Beyond this, either way, every tail is zero in `f32`.
    const TAIL: f32 = 200.0;

    macro_rules! pointwise {
        ($($name:ident $simd:ident: |$x:ident| $value:expr; |$kept:ident, $grad:ident| $gradient:expr;)+) => {
            $(
                #[derive(Clone, Copy)]
                pub(super) struct $name;
                impl Pointwise for $name {
                    #[inline(always)]
                    fn value<S: Simd>(self, $simd: S, $x: S::Floats) -> S::Floats {
                        $value
                    }
                    #[inline(always)]
                    fn gradient<S: Simd>(self, $simd: S, $kept: S::Floats, $grad: S::Floats) -> S::Floats {
                        $gradient
                    }
                }
            )+
        };
    }

    pointwise! {
        Relu s:
            |x| s.max(s.splat(0.0), x);
            |y, grad| s.select(s.greater(y, s.splat(0.0)), grad, s.splat(0.0));
        LeakyRelu s:
            |x| s.select(s.greater(s.splat(0.0), x), s.mul(x, s.splat(LEAK as f32)), x);
            |y, grad| s.select(s.greater(y, s.splat(0.0)), grad, s.mul(grad, s.splat(LEAK as f32)));
        Elu s:
            |x| s.select(s.greater(s.splat(0.0), x), exp_m1_of_negative(s, x), x);
            |y, grad| s.select(s.greater(y, s.splat(0.0)), grad, s.mul(grad, s.add(y, s.splat(1.0))));
        Selu s:
            |x| {
                let lower = s.mul(exp_m1_of_negative(s, x), s.splat(SELU_LOWER as f32));
                s.select(s.greater(s.splat(0.0), x), lower, s.mul(x, s.splat(SELU_SCALE as f32)))
            };
            |y, grad| {
                let lower = s.add(y, s.splat(SELU_LOWER as f32));
                s.mul(grad, s.select(s.greater(y, s.splat(0.0)), s.splat(SELU_SCALE as f32), lower))
            };
        Gelu s:
            |x| {
                let (tail, _) = normal_tail(s, x);
                let upper = s.sub(s.splat(1.0), tail);
                let normal = s.select(s.greater(s.splat(0.0), x), tail, upper);
                s.mul(s.max(s.splat(-TAIL), x), normal)
            };
            |x, grad| {
                let (tail, bell) = normal_tail(s, x);
                let normal = s.select(s.greater(s.splat(0.0), x), tail, s.sub(s.splat(1.0), tail));
                let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
                s.mul(grad, s.mul_add(s.mul(x, bell), s.splat(BELL_SCALE as f32), normal))
            };
        GeluTanh s:
            |x| {
                let x = s.max(s.splat(-TAIL), x);
                s.mul(x, sigmoid(s, gelu_tanh_argument(s, x, 1.0)))
            };
            |x, grad| {
                let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
                let (value, slope) = sigmoid_and_slope(s, gelu_tanh_argument(s, x, 1.0));
                s.mul(grad, s.mul_add(slope, gelu_tanh_argument(s, x, 3.0), value))
            };
        Silu s:
            |x| s.mul(s.max(s.splat(-TAIL), x), sigmoid(s, x));
            |x, grad| {
                let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
                let (value, slope) = sigmoid_and_slope(s, x);
                s.mul(grad, s.mul_add(x, slope, value))
            };
        Sigmoid s:
            |x| sigmoid(s, x);
            |y, grad| s.mul(grad, s.mul(y, s.sub(s.splat(1.0), y)));
        HardSigmoid s:
            |x| {
                let line = s.mul_add(x, s.splat(1.0 / 6.0), s.splat(0.5));
                s.max(s.splat(0.0), s.min(s.splat(1.0), line))
            };
            |y, grad| {
                let slope = s.mul(grad, s.splat(1.0 / 6.0));
                let zero = s.splat(0.0);
                s.select(s.greater(y, zero), s.select(s.greater(s.splat(1.0), y), slope, zero), zero)
            };
        Tanh s:
            |x| tanh(s, x);
            |y, grad| {
                let one = s.splat(1.0);
                s.mul(grad, s.mul(s.sub(one, y), s.add(one, y)))
            };
        Softplus s:
            |x| {
                let e = exp(s, s.sub(s.splat(0.0), s.abs(x)));
                s.add(s.max(s.splat(0.0), x), ln_1p_of_unit(s, e))
            };
            |y, grad| s.mul(grad, s.abs(exp_m1_of_negative(s, s.sub(s.splat(0.0), y))));
        Softsign s:
            |x| {
                // Infinity becomes a number so large that the quotient is one.
                let bounded = s.max(s.splat(-1e30), s.min(s.splat(1e30), x));
                s.div(bounded, s.add(s.splat(1.0), s.abs(bounded)))
            };
            |y, grad| {
                let root = s.sub(s.splat(1.0), s.abs(y));
                s.mul(grad, s.mul(root, root))
            };
    }

    /// `2√(2/π)·(x + power·0.044715x³)`: the argument of the sigmoid; with `power` 3, `x` times its derivative.
    #[inline(always)]
    fn gelu_tanh_argument<S: Simd>(s: S, x: S::Floats, power: f64) -> S::Floats {
        let cubic = s.splat((power * GELU_TANH_CUBIC) as f32);
        s.mul(x, s.mul_add(s.mul(x, x), cubic, s.splat(GELU_TANH_LINEAR as f32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{bits, sweep, ulp, within};
    use Function::*;
    use std::vec;
    use std::vec::Vec;

    /// Each function, the bound of its error in units in the last place, and where its values lie.
    const VALUES: [(Function, f64, core::ops::RangeInclusive<f32>); 13] = [
        (Linear, 0.0, f32::NEG_INFINITY..=f32::INFINITY),
        (Relu, 0.0, 0.0..=f32::INFINITY),
        (LeakyRelu, 1.0, f32::NEG_INFINITY..=f32::INFINITY),
        (Elu, 2.0, -1.0..=f32::INFINITY),
        (Selu, 3.0, -1.758_099_4..=f32::INFINITY),
        (Gelu, 6.0, -0.17..=f32::INFINITY),
        (GeluTanh, 5.0, -0.171..=f32::INFINITY),
        (Silu, 4.0, -0.2785..=f32::INFINITY),
        (Sigmoid, 3.0, 0.0..=1.0),
        (HardSigmoid, 1.0, 0.0..=1.0),
        (Tanh, 3.0, -1.0..=1.0),
        (Softplus, 3.0, 0.0..=f32::INFINITY),
        (Softsign, 2.0, -1.0..=1.0),
    ];

    /// What is allowed beside the units of `VALUES`.
    fn allowance(function: Function, x: f64, want: f64) -> f64 {
        // A factor of at most 104 times a subnormal number rounded to half a unit.
        let subnormal = libm::ldexp(1.0, -143);
        match function {
            // The exponential magnifies the six half-unit roundings in its argument 2√(2/π)·(x + 0.044715x³).
            GeluTanh => {
                let x = x.clamp(-15.0, 15.0);
                6.0 * (x * (GELU_TANH_LINEAR + GELU_TANH_CUBIC * x * x)).abs() * ulp(want) + subnormal
            }
            Gelu | Silu => subnormal,
            // Near its kink at −3 the line is a difference.
            HardSigmoid => libm::ldexp(1.0, -25),
            _ => 0.0,
        }
    }

    #[test]
    fn values_keep_their_stated_error_and_range() {
        let x = sweep(10_007);
        for (function, ulps, range) in VALUES {
            for isa in Isa::available() {
                let mut y = x.clone();
                map_with(isa, function, 1, &mut y);
                for (&x, &y) in x.iter().zip(&y) {
                    let want = reference::value(function, f64::from(x));
                    let allowed = allowance(function, f64::from(x), want) / ulp(want);
                    assert!(
                        within(y, want, ulps + allowed),
                        "{isa}: {function:?}({x:e}) = {y:e}, not {want:e}"
                    );
                    assert!(range.contains(&y) || x.is_nan(), "{isa}: {function:?}({x:e}) = {y:e}");
                    assert_eq!(y.is_nan(), x.is_nan(), "{isa}: {function:?}({x:e}) = {y:e}");
                }
            }
        }
    }

    #[test]
    fn derivatives_are_within_their_stated_error() {
        for (function, _, range) in VALUES {
            let wanted = |kept: &f32| function.kept() == Kept::Preactivation || range.contains(kept);
            let kept: Vec<f32> = sweep(10_007).into_iter().filter(|x| !x.is_nan()).filter(wanted).collect();
            for isa in Isa::available() {
                let mut grad = vec![1.0; kept.len()];
                map_gradient_with(isa, function, 1, &kept, &mut grad);
                for (&kept, &grad) in kept.iter().zip(&grad) {
                    let want = reference::derivative(function, f64::from(kept));
                    let error = (f64::from(grad) - want).abs();
                    assert!(
                        error <= libm::ldexp(1.0, -22),
                        "{isa}: {function:?}′ from {kept:e}: {grad:e}, not {want:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn reference_derivatives_agree_with_central_differences() {
        for (function, ..) in VALUES {
            for i in -57..57 {
                // Stays clear of the kinks at 0 and ±3.
                let x = f64::from(i) / 9.0 + 0.01;
                let h = f64::EPSILON.cbrt();
                let value = |x| reference::value(function, x);
                let difference = (value(x + h) - value(x - h)) / (2.0 * h);
                let kept = if function.kept() == Kept::Output { value(x) } else { x };
                let derivative = reference::derivative(function, kept);
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
        let cases = [
            (Relu, -2.0, 0.0),
            (LeakyRelu, -2.0, -0.4),
            (Elu, -1.0, 1.0 / core::f64::consts::E - 1.0),
            (Selu, 1.0, 1.050_700_987_355_480_5),
            (Gelu, 1.0, 0.841_344_746_068_542_9),
            (GeluTanh, 1.0, 0.841_191_990_608_276_8),
            (Silu, 1.0, 0.731_058_578_630_004_9),
            (Sigmoid, 0.0, 0.5),
            (HardSigmoid, 1.5, 0.75),
            (Tanh, 0.5, 0.462_117_157_260_009_75),
            (Softplus, 0.0, core::f64::consts::LN_2),
            (Softsign, -3.0, -0.75),
        ];
        for (function, x, want) in cases {
            let value = reference::value(function, x);
            assert!((value - want).abs() < 1e-14, "{function:?}({x}) = {value}, not {want}");
        }
    }

    #[test]
    fn every_tail_length_gives_what_single_values_give() {
        let x: Vec<f32> = (0..70).map(|i| i as f32 / 7.0 - 5.0).collect();
        for isa in Isa::available() {
            for (function, ..) in VALUES {
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
        for function in [Relu, Gelu, Tanh] {
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
        f32::map(Softmax, 2, &mut [0.0; 5]);
    }
}
