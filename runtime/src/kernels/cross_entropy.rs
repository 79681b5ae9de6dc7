//! Cross-entropy of one sample from its logits, and the gradient by them.
//!
//! Every exponential is taken of a number that is not positive, so any finite logits give a finite loss; a NaN
//! gives NaN. Sums are f64. The gradient is `softmax(z) − t` or `sigmoid(z) − t`, which the caller has half done.

use super::function::{Function, Map};
use super::softmax::SoftmaxRows;

/// Which of `N` classes a sample belongs to, or how probable each is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// The class.
    Class(usize),
    /// The probability of each class.
    Distribution(&'a [f32]),
}

/// Logits whose exponentials are taken at a time.
const CHUNK: usize = 64;

/// `log Σⱼ exp(zⱼ − max z)` and `max z`; both NaN if a logit is.
fn shifted_log_sum_exp(logits: &[f32]) -> (f64, f32) {
    let max = logits.iter().fold(f32::NEG_INFINITY, |max, &z| if z > max || z.is_nan() { z } else { max });
    let mut shifted = [0.0; CHUNK];
    let mut sum = 0.0;
    for chunk in logits.chunks(CHUNK) {
        let shifted = &mut shifted[..chunk.len()];
        for (shifted, z) in shifted.iter_mut().zip(chunk) {
            *shifted = z - max;
        }
        sum += libm::exp(f64::from(f32::log_sum_exp(shifted)));
    }
    (libm::log(sum), max)
}

/// `Σᵢ tᵢ·(log Σⱼ exp zⱼ − zᵢ)`: the cross-entropy of `target` and `softmax(logits)`.
///
/// # Panics
/// If the target is no class of `logits`, or not as long.
pub fn categorical(target: Target<'_>, logits: &[f32]) -> f64 {
    let (log_sum, max) = shifted_log_sum_exp(logits);
    let surprise = |z: f32| log_sum + (f64::from(max) - f64::from(z));
    match target {
        Target::Class(class) => surprise(logits[class]),
        Target::Distribution(t) => {
            assert_eq!(t.len(), logits.len(), "categorical: one probability for each logit");
            // An impossible class costs nothing, also where its logit is −∞.
            let cost =
                |(&t, &z): (&f32, &f32)| if t == 0.0 { log_sum * 0.0 } else { f64::from(t) * surprise(z) };
            t.iter().zip(logits).map(cost).sum()
        }
    }
}

/// `p ← (p·Σt − t)·scale`: from `softmax(logits)` to `scale` times the gradient of [`categorical`] by the logits.
///
/// # Panics
/// If the target is no class of `probabilities`, or not as long.
pub fn categorical_gradient(target: Target<'_>, scale: f32, probabilities: &mut [f32]) {
    match target {
        Target::Class(class) => {
            probabilities[class] -= 1.0;
            probabilities.iter_mut().for_each(|p| *p *= scale);
        }
        Target::Distribution(t) => {
            assert_eq!(t.len(), probabilities.len(), "categorical_gradient: one probability for each logit");
            let sum = t.iter().map(|&t| f64::from(t)).sum::<f64>() as f32;
            probabilities.iter_mut().zip(t).for_each(|(p, t)| *p = (*p * sum - t) * scale);
        }
    }
}

/// `Σᵢ (log(1 + exp zᵢ) − tᵢ·zᵢ)`: the cross-entropies of the probabilities `target(i)` and `sigmoid(logits)`.
pub fn binary(target: impl Fn(usize) -> f32, logits: &[f32]) -> f64 {
    let mut softplus = [0.0; CHUNK];
    let mut sum = 0.0;
    for (start, chunk) in (0..).step_by(CHUNK).zip(logits.chunks(CHUNK)) {
        // log(1 + exp z) = max(z, 0) + log(1 + exp(−|z|))
        let softplus = &mut softplus[..chunk.len()];
        for (softplus, z) in softplus.iter_mut().zip(chunk) {
            *softplus = -z.abs();
        }
        f32::map(Function::Softplus, softplus.len(), softplus);
        for (i, (&z, &softplus)) in chunk.iter().zip(&*softplus).enumerate() {
            let t = f64::from(target(start + i));
            let missing = if z > 0.0 { 1.0 - t } else { t };
            // A certainty that is right costs nothing, also where its logit is infinite.
            let linear = if missing == 0.0 { 0.0 } else { missing * f64::from(z.abs()) };
            sum += f64::from(softplus) + linear;
        }
    }
    sum
}

/// `p ← (p − t)·scale`: from `sigmoid(logits)` to `scale` times the gradient of [`binary`] by the logits.
pub fn binary_gradient(target: impl Fn(usize) -> f32, scale: f32, probabilities: &mut [f32]) {
    for (i, p) in probabilities.iter_mut().enumerate() {
        *p = (*p - target(i)) * scale;
    }
}

/// The definitions, in f64: textbook formulas, by which the functions above are judged and their gradients checked.
pub mod reference {
    /// `log Σⱼ exp zⱼ`
    pub fn log_sum_exp(logits: &[f64]) -> f64 {
        let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        max + libm::log(logits.iter().map(|z| libm::exp(z - max)).sum())
    }

    /// `−Σᵢ tᵢ·log softmax(z)ᵢ`
    pub fn categorical(target: &[f64], logits: &[f64]) -> f64 {
        let log_sum_exp = log_sum_exp(logits);
        target.iter().zip(logits).map(|(t, z)| t * (log_sum_exp - z)).sum()
    }

    /// `(softmax(z)ᵢ·Σt − tᵢ)·scale`
    pub fn categorical_gradient(target: &[f64], scale: f64, logits: &[f64], gradient: &mut [f64]) {
        let (log_sum_exp, sum) = (log_sum_exp(logits), target.iter().sum::<f64>());
        for ((gradient, t), z) in gradient.iter_mut().zip(target).zip(logits) {
            *gradient = (libm::exp(z - log_sum_exp) * sum - t) * scale;
        }
    }

    /// `−Σᵢ (tᵢ·log σ(zᵢ) + (1 − tᵢ)·log σ(−zᵢ))`, where `−log σ(z) = log(1 + exp(−z))`
    pub fn binary(target: &[f64], logits: &[f64]) -> f64 {
        let softplus =
            |z: f64| if z > 0.0 { z + libm::log1p(libm::exp(-z)) } else { libm::log1p(libm::exp(z)) };
        target.iter().zip(logits).map(|(t, &z)| t * softplus(-z) + (1.0 - t) * softplus(z)).sum()
    }

    /// `(σ(zᵢ) − tᵢ)·scale`
    pub fn binary_gradient(target: &[f64], scale: f64, logits: &[f64], gradient: &mut [f64]) {
        for ((gradient, t), z) in gradient.iter_mut().zip(target).zip(logits) {
            *gradient = (1.0 / (1.0 + libm::exp(-z)) - t) * scale;
        }
    }
}
