//! Losses that compare number with number, after any activation: a value's loss is a function of the prediction `y`
//! and the target `t`, a sample's loss is the mean over its values.

use super::settings::with_settings;
use super::{LabelError, Loss, OfPredictions, SettingError, through_head};
use crate::kernels::Activation;
use crate::schema::FloatArray;
use crate::schema::label::{FloatLabel, check_finite, check_not_negative};
use crate::schema::setting::{POSITIVE, check};

/// What Keras keeps denominators and logarithms away from zero by (`keras.config.epsilon()`).
const EPSILON: f64 = 1e-7;

/// Mean of `(y − t)²` over the values of a sample.
///
/// Gradient by `y`: `2·(y − t) / (values · batch)`, led back through the model's last activation.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{Loss, MeanSquaredError};
///
/// let loss = &MeanSquaredError as &dyn Loss<Linear, [f32; 2], [f32; 2]>;
/// let mut gradient = [0.0; 2];
/// assert_eq!(loss.evaluate(&[[1.0, 5.0]], None, &mut [4.0, 4.0], Some(&mut gradient)), (9.0 + 1.0) / 2.0);
/// assert_eq!(gradient, [3.0, -1.0]);
/// ```
#[doc(alias = "MSELoss")]
#[doc(alias = "mse")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanSquaredError;

/// Mean of `|y − t|` over the values of a sample.
///
/// Gradient by `y`: `sign(y − t) / (values · batch)`, zero where `y = t`, led back through the model's last activation.
///
/// ```
/// use typenet_runtime::kernels::activation::Relu;
/// use typenet_runtime::losses::{Loss, MeanAbsoluteError};
///
/// let loss = &MeanAbsoluteError as &dyn Loss<Relu, [f32; 2], [f32; 2]>;
/// let (mut logits, mut gradient) = ([4.0, -1.0], [0.0; 2]);
/// assert_eq!(loss.evaluate(&[[1.0, 1.0]], None, &mut logits, Some(&mut gradient)), (3.0 + 1.0) / 2.0);
/// // Where `relu` is flat nothing leads back.
/// assert_eq!((logits, gradient), ([4.0, 0.0], [0.5, 0.0]));
/// ```
#[doc(alias = "L1Loss")]
#[doc(alias = "mae")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanAbsoluteError;

/// Mean of `100·|y − t| / max(|t|, ε)` over the values of a sample; ε = 1e-7 (Keras).
///
/// A target of zero makes its loss a billion times the error: such data want another loss.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{Loss, MeanAbsolutePercentageError};
///
/// let loss = &MeanAbsolutePercentageError as &dyn Loss<Linear, [f32; 1], f32>;
/// assert_eq!(loss.evaluate(&[200.0], None, &mut [190.0], None), 5.0);
/// ```
#[doc(alias = "mape")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanAbsolutePercentageError;

/// Mean of `(log(1 + max(y, ε)) − log(1 + max(t, ε)))²` over the values of a sample; ε = 1e-7 (Keras).
///
/// Numbers below ε count as ε, so a prediction below it has no gradient.
///
/// ```
/// use typenet_runtime::kernels::activation::Softplus;
/// use typenet_runtime::losses::{Loss, MeanSquaredLogarithmicError};
///
/// let loss = &MeanSquaredLogarithmicError as &dyn Loss<Softplus, [f32; 1], f32>;
/// let (mut logits, mut gradient) = ([4.0], [0.0]);
/// assert!(loss.evaluate(&[1.0], None, &mut logits, Some(&mut gradient)) > 0.0);
/// assert!(gradient[0] > 0.0);
/// ```
#[doc(alias = "msle")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeanSquaredLogarithmicError;

with_settings! {
    /// Mean over the values of a sample of `½e²` where `|e| ≤ δ`, else `δ·|e| − ½δ²`, with `e = y − t`: squared near
    /// the target, absolute far from it.
    ///
    /// Gradient by `y`: `e` kept in `[−δ, δ]`, over `values · batch`.
    ///
    /// ```
    /// use typenet_runtime::kernels::activation::Linear;
    /// use typenet_runtime::losses::{Huber, Loss};
    ///
    /// let loss = &Huber.delta(0.5) as &dyn Loss<Linear, [f32; 1], f32>;
    /// assert_eq!(loss.evaluate(&[0.0, 0.0], None, &mut [0.25, 2.0], None), 0.03125 + 0.875);
    /// ```
    ///
    /// # References
    /// Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.
    #[doc(alias = "HuberLoss")]
    #[doc(alias = "SmoothL1Loss")]
    pub struct Huber {
        /// δ, above 0: where the loss turns from squared to absolute; 1 by default, as in Keras.
        delta: f64 = 1.0,
    }
}

/// Mean of `log cosh(y − t)` over the values of a sample: about `½e²` near the target, `|e| − log 2` far from it.
///
/// Gradient by `y`: `tanh(y − t) / (values · batch)`.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{LogCosh, Loss};
///
/// let loss = &LogCosh as &dyn Loss<Linear, [f32; 1], f32>;
/// assert_eq!(loss.evaluate(&[0.0], None, &mut [1000.0], None), 1000.0 - 2.0f64.ln());
/// ```
///
/// # References
/// Saleh & Saleh, "Statistical properties of the log-cosh loss function used in machine learning", arXiv 2208.04564, 2022;
/// `keras.losses.LogCosh`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogCosh;

/// Mean of `y − t·log(y + ε)` over the values of a sample, the negative log-likelihood of counts `t` of mean `y` without
/// the part that no prediction changes; ε = 1e-7 (Keras).
///
/// For heads that give no number below zero, such as `softplus`; of others the loss is NaN. Targets are not negative.
///
/// ```
/// use typenet_runtime::kernels::activation::Softplus;
/// use typenet_runtime::losses::{LabelError, Loss, Poisson};
///
/// let loss = &Poisson as &dyn Loss<Softplus, [f32; 1], f32>;
/// assert!(matches!(loss.check_labels(&[3.0, -1.0]), Err(LabelError::Negative { index: 1, .. })));
/// ```
///
/// # References
/// Nelder & Wedderburn, "Generalized Linear Models", Journal of the Royal Statistical Society A 135, 1972, for the likelihood;
/// `keras.losses.Poisson` for the formula.
#[doc(alias = "PoissonNLLLoss")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Poisson;

/// A loss of one's own: the mean over the values of a sample of what a closure says.
///
/// The closure takes the prediction `y` and the target `t` and gives the loss and its derivative by `y`; the derivative is
/// led back through the model's last activation.
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{self, Loss};
///
/// // The pinball loss, whose minimum is the 90 % quantile.
/// let quantile = losses::from_fn(|y: f64, t: f64| if t > y { (0.9 * (t - y), -0.9) } else { (0.1 * (y - t), 0.1) });
/// let loss = &quantile.named("quantile_90") as &dyn Loss<Linear, [f32; 1], f32>;
/// let mut gradient = [0.0; 2];
/// assert_eq!(loss.evaluate(&[1.0, 1.0], None, &mut [3.0, 0.0], Some(&mut gradient)), 0.2 + 0.9);
/// assert_eq!(gradient, [0.05, -0.45]);
/// ```
pub const fn from_fn<F: Fn(f64, f64) -> (f64, f64)>(function: F) -> FromFn<F> {
    FromFn { function, name: "custom_loss" }
}

/// What [`from_fn`] makes.
///
/// Of a function without state it has a type that can be written:
///
/// ```
/// use typenet_runtime::kernels::activation::Linear;
/// use typenet_runtime::losses::{FromFn, Loss, from_fn};
///
/// const FOURTH_POWER: FromFn<fn(f64, f64) -> (f64, f64)> =
///     from_fn(|y, t| ((y - t).powi(4), 4.0 * (y - t).powi(3)));
///
/// let loss = &FOURTH_POWER.named("fourth_power") as &dyn Loss<Linear, [f32; 1], f32>;
/// assert_eq!((loss.name(), loss.evaluate(&[1.0], None, &mut [3.0], None)), ("fourth_power", 16.0));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FromFn<F> {
    function: F,
    name: &'static str,
}

impl<F> FromFn<F> {
    /// With a name of its own; `custom_loss` by default.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

/// `log cosh e`, also where it is tiny: `cosh e = 1 + 2·sinh²(e/2)`.
fn log_cosh(e: f64) -> f64 {
    let size = e.abs();
    if size < 1.0 {
        let half = libm::sinh(0.5 * e);
        libm::log1p(2.0 * half * half)
    } else {
        size + libm::log1p(libm::exp(-2.0 * size)) - core::f64::consts::LN_2
    }
}

/// −1, 0 or 1; NaN of NaN.
fn sign(e: f64) -> f64 {
    if e == 0.0 { 0.0 } else { e.signum() }
}

/// [`Loss`] and [`OfPredictions`] of a function of prediction and target that gives value and derivative.
macro_rules! pointwise {
    (
        [$($generic:ident: $bound:path)?] $loss:ty, $name:expr, $check:expr, $settings:expr, $validate:expr,
        |$this:ident, $y:ident, $t:ident| $pair:expr
    ) => {
        impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output> $(, $generic)?>
            Loss<Head, Output, Label> for $loss
        $(where $generic: Fn(f64, f64) -> (f64, f64) + Send + Sync)?
        {
            #[allow(unused_variables)]
            fn name(&self) -> &'static str {
                let $this = self;
                $name
            }

            #[allow(unused_variables)]
            fn settings(&self) -> Vec<(&'static str, f64)> {
                let $this = self;
                $settings
            }

            #[allow(unused_variables)]
            fn validate(&self) -> Result<(), SettingError> {
                let $this = self;
                $validate
            }

            fn check_labels(&self, labels: &[Label]) -> Result<(), LabelError> {
                $check(Output::LEN, Label::values(labels))
            }

            fn evaluate(
                &self,
                labels: &[Label],
                weights: Option<&[f32]>,
                logits: &mut [f32],
                gradient: Option<&mut [f32]>,
            ) -> f64 {
                let $this = self;
                let pair = |$y: f64, $t: f64| $pair;
                evaluate::<Head, Output>(Label::values(labels), weights, logits, gradient, pair)
            }
        }

        impl<Head: Activation, Output: FloatArray, Label: FloatLabel<Output> $(, $generic)?>
            OfPredictions<Head, Output, Label> for $loss
        $(where $generic: Fn(f64, f64) -> (f64, f64) + Send + Sync)?
        {
            fn of_predictions(&self, labels: &[Label], predictions: &[Output]) -> f64 {
                let $this = self;
                let pair = |$y: f64, $t: f64| $pair;
                let rows = Output::values(predictions).chunks_exact(Output::LEN);
                rows.zip(Label::values(labels).chunks_exact(Output::LEN)).map(|(y, t)| mean(y, t, pair)).sum()
            }
        }
    };
}

pointwise! {
    [] MeanSquaredError, "mean_squared_error", check_finite, Vec::new(), Ok(()),
    |_this, y, t| ((y - t) * (y - t), 2.0 * (y - t))
}
pointwise! {
    [] MeanAbsoluteError, "mean_absolute_error", check_finite, Vec::new(), Ok(()),
    |_this, y, t| ((y - t).abs(), sign(y - t))
}
pointwise! {
    [] MeanAbsolutePercentageError, "mean_absolute_percentage_error", check_finite, Vec::new(), Ok(()),
    |_this, y, t| {
        let scale = 100.0 / t.abs().max(EPSILON);
        (scale * (y - t).abs(), scale * sign(y - t))
    }
}
pointwise! {
    [] MeanSquaredLogarithmicError, "mean_squared_logarithmic_error", check_finite, Vec::new(), Ok(()),
    |_this, y, t| {
        // Not `max`, which would hide a NaN.
        let kept = if y < EPSILON { EPSILON } else { y };
        let error = libm::log1p(kept) - libm::log1p(t.max(EPSILON));
        (error * error, if y < EPSILON { 0.0 } else { 2.0 * error / (1.0 + y) })
    }
}
pointwise! {
    [] Huber, "huber", check_finite, this.by_name(), check("Huber", &[("delta", this.delta, POSITIVE)]),
    |this, y, t| {
        let (e, delta) = (y - t, this.delta);
        let value = if e.abs() <= delta { 0.5 * e * e } else { delta * e.abs() - 0.5 * delta * delta };
        (value, e.clamp(-delta, delta))
    }
}
pointwise! {
    [] LogCosh, "log_cosh", check_finite, Vec::new(), Ok(()),
    |_this, y, t| (log_cosh(y - t), libm::tanh(y - t))
}
pointwise! {
    [] Poisson, "poisson", check_not_negative, Vec::new(), Ok(()),
    |_this, y, t| (y - t * libm::log(y + EPSILON), 1.0 - t / (y + EPSILON))
}
pointwise! {
    [F: Fn] FromFn<F>, this.name, check_finite, Vec::new(), Ok(()),
    |this, y, t| (this.function)(y, t)
}

/// Mean over the values of a sample.
fn mean(y: &[f32], t: &[f32], pair: impl Fn(f64, f64) -> (f64, f64)) -> f64 {
    let sum: f64 = y.iter().zip(t).map(|(&y, &t)| pair(f64::from(y), f64::from(t)).0).sum();
    sum / y.len() as f64
}

fn evaluate<Head: Activation, Output: FloatArray>(
    targets: &[f32],
    weights: Option<&[f32]>,
    logits: &mut [f32],
    gradient: Option<&mut [f32]>,
    pair: impl Fn(f64, f64) -> (f64, f64),
) -> f64 {
    let len = Output::LEN;
    let target = |sample: usize| &targets[sample * len..][..len];
    let slopes = |sample: usize, scale: f64, y: &mut [f32]| {
        let scale = scale / len as f64;
        for (y, &t) in y.iter_mut().zip(target(sample)) {
            *y = (pair(f64::from(*y), f64::from(t)).1 * scale) as f32;
        }
    };
    let value = |sample: usize, y: &[f32]| mean(y, target(sample), &pair);
    through_head::<Head, Output>(targets.len() / len, weights, logits, gradient, value, slopes)
}
