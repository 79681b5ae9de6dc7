//! Cross-entropy of one sample from its logits, and the gradient by them.
//!
//! Every exponential is taken of a number that is not positive, so any finite logits give a finite loss; a NaN
//! gives NaN. Sums are f64. The gradient is `softmax(z) − t` or `sigmoid(z) − t`, which the caller has half done.

use core::fmt;

use super::function::{Function, Map};
use super::softmax::shifted_sum_exp;
use crate::brief::Brief;
use crate::hardware::isa::isa;

/// Which of `N` classes a sample belongs to, or how probable each is.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::{Target, categorical};
///
/// let logits = [2.0, 0.0];
/// let class = categorical(Target::Class(0), &logits);
/// let distribution = categorical(Target::Distribution(&[1.0, 0.0]), &logits);
/// assert_eq!(class, distribution);
/// ```
#[derive(Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// The class.
    Class(usize),
    /// The probability of each class.
    Distribution(&'a [f32]),
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => f.debug_tuple("Class").field(class).finish(),
            Self::Distribution(shares) => f.debug_tuple("Distribution").field(&Brief(shares)).finish(),
        }
    }
}

impl Target<'_> {
    /// `tᵢ`: the probability of class `i`.
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::Target;
    ///
    /// assert_eq!(Target::Class(2).probability(2), 1.0);
    /// assert_eq!(Target::Distribution(&[0.25, 0.75]).probability(0), 0.25);
    /// ```
    pub fn probability(&self, i: usize) -> f64 {
        match self {
            Self::Class(class) => f64::from(u8::from(*class == i)),
            Self::Distribution(t) => f64::from(t[i]),
        }
    }

    /// `(1 − smoothing)·tᵢ + smoothing / classes`: the probability of class `i`, moved towards equal probabilities.
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::Target;
    ///
    /// assert_eq!([0, 1].map(|i| Target::Class(0).smoothed(0.5, 2, i)), [0.75, 0.25]);
    /// ```
    pub fn smoothed(&self, smoothing: f64, classes: usize, i: usize) -> f64 {
        (1.0 - smoothing) * self.probability(i) + smoothing / classes as f64
    }
}

/// Logits whose exponentials are taken and added in f32 at a time.
const CHUNK: usize = 64;

/// `log Σⱼ exp(zⱼ − max z)` and `max z`; both NaN if a logit is.
fn shifted_log_sum_exp(logits: &[f32]) -> (f64, f32) {
    let max = logits.iter().fold(f32::NEG_INFINITY, |max, &z| if z > max || z.is_nan() { z } else { max });
    let sums = logits.chunks(CHUNK).map(|chunk| f64::from(shifted_sum_exp(isa(), chunk, max)));
    (libm::log(sums.sum()), max)
}

/// `Σᵢ tᵢ·(log Σⱼ exp zⱼ − zᵢ)`: the cross-entropy of `target` and `softmax(logits)`.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::{Target, categorical};
///
/// // A class that is as good as impossible costs what its logit lacks, and does not overflow.
/// assert_eq!(categorical(Target::Class(0), &[1000.0, 0.0]), 0.0);
/// assert_eq!(categorical(Target::Class(1), &[1000.0, 0.0]), 1000.0);
/// let equal = categorical(Target::Distribution(&[0.25, 0.75]), &[3.0, 3.0]);
/// assert!((equal - 2f64.ln()).abs() < 1e-6);
/// ```
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
/// ```
/// use typenet_runtime::kernels::cross_entropy::{Target, categorical_gradient};
///
/// let mut gradient = [0.25, 0.75];
/// categorical_gradient(Target::Class(1), 2.0, &mut gradient);
/// assert_eq!(gradient, [0.5, -0.5]);
/// ```
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

/// [`categorical`] of the target that [`Target::smoothed`] moves towards equal probabilities; without smoothing the same
/// bits.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::{Target, categorical_smoothed};
///
/// // The wrong one of two classes has 0.1 / 2 of the target.
/// let loss = categorical_smoothed(Target::Class(0), 0.1, &[1000.0, 0.0]);
/// assert!((loss - 50.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// As [`categorical`].
pub fn categorical_smoothed(target: Target<'_>, smoothing: f64, logits: &[f32]) -> f64 {
    if smoothing == 0.0 {
        return categorical(target, logits);
    }
    assert_fits(target, logits.len());
    let (log_sum, max) = shifted_log_sum_exp(logits);
    let cost = |(i, &z): (usize, &f32)| match target.smoothed(smoothing, logits.len(), i) {
        0.0 => log_sum * 0.0,
        t => t * (log_sum + (f64::from(max) - f64::from(z))),
    };
    logits.iter().enumerate().map(cost).sum()
}

/// [`categorical_gradient`] of a smoothed target.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::{Target, categorical_smoothed_gradient};
///
/// let mut gradient = [0.5, 0.5];
/// categorical_smoothed_gradient(Target::Class(0), 0.5, 1.0, &mut gradient);
/// assert_eq!(gradient, [-0.25, 0.25]);
/// ```
///
/// # Panics
/// As [`categorical_gradient`].
pub fn categorical_smoothed_gradient(
    target: Target<'_>,
    smoothing: f64,
    scale: f32,
    probabilities: &mut [f32],
) {
    if smoothing == 0.0 {
        return categorical_gradient(target, scale, probabilities);
    }
    let classes = probabilities.len();
    assert_fits(target, classes);
    let sum: f64 = (0..classes).map(|i| target.smoothed(smoothing, classes, i)).sum();
    for (i, p) in probabilities.iter_mut().enumerate() {
        let distance = f64::from(*p) * sum - target.smoothed(smoothing, classes, i);
        *p = (distance * f64::from(scale)) as f32;
    }
}

/// Panics unless `target` speaks of `classes` classes.
#[track_caller]
pub(super) fn assert_fits(target: Target<'_>, classes: usize) {
    match target {
        Target::Class(class) => assert!(class < classes, "class {class} is not one of {classes}"),
        Target::Distribution(t) => assert_eq!(t.len(), classes, "one probability for each logit"),
    }
}

/// `Σᵢ (log(1 + exp zᵢ) − tᵢ·zᵢ)`: the cross-entropies of the probabilities `target(i)` and `sigmoid(logits)`.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::binary;
///
/// // Two outputs at probability one half, then one that is sure and wrong.
/// let labels = [1.0, 0.0];
/// assert!((binary(|i| labels[i], &[0.0, 0.0]) - 2.0 * 2f64.ln()).abs() < 1e-6);
/// assert_eq!(binary(|_| 0.0, &[100.0]), 100.0);
/// ```
pub fn binary(target: impl Fn(usize) -> f32, logits: &[f32]) -> f64 {
    let mut total = 0.0;
    binary_rows(logits.len(), |_, place| target(place), logits, |sum| total = sum);
    total
}

/// Gives [`binary`] of each row of `width` logits to `each`, in order; `target(row, place)` is the probability. Exponentials
/// are taken of many rows at a time.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::binary_rows;
///
/// let labels = [[1.0, 1.0], [0.0, 1.0]];
/// let mut losses = Vec::new();
/// binary_rows(2, |row, place| labels[row][place], &[1000.0; 4], |loss| losses.push(loss));
/// assert_eq!(losses, [0.0, 1000.0]);
/// ```
pub fn binary_rows(
    width: usize,
    target: impl Fn(usize, usize) -> f32,
    logits: &[f32],
    mut each: impl FnMut(f64),
) {
    let mut softplus = [0.0; CHUNK];
    let (mut row, mut place, mut sum) = (0, 0, 0.0);
    for chunk in logits.chunks(CHUNK) {
        // log(1 + exp z) = max(z, 0) + log(1 + exp(−|z|))
        let softplus = &mut softplus[..chunk.len()];
        for (softplus, z) in softplus.iter_mut().zip(chunk) {
            *softplus = -z.abs();
        }
        f32::map(Function::Softplus, softplus.len(), softplus);
        for (&z, &softplus) in chunk.iter().zip(&*softplus) {
            let t = f64::from(target(row, place));
            let missing = if z > 0.0 { 1.0 - t } else { t };
            // A certainty that is right costs nothing, also where its logit is infinite.
            let linear = if missing == 0.0 { 0.0 } else { missing * f64::from(z.abs()) };
            sum += f64::from(softplus) + linear;
            place += 1;
            if place == width {
                each(sum);
                (row, place, sum) = (row + 1, 0, 0.0);
            }
        }
    }
}

/// `p ← (p − t)·scale`: from `sigmoid(logits)` to `scale` times the gradient of [`binary`] by the logits.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::binary_gradient;
///
/// let mut gradient = [0.75, 0.25];
/// binary_gradient(|_| 1.0, 2.0, &mut gradient);
/// assert_eq!(gradient, [-0.5, -1.5]);
/// ```
pub fn binary_gradient(target: impl Fn(usize) -> f32, scale: f32, probabilities: &mut [f32]) {
    for (i, p) in probabilities.iter_mut().enumerate() {
        *p = (*p - target(i)) * scale;
    }
}

/// The definitions, in f64: textbook formulas, by which the functions above are judged and their gradients checked.
pub mod reference {
    /// `log Σⱼ exp zⱼ`
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::reference::log_sum_exp;
    ///
    /// assert!((log_sum_exp(&[1.0, 1.0]) - (1.0 + 2f64.ln())).abs() < 1e-15);
    /// ```
    pub fn log_sum_exp(logits: &[f64]) -> f64 {
        let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        max + libm::log(logits.iter().map(|z| libm::exp(z - max)).sum())
    }

    /// `−Σᵢ tᵢ·log softmax(z)ᵢ`
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::reference::categorical;
    ///
    /// assert!((categorical(&[0.0, 1.0], &[0.0, 0.0]) - 2f64.ln()).abs() < 1e-15);
    /// ```
    pub fn categorical(target: &[f64], logits: &[f64]) -> f64 {
        let log_sum_exp = log_sum_exp(logits);
        target.iter().zip(logits).map(|(t, z)| t * (log_sum_exp - z)).sum()
    }

    /// `(softmax(z)ᵢ·Σt − tᵢ)·scale`
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::reference::categorical_gradient;
    ///
    /// let mut gradient = [f64::NAN; 2];
    /// categorical_gradient(&[0.0, 1.0], 2.0, &[0.0, 0.0], &mut gradient);
    /// assert!((gradient[0] - 1.0).abs() < 1e-15 && (gradient[1] + 1.0).abs() < 1e-15);
    /// ```
    pub fn categorical_gradient(target: &[f64], scale: f64, logits: &[f64], gradient: &mut [f64]) {
        let (log_sum_exp, sum) = (log_sum_exp(logits), target.iter().sum::<f64>());
        for ((gradient, t), z) in gradient.iter_mut().zip(target).zip(logits) {
            *gradient = (libm::exp(z - log_sum_exp) * sum - t) * scale;
        }
    }

    /// `−Σᵢ (tᵢ·log σ(zᵢ) + (1 − tᵢ)·log σ(−zᵢ))`, where `−log σ(z) = log(1 + exp(−z))`
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::reference::binary;
    ///
    /// assert!((binary(&[1.0], &[0.0]) - 2f64.ln()).abs() < 1e-15);
    /// ```
    pub fn binary(target: &[f64], logits: &[f64]) -> f64 {
        let softplus =
            |z: f64| if z > 0.0 { z + libm::log1p(libm::exp(-z)) } else { libm::log1p(libm::exp(z)) };
        target.iter().zip(logits).map(|(t, &z)| t * softplus(-z) + (1.0 - t) * softplus(z)).sum()
    }

    /// `(σ(zᵢ) − tᵢ)·scale`
    ///
    /// ```
    /// use typenet_runtime::kernels::cross_entropy::reference::binary_gradient;
    ///
    /// let mut gradient = [f64::NAN; 2];
    /// binary_gradient(&[1.0, 0.0], 2.0, &[0.0, 0.0], &mut gradient);
    /// assert_eq!(gradient, [-1.0, 1.0]);
    /// ```
    pub fn binary_gradient(target: &[f64], scale: f64, logits: &[f64], gradient: &mut [f64]) {
        for ((gradient, t), z) in gradient.iter_mut().zip(target).zip(logits) {
            *gradient = (1.0 / (1.0 + libm::exp(-z)) - t) * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::softmax::SoftmaxRows;
    use proptest::prelude::*;
    use std::vec::Vec;

    const EPSILON: f64 = f32::EPSILON as f64;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    /// Logits of every size, also far apart, and a probability for each.
    fn rows() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        let logit = prop_oneof![-10.0f32..10.0, -1e4f32..1e4, Just(0.0), Just(1e4), Just(-1e4)];
        (1usize..150).prop_flat_map(move |n| {
            (prop::collection::vec(logit.clone(), n), prop::collection::vec(0.0f32..=1.0, n))
        })
    }

    proptest! {
        #[test]
        fn categorical_agrees_with_reference((logits, target) in rows(), class: prop::sample::Index) {
            let class = class.index(logits.len());
            let mut one_hot = std::vec![0.0; logits.len()];
            one_hot[class] = 1.0;
            // z − max is rounded once, relative to at most `spread`; exp, the sum of up to 64 and its logarithm by a
            // few units each.
            let spread = logits.iter().fold(0.0, |most: f64, z| most.max(f64::from(z.abs()))) * 2.0;
            let terms = logits.len().min(CHUNK) as f64 + 16.0;
            // exp(z − max) matters only where z − max > −104: e⁻¹⁰⁴ is below the smallest f32.
            let tolerance = |mass: f64| mass * EPSILON * (terms + spread.min(104.0)) + 1e-12 * spread;

            let exact = reference::categorical(&one_hot, &wide(&logits));
            let found = categorical(Target::Class(class), &logits);
            prop_assert!((found - exact).abs() <= tolerance(1.0), "{found} {exact}");
            let same = one_hot.iter().map(|&t| t as f32).collect::<Vec<_>>();
            prop_assert_eq!(categorical(Target::Distribution(&same), &logits), found);

            let exact = reference::categorical(&wide(&target), &wide(&logits));
            let found = categorical(Target::Distribution(&target), &logits);
            let mass = wide(&target).iter().sum::<f64>();
            prop_assert!((found - exact).abs() <= tolerance(mass), "{found} {exact}");
        }

        #[test]
        fn categorical_gradient_agrees_with_reference((logits, target) in rows(), class: prop::sample::Index) {
            let (class, n) = (class.index(logits.len()), logits.len());
            let mut one_hot = std::vec![0.0; n];
            one_hot[class] = 1.0;
            let scale = 0.125;
            let terms = n as f64 + 16.0 + 104.0;
            for (target, one_hot) in [(Target::Class(class), one_hot), (Target::Distribution(&target), wide(&target))] {
                let mut gradient = logits.clone();
                f32::softmax_rows(n, &mut gradient);
                categorical_gradient(target, scale, &mut gradient);
                let mut exact = std::vec![0.0; n];
                reference::categorical_gradient(&one_hot, f64::from(scale), &wide(&logits), &mut exact);
                let mass = one_hot.iter().sum::<f64>().max(1.0);
                for (found, exact) in gradient.iter().zip(&exact) {
                    let tolerance = f64::from(scale) * mass * EPSILON * terms;
                    prop_assert!((f64::from(*found) - exact).abs() <= tolerance, "{found} {exact}");
                }
            }
        }

        #[test]
        fn smoothed_categorical_agrees_with_reference_of_the_moved_target(
            (logits, target) in rows(), class: prop::sample::Index, smoothing in 0.0f64..=1.0,
        ) {
            let (class, n) = (class.index(logits.len()), logits.len());
            let moved = |t: f64| (1.0 - smoothing) * t + smoothing / n as f64;
            let one_hot: Vec<f64> = (0..n).map(|i| moved(f64::from(u8::from(i == class)))).collect();
            let soft: Vec<f64> = target.iter().map(|&t| moved(f64::from(t))).collect();
            let spread = logits.iter().fold(0.0, |most: f64, z| most.max(f64::from(z.abs()))) * 2.0;
            let terms = n as f64 + 16.0 + 104.0;
            for (target, exact) in [(Target::Class(class), one_hot), (Target::Distribution(&target), soft)] {
                let mass: f64 = exact.iter().sum::<f64>().max(1.0);
                let found = categorical_smoothed(target, smoothing, &logits);
                let value = reference::categorical(&exact, &wide(&logits));
                prop_assert!((found - value).abs() <= mass * EPSILON * (terms + 1e-5 * spread), "{found} {value}");

                let (mut gradient, scale) = (logits.clone(), 0.125);
                f32::softmax_rows(n, &mut gradient);
                categorical_smoothed_gradient(target, smoothing, scale, &mut gradient);
                let mut slopes = std::vec![0.0; n];
                reference::categorical_gradient(&exact, f64::from(scale), &wide(&logits), &mut slopes);
                for (found, exact) in gradient.iter().zip(&slopes) {
                    let tolerance = f64::from(scale) * mass * EPSILON * terms;
                    prop_assert!((f64::from(*found) - exact).abs() <= tolerance, "{found} {exact}");
                }
            }
        }

        #[test]
        fn binary_agrees_with_reference((logits, target) in rows()) {
            let exact = reference::binary(&wide(&target), &wide(&logits));
            let found = binary(|i| target[i], &logits);
            // Softplus of −|z| is at most log 2 and a few units wrong; the rest is f64.
            let tolerance = logits.len() as f64 * 8.0 * EPSILON + 1e-12 * exact.abs();
            prop_assert!((found - exact).abs() <= tolerance, "{found} {exact}");

            let (mut gradient, scale) = (logits.clone(), 0.125);
            f32::map(Function::Sigmoid, logits.len(), &mut gradient);
            binary_gradient(|i| target[i], scale, &mut gradient);
            let mut exact = std::vec![0.0; logits.len()];
            reference::binary_gradient(&wide(&target), f64::from(scale), &wide(&logits), &mut exact);
            for (found, exact) in gradient.iter().zip(&exact) {
                prop_assert!((f64::from(*found) - exact).abs() <= f64::from(scale) * 8.0 * EPSILON, "{found} {exact}");
            }
        }
    }

    #[test]
    fn many_rows_have_the_bits_of_each_alone() {
        for width in [1, 3, 10, 63, 64, 65, 200] {
            let rows = 150 / width + 2;
            let values = |step: usize| (0..rows * width).map(move |i| (i * step % 211) as f32 / 211.0);
            let logits: Vec<f32> = values(7).map(|x| 20.0 * x - 10.0).collect();
            let targets: Vec<f32> = values(31).collect();
            let mut sums = Vec::new();
            binary_rows(
                width,
                |row, place| targets[row * width + place],
                &logits,
                |sum| sums.push(sum.to_bits()),
            );
            let alone = logits.chunks(width).zip(targets.chunks(width));
            let alone: Vec<u64> = alone.map(|(logits, t)| binary(|i| t[i], logits).to_bits()).collect();
            assert_eq!(sums, alone, "{width}");
        }
    }

    #[test]
    fn references_by_hand() {
        // softmax(0, log 3) = (1/4, 3/4)
        let logits = [0.0, 3.0f64.ln()];
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-15, "{x} {y}");
        near(reference::categorical(&[1.0, 0.0], &logits), 4.0f64.ln());
        assert_eq!(Target::Class(1).smoothed(0.1, 4, 1), 0.9 + 0.025);
        assert_eq!(Target::Distribution(&[0.5, 0.5]).smoothed(0.5, 2, 0), 0.5);
        near(reference::categorical(&[0.5, 0.5], &logits), 0.5 * (4.0f64.ln() + (4.0f64 / 3.0).ln()));
        let mut gradient = [0.0; 2];
        reference::categorical_gradient(&[1.0, 0.0], 2.0, &logits, &mut gradient);
        near(gradient[0], -1.5);
        near(gradient[1], 1.5);
        // sigmoid(log 3) = 3/4
        near(reference::binary(&[1.0], &logits[1..]), (4.0f64 / 3.0).ln());
        near(reference::binary(&[0.0], &logits[1..]), 4.0f64.ln());
        reference::binary_gradient(&[0.5], 2.0, &logits[1..], &mut gradient[..1]);
        near(gradient[0], 0.5);
    }

    #[test]
    fn certain_logits_give_exact_losses() {
        let logits = [1e4, -1e4, 0.0];
        assert_eq!(categorical(Target::Class(0), &logits), 0.0);
        assert_eq!(categorical(Target::Class(1), &logits), 2e4);
        assert_eq!(categorical(Target::Class(2), &logits), 1e4);
        assert_eq!(binary(|_| 1.0, &[1e4]), 0.0);
        assert_eq!(binary(|_| 0.0, &[1e4]), 1e4);
        assert_eq!(binary(|_| 1.0, &[-1e4]), 1e4);
        assert_eq!(binary(|_| 0.0, &[-1e4]), 0.0);
    }

    #[test]
    fn impossible_classes_cost_infinitely_much_only_if_they_are_true() {
        let logits = [0.0, f32::NEG_INFINITY];
        assert_eq!(categorical(Target::Class(0), &logits), 0.0);
        assert_eq!(categorical(Target::Class(1), &logits), f64::INFINITY);
        assert_eq!(categorical(Target::Distribution(&[1.0, 0.0]), &logits), 0.0);
        assert_eq!(binary(|_| 1.0, &[f32::INFINITY]), 0.0);
        assert_eq!(binary(|_| 0.0, &[f32::INFINITY]), f64::INFINITY);
        assert_eq!(binary(|_| 0.0, &[f32::NEG_INFINITY]), 0.0);
    }

    #[test]
    fn nan_is_never_hidden() {
        for n in [1, 2, 64, 65, 130] {
            for place in [0, n / 2, n - 1] {
                let mut logits = std::vec![1.0; n];
                logits[place] = f32::NAN;
                assert!(categorical(Target::Class(n - 1), &logits).is_nan());
                assert!(categorical(Target::Distribution(&std::vec![0.0; n]), &logits).is_nan());
                assert!(binary(|_| 0.0, &logits).is_nan());
                assert!(binary(|_| 1.0, &logits).is_nan());
            }
        }
        // ∞ − ∞: no class is the most probable.
        assert!(categorical(Target::Class(0), &[f32::INFINITY, f32::INFINITY]).is_nan());
        assert!(categorical(Target::Class(0), &[f32::NEG_INFINITY; 2]).is_nan());
    }
}
