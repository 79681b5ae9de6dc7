//! Activation functions, element by element, and their derivatives.
//!
//! In `f32` every function is computed by vectors, within the error that [`Function`] states, judged by its `f64` definition.
//! Exponentials, and gradients by arguments, are zero where they are closer to zero than [`SMALLEST`](super::flush::SMALLEST).

use core::marker::PhantomData;

use super::flush::flush_lanes;
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
///
/// # Errors in `f32`
/// What no value exceeds in sweeps over all of `f32`, dense where functions bend, cancel or end in a tail, on any instruction set. Values in units in the last place; the derivative at `x`, which is computed from what [`kept`](Self::kept) says, as the
/// difference from the exact one.
///
/// | function | value | derivative |
/// |---|---|---|
/// | `Linear`, `Relu` | exact | exact |
/// | `LeakyRelu` | 1 | 1e-8 |
/// | `Elu` | 1.25 | 6e-8 |
/// | `Selu` | 2 | 1.6e-7 |
/// | `Gelu` | 5.5 | 2e-7 |
/// | `GeluTanh` | 3.5 for `x ≥ 0`; below `3.5 + 3·u` with `u = √(8/π)·(|x| + 0.044715|x|³)`: 15 at −2, 36 at −4, 265 at −10 | 2.3e-7 |
/// | `Silu` | 3.5 | 2.1e-7 |
/// | `Sigmoid` | 2.5 | 1e-7 |
/// | `HardSigmoid` | 1 | 1e-8; next to ±3, where a value is rounded to 0 or 1, that of the other side |
/// | `Tanh` | 2.75 | 3.1e-7 |
/// | `Softplus` | 2.5 | 1e-7 |
/// | `Softsign` | 2 | 1.2e-7 |
///
/// Where the exponential in `Gelu`, `GeluTanh`, `Silu`, `Sigmoid` or `Softplus` is below 2⁻¹⁰⁰ (7.9e-31), and counts as zero, a value of
/// less than 6e-29 becomes zero. Another value below the smallest normal number (1.2e-38) is within 1 unit of 1.4e-45, of `Silu` 1.5, of `Gelu` 2.5, of `GeluTanh` 140.
///
/// Infinities give the limit. NaN gives NaN, also where it was kept and a gradient is led back through it (`Linear` leaves gradients as
/// they are), so that no layer hides one.
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
    /// `min(max(x + 3, 0), 6) / 6` (Keras 3 and PyTorch)
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
            Function::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
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
            _ if y.is_nan() => y,
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
            let value = function.gradient(simd, simd.read(kept), simd.read(grad));
            simd.write(grad, flush_lanes(simd, value));
        }
        let (grad, kept) = (vectors.into_remainder(), kept.remainder());
        if !grad.is_empty() {
            let value = function.gradient(simd, simd.read_part(kept), simd.read_part(grad));
            simd.write_part(grad, flush_lanes(simd, value));
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
        exp, exp_m1_of_negative, ln_1p_of_unit, normal_tail, sigmoid, sigmoid_and_slope, tanh, times_normal,
        times_sigmoid,
    };

    /// Beyond this, either way, every tail is zero.
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
            // Where `y` is not above zero it is zero, or NaN.
            |y, grad| s.select(s.greater(y, s.splat(0.0)), grad, y);
        LeakyRelu s:
            |x| s.select(s.greater(s.splat(0.0), x), s.mul(x, s.splat(LEAK as f32)), x);
            |y, grad| {
                // `max` gives NaN of NaN.
                let slope = s.max(s.splat(LEAK as f32), y);
                s.mul(grad, s.select(s.greater(y, s.splat(0.0)), s.splat(1.0), slope))
            };
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
            |x| times_normal(s, s.max(s.splat(-TAIL), x));
            |x, grad| {
                let (tail, bell) = normal_tail(s, x);
                let normal = s.select(s.greater(s.splat(0.0), x), tail, s.sub(s.splat(1.0), tail));
                let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
                s.mul(grad, s.mul_add(s.mul(x, bell), s.splat(BELL_SCALE as f32), normal))
            };
        GeluTanh s:
            |x| {
                let x = s.max(s.splat(-TAIL), x);
                times_sigmoid(s, x, gelu_tanh_argument(s, x, 1.0))
            };
            |x, grad| {
                let x = s.max(s.splat(-TAIL), s.min(s.splat(TAIL), x));
                let (value, slope) = sigmoid_and_slope(s, gelu_tanh_argument(s, x, 1.0));
                s.mul(grad, s.mul_add(slope, gelu_tanh_argument(s, x, 3.0), value))
            };
        Silu s:
            |x| {
                let x = s.max(s.splat(-TAIL), x);
                times_sigmoid(s, x, x)
            };
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
                // Near −3, where x/6 + ½ would lose its digits, x + 3 is exact.
                let sixth = s.splat(1.0 / 6.0);
                let near_zero = s.mul(s.add(x, s.splat(3.0)), sixth);
                let line = s.mul_add(x, sixth, s.splat(0.5));
                let line = s.select(s.greater(x, s.splat(-1.5)), line, near_zero);
                s.max(s.splat(0.0), s.min(s.splat(1.0), line))
            };
            |y, grad| {
                let slope = s.mul(grad, s.splat(1.0 / 6.0));
                let flat_at_one = s.select(s.greater(s.splat(1.0), y), slope, s.splat(0.0));
                // Where `y` is not above zero it is zero, or NaN.
                s.select(s.greater(y, s.splat(0.0)), flat_at_one, y)
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

    /// What the documentation of [`Function`] states of one, in `f32`.
    #[derive(Clone, Copy)]
    struct Bounds {
        function: Function,
        /// Of a normal value, in units in the last place; of `GeluTanh` besides what [`allowance`] gives.
        ulps: f64,
        /// Of a subnormal value, in units of 2⁻¹⁴⁹.
        subnormal: f64,
        /// Of the derivative at `x`, absolute.
        derivative: f64,
        /// Where the values lie.
        range: (f32, f32),
    }

    const fn bounds(
        function: Function,
        ulps: f64,
        subnormal: f64,
        derivative: f64,
        range: (f32, f32),
    ) -> Bounds {
        Bounds { function, ulps, subnormal, derivative, range }
    }

    const INFINITY: f32 = f32::INFINITY;

    const BOUNDS: [Bounds; 13] = [
        bounds(Linear, 0.0, 0.0, 0.0, (-INFINITY, INFINITY)),
        bounds(Relu, 0.0, 0.0, 0.0, (0.0, INFINITY)),
        bounds(LeakyRelu, 1.0, 1.0, 1e-8, (-INFINITY, INFINITY)),
        bounds(Elu, 1.25, 0.0, 6e-8, (-1.0, INFINITY)),
        bounds(Selu, 2.0, 1.0, 1.6e-7, (-1.758_099_4, INFINITY)),
        bounds(Gelu, 5.5, 2.5, 2e-7, (-0.17, INFINITY)),
        bounds(GeluTanh, 3.5, 140.0, 2.3e-7, (-0.171, INFINITY)),
        bounds(Silu, 3.5, 1.5, 2.1e-7, (-0.2785, INFINITY)),
        bounds(Sigmoid, 2.5, 1.0, 1e-7, (0.0, 1.0)),
        bounds(HardSigmoid, 1.0, 0.0, 1e-8, (0.0, 1.0)),
        bounds(Tanh, 2.75, 0.0, 3.1e-7, (-1.0, 1.0)),
        bounds(Softplus, 2.5, 1.0, 1e-7, (0.0, INFINITY)),
        bounds(Softsign, 2.0, 0.0, 1.2e-7, (-1.0, 1.0)),
    ];

    /// The error of a value in the units of [`Bounds`] that is stated for it.
    fn allowance(bounds: Bounds, x: f64, want: f64) -> f64 {
        match bounds.function {
            _ if want.abs() < f64::from(f32::MIN_POSITIVE) => bounds.subnormal,
            // The exponential magnifies the roundings of its argument u.
            GeluTanh => {
                let x = x.clamp(-15.0, 0.0);
                bounds.ulps + 3.0 * (x * (GELU_TANH_LINEAR + GELU_TANH_CUBIC * x * x)).abs()
            }
            _ => bounds.ulps,
        }
    }

    /// [`sweep`] over all floats, twenty times as dense where functions bend, and every float next to where a formula changes or a
    /// result becomes zero, subnormal or infinite.
    fn dense_sweep() -> Vec<f32> {
        let between = (0x3C80_0000..0x4300_0000).step_by(503);
        let corners = [
            0.0f32, 0.5, 1.0, 1.5, 3.0, 4.4954, 10.0, 13.2, 14.3, 17.3, 20.0, 87.34, 88.72, 92.0, 103.97,
            108.7,
        ];
        let near = corners.into_iter().flat_map(|x| x.to_bits().saturating_sub(300)..x.to_bits() + 300);
        let dense = between.chain(near).map(f32::from_bits).flat_map(|x| [x, -x]);
        sweep(20_011).into_iter().chain(dense).collect()
    }

    #[test]
    fn values_keep_their_stated_error_and_range() {
        let x = dense_sweep();
        for bounds in BOUNDS {
            let Bounds { function, range, .. } = bounds;
            let want: Vec<f64> = x.iter().map(|&x| reference::value(function, f64::from(x))).collect();
            for isa in Isa::available() {
                let mut y = x.clone();
                map_with(isa, function, 1, &mut y);
                for ((&x, &y), &want) in x.iter().zip(&y).zip(&want) {
                    let allowed = allowance(bounds, f64::from(x), want);
                    let has_tail = matches!(function, Gelu | GeluTanh | Silu | Sigmoid | Softplus);
                    let is_flushed = has_tail && y == 0.0 && want.abs() < 6e-29;
                    assert!(
                        is_flushed || within(y, want, allowed),
                        "{isa}: {function:?}({x:e}) = {y:e}, not {want:e}: {:.2} units, stated are {allowed}",
                        (f64::from(y) - want).abs() / ulp(want)
                    );
                    assert!(
                        (range.0..=range.1).contains(&y) || x.is_nan(),
                        "{isa}: {function:?}({x:e}) = {y:e}"
                    );
                    assert_eq!(y.is_nan(), x.is_nan(), "{isa}: {function:?}({x:e}) = {y:e}");
                }
            }
        }
    }

    #[test]
    fn derivatives_at_every_argument_are_within_their_stated_error() {
        let x = dense_sweep();
        // Where the value is rounded to that of the bend.
        let next_to_bend = |x: f32| (3.0 - x.abs()).abs() < 1e-6;
        for Bounds { function, derivative, .. } in BOUNDS {
            let want: Vec<f64> = x
                .iter()
                .map(|&x| match function.kept() {
                    Kept::Output => reference::value(function, f64::from(x)),
                    Kept::Preactivation => f64::from(x),
                })
                .map(|kept| reference::derivative(function, kept))
                .collect();
            for isa in Isa::available() {
                let mut kept = x.clone();
                if function.kept() == Kept::Output {
                    map_with(isa, function, 1, &mut kept);
                }
                let mut grad = vec![1.0; x.len()];
                map_gradient_with(isa, function, 1, &kept, &mut grad);
                for ((&x, &grad), &want) in x.iter().zip(&grad).zip(&want) {
                    let is_close = (f64::from(grad) - want).abs() <= derivative || function == Linear;
                    let is_other_side = function == HardSigmoid && next_to_bend(x);
                    assert!(
                        is_close || x.is_nan() || is_other_side,
                        "{isa}: {function:?}′({x:e}) = {grad:e}, not {want:e}"
                    );
                    assert_eq!(
                        grad.is_nan(),
                        x.is_nan() && function != Linear,
                        "{isa}: {function:?}′({x:e}) = {grad:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn hard_sigmoid_keeps_its_digits_at_its_bends() {
        for isa in Isa::available() {
            // (x + 3)/6 by hand: the sum is exact.
            let mut y = [-2.999_887_7f32, -3.0, -2.999_999_8, 3.0, -7.0, 7.0];
            let x = y;
            map_with(isa, HardSigmoid, 1, &mut y);
            assert_eq!(y[0], (x[0] + 3.0) / 6.0, "{isa}");
            assert_eq!(y[2], 2f32.powi(-22) / 6.0, "{isa}");
            assert_eq!([y[1], y[3], y[4], y[5]], [0.0, 1.0, 0.0, 1.0], "{isa}");
        }
    }

    #[test]
    fn a_nan_that_was_kept_makes_every_gradient_nan() {
        for Bounds { function, .. } in BOUNDS {
            for isa in Isa::available() {
                // A lane of its own, and the end that is less than a vector.
                let mut kept = [0.5f32; 37];
                (kept[5], kept[36]) = (f32::NAN, -f32::NAN);
                for start in [1.0, 0.0] {
                    let mut grad = [start; 37];
                    map_gradient_with(isa, function, 1, &kept, &mut grad);
                    let places: Vec<_> = (0..37).filter(|&i| grad[i].is_nan()).collect();
                    let expected: &[usize] = if function == Linear { &[] } else { &[5, 36] };
                    assert_eq!(places, expected, "{isa}: {function:?}");
                }
            }
            let mut grad = [1.0f64];
            f64::map_gradient(function, 1, &[f64::NAN], &mut grad);
            assert_eq!(grad[0].is_nan(), function != Linear, "{function:?}");
        }
    }

    #[test]
    fn reference_derivatives_agree_with_central_differences() {
        for Bounds { function, .. } in BOUNDS {
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
            for Bounds { function, .. } in BOUNDS {
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
