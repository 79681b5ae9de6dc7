//! Focal cross-entropy of one sample from its logits, and the gradient by them.
//!
//! The cross-entropy of each value is multiplied by `qᵞ`, where `q` is what the model gives to the wrong answer. Both
//! are computed in f64 from differences of logits, so that neither loses its digits where a model is sure of itself.
//!
//! Letters: z logit, p probability, q = 1 − p, u = −log p, t target, γ `gamma`, α `alpha`.

use super::cross_entropy::{Target, assert_fits};

/// `qᵞ⁻¹·u`, where `u/q` tends to 1 as `q` tends to 0.
fn power_before(q: f64, u: f64, gamma: f64) -> f64 {
    libm::pow(q, gamma) * if q == 0.0 { 1.0 } else { u / q }
}

/// `log(1 + eᶻ)`
fn softplus(z: f64) -> f64 {
    (if z > 0.0 { z } else { 0.0 }) + libm::log1p(libm::exp(-libm::fabs(z)))
}

/// `1 / (1 + e⁻ᶻ)`
fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-libm::fabs(z));
    if z < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// The exponent, and the share of the loss that yes and no have.
///
/// ```
/// use typenet_runtime::kernels::focal::BinaryFocus;
///
/// let focus = BinaryFocus { gamma: 2.0, alpha: None };
/// let ln_2 = 2f64.ln();
/// assert!((focus.value(1.0, 0.0) - 0.5f64.powi(2) * ln_2).abs() < 1e-15);
/// assert!((focus.of_probability(1.0, 0.5, ln_2) - 0.5f64.powi(2) * ln_2).abs() < 1e-15);
/// // Without focus: σ(z) − t.
/// let plain = BinaryFocus { gamma: 0.0, alpha: None };
/// assert!((plain.derivative(1.0, 0.0) + 0.5).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinaryFocus {
    /// γ
    pub gamma: f64,
    /// `Some(α)`: yes counts α, no `1 − α`; `None`: both count 1.
    pub alpha: Option<f64>,
}

impl BinaryFocus {
    fn weight(&self, t: f64) -> f64 {
        self.alpha.map_or(1.0, |alpha| t * alpha + (1.0 - t) * (1.0 - alpha))
    }

    /// `w·qᵞ·u` with `u = −t·log σ(z) − (1 − t)·log σ(−z)` and `q = t·σ(−z) + (1 − t)·σ(z)`. NaN if `z` is.
    pub fn value(&self, t: f64, z: f64) -> f64 {
        let (u, q) = Self::cost(t, z);
        match self.weight(t) {
            // What counts nothing costs nothing, also where `u` is infinite; NaN stays.
            0.0 => q * 0.0,
            weight => weight * libm::pow(q, self.gamma) * u,
        }
    }

    /// Derivative of [`value`](Self::value) by `z`.
    pub fn derivative(&self, t: f64, z: f64) -> f64 {
        let (u, q) = Self::cost(t, z);
        let (yes, no) = (sigmoid(z), sigmoid(-z));
        let moved = self.gamma * power_before(q, u, self.gamma) * (1.0 - 2.0 * t) * yes * no;
        // σ(z) − t, without its cancellation
        let slope = (1.0 - t) * yes - t * no;
        match self.weight(t) {
            0.0 => q * 0.0,
            weight => weight * (moved + libm::pow(q, self.gamma) * slope),
        }
    }

    /// `w·qᵞ·u` from the probability `p` of yes.
    pub fn of_probability(&self, t: f64, p: f64, u: f64) -> f64 {
        let q = t * (1.0 - p) + (1.0 - t) * p;
        match self.weight(t) {
            0.0 => q * 0.0,
            weight => weight * libm::pow(q, self.gamma) * u,
        }
    }

    /// `u` and `q`.
    fn cost(t: f64, z: f64) -> (f64, f64) {
        // A certainty that is right costs nothing, also where its logit is infinite.
        let part = |share: f64, z: f64| if share == 0.0 { 0.0 * z.signum() } else { share * softplus(z) };
        (part(t, -z) + part(1.0 - t, z), t * sigmoid(-z) + (1.0 - t) * sigmoid(z))
    }
}

/// The exponent, the weight of all classes, and how far targets are moved towards equal probabilities.
///
/// ```
/// use typenet_runtime::kernels::cross_entropy::Target;
/// use typenet_runtime::kernels::focal::CategoricalFocus;
///
/// let focus = CategoricalFocus { gamma: 2.0, alpha: 0.25, smoothing: 0.0 };
/// let loss = focus.value(Target::Class(0), &[3.0, 3.0]);
/// assert!((loss - 0.25 * 0.5f64.powi(2) * 2f64.ln()).abs() < 1e-15);
/// assert!((loss - focus.cost(1.0, 2f64.ln())).abs() < 1e-15);
/// // Without focus: softmax(z) − t.
/// let mut gradient = [3.0, 3.0];
/// CategoricalFocus { gamma: 0.0, alpha: 1.0, ..focus }.gradient(Target::Class(0), 2.0, &mut gradient);
/// assert_eq!(gradient, [-1.0, 1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoricalFocus {
    /// γ
    pub gamma: f64,
    /// α
    pub alpha: f64,
    /// As in [`Target::smoothed`].
    pub smoothing: f64,
}

/// The logarithm of the sum of exponentials of logits, in two parts that lose no digits of `log p`.
struct LogSum {
    max: f64,
    /// `log Σⱼ exp(zⱼ − max)`
    rest: f64,
}

impl LogSum {
    fn new(logits: &[f32]) -> Self {
        let largest = super::reduce::argmax(logits);
        let max = logits.get(largest).map_or(f64::NEG_INFINITY, |&z| f64::from(z));
        let others = logits.iter().enumerate().filter(|(i, _)| *i != largest);
        Self { max, rest: libm::log1p(others.map(|(_, &z)| libm::exp(f64::from(z) - max)).sum()) }
    }

    /// `u = −log p` of a logit.
    fn surprise(&self, z: f32) -> f64 {
        self.rest + (self.max - f64::from(z))
    }
}

impl CategoricalFocus {
    /// `Σᵢ α·tᵢ·qᵢᵞ·uᵢ`. NaN if a logit is.
    ///
    /// # Panics
    /// If the target is no class of `logits`, or not as long.
    pub fn value(&self, target: Target<'_>, logits: &[f32]) -> f64 {
        assert_fits(target, logits.len());
        let sum = LogSum::new(logits);
        let cost = |(i, &z): (usize, &f32)| {
            let (t, u) = (target.smoothed(self.smoothing, logits.len(), i), sum.surprise(z));
            // An impossible class costs nothing, also where its logit is −∞.
            if t == 0.0 { sum.rest * 0.0 } else { self.cost(t, u) }
        };
        logits.iter().enumerate().map(cost).sum()
    }

    /// `α·t·qᵞ·u`; zero where `α` or `t` is, also if `u` is infinite.
    pub fn cost(&self, t: f64, u: f64) -> f64 {
        if self.alpha * t == 0.0 && u == f64::INFINITY {
            return 0.0;
        }
        self.alpha * t * libm::pow(-libm::expm1(-u), self.gamma) * u
    }

    /// `z ← scale·` the derivatives of [`value`](Self::value) by the logits `z`.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    pub fn gradient(&self, target: Target<'_>, scale: f64, logits: &mut [f32]) {
        let classes = logits.len();
        assert_fits(target, classes);
        let sum = LogSum::new(logits);
        // p times the derivative by p; softmax then takes its mean away.
        let by_log = |i: usize, z: f32| {
            let (t, u) = (target.smoothed(self.smoothing, classes, i), sum.surprise(z));
            if t == 0.0 {
                return 0.0;
            }
            let (p, q) = (libm::exp(-u), -libm::expm1(-u));
            let moved = if p == 0.0 { 0.0 } else { self.gamma * p * power_before(q, u, self.gamma) };
            -self.alpha * t * (moved + libm::pow(q, self.gamma))
        };
        let all: f64 = logits.iter().enumerate().map(|(i, &z)| by_log(i, z)).sum();
        for (i, z) in logits.iter_mut().enumerate() {
            let p = libm::exp(-sum.surprise(*z));
            *z = ((by_log(i, *z) - p * all) * scale) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cross_entropy::reference;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    /// Central difference with the bound of its two errors.
    fn difference(x: f64, size: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
        let h = f64::EPSILON.cbrt() * x.abs().max(1.0);
        let slope = |h: f64| (f(x + h) - f(x - h)) / ((x + h) - (x - h));
        (slope(h), (slope(2.0 * h) - slope(h)).abs() + 64.0 * f64::EPSILON * size.max(1.0) / h)
    }

    proptest! {
        #[test]
        fn binary_agrees_with_its_formula_and_differences(
            t in prop_oneof![Just(0.0f64), Just(1.0), 0.0f64..1.0], z in -20.0f64..20.0, gamma in 0.0f64..5.0,
            alpha in prop_oneof![Just(None), (0.0..=1.0).prop_map(Some)],
        ) {
            let focus = BinaryFocus { gamma, alpha };
            let p = 1.0 / (1.0 + libm::exp(-z));
            let right = t * p + (1.0 - t) * (1.0 - p);
            let weight = alpha.map_or(1.0, |a| t * a + (1.0 - t) * (1.0 - a));
            let formula = weight * (1.0 - right).powf(gamma) * reference::binary(&[t], &[z]);
            let found = focus.value(t, z);
            // The textbook form loses digits in 1 − p, which is known within ε; the power enlarges that.
            let lost = 8.0 * f64::EPSILON * (1.0 + reference::binary(&[t], &[z])) * gamma.max(1.0)
                * if gamma < 1.0 { (1.0 - right).max(f64::EPSILON).powf(gamma - 1.0) } else { 1.0 };
            prop_assert!((found - formula).abs() <= lost, "{found} {formula}");
            let (slope, tolerance) = difference(z, found, |z| focus.value(t, z));
            prop_assert!((focus.derivative(t, z) - slope).abs() <= tolerance, "{} {slope}", focus.derivative(t, z));
        }

        #[test]
        fn categorical_agrees_with_its_formula_and_differences(
            logits in prop::collection::vec(-10.0f32..10.0, 1..20), class: prop::sample::Index, gamma in 0.0f64..5.0,
            alpha in 0.0f64..2.0, smoothing in prop_oneof![Just(0.0f64), 0.0f64..=1.0],
        ) {
            let (focus, n) = (CategoricalFocus { gamma, alpha, smoothing }, logits.len());
            let target = Target::Class(class.index(n));
            let formula = |z: &[f64]| {
                let log_sum = reference::log_sum_exp(z);
                let term = |(i, z): (usize, &f64)| {
                    let u = log_sum - z;
                    alpha * target.smoothed(smoothing, n, i) * (1.0 - libm::exp(-u)).max(0.0).powf(gamma) * u
                };
                z.iter().enumerate().map(term).sum::<f64>()
            };
            let exact = wide(&logits);
            let found = focus.value(target, &logits);
            let rounding = 64.0 * f64::EPSILON * alpha.max(1.0) * n as f64;
            // Where γ < 1 the textbook form's power enlarges the ε that 1 − p is wrong by.
            let rounding = if gamma < 1.0 { rounding.powf(0.5) } else { 20.0 * rounding };
            prop_assert!((found - formula(&exact)).abs() <= rounding, "{found} {}", formula(&exact));

            let mut gradient = logits.clone();
            focus.gradient(target, 0.5, &mut gradient);
            for (i, found) in gradient.iter().enumerate() {
                let (slope, tolerance) = difference(exact[i], found.abs().into(), |z| {
                    let mut moved = exact.clone();
                    moved[i] = z;
                    let sum = LogSum::exact(&moved);
                    moved.iter().enumerate().map(|(i, z)| {
                        focus.cost(target.smoothed(smoothing, n, i), sum.rest + (sum.max - z))
                    }).sum()
                });
                let allowed = tolerance + f64::from(f32::EPSILON) * slope.abs();
                prop_assert!((2.0 * f64::from(*found) - slope).abs() <= 2.0 * allowed, "{found} {slope}");
            }
        }
    }

    impl LogSum {
        fn exact(logits: &[f64]) -> Self {
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Self { max, rest: reference::log_sum_exp(logits) - max }
        }
    }

    #[test]
    fn without_focus_it_is_the_cross_entropy() {
        let focus = BinaryFocus { gamma: 0.0, alpha: None };
        for (t, z) in [(0.0, 3.0), (1.0, -7.5), (0.25, 0.5)] {
            let exact = reference::binary(&[t], &[z]);
            assert!((focus.value(t, z) - exact).abs() <= 4.0 * f64::EPSILON * exact.max(1.0));
        }
        let focus = CategoricalFocus { gamma: 0.0, alpha: 1.0, smoothing: 0.0 };
        let logits = [0.5, -2.0, 3.0];
        let exact = reference::categorical(&[0.0, 1.0, 0.0], &wide(&logits));
        assert!((focus.value(Target::Class(1), &logits) - exact).abs() <= 8.0 * f64::EPSILON * exact);
    }

    #[test]
    fn by_hand() {
        // p = 3/4
        let z = 3.0f64.ln();
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-7, "{x} {y}");
        let focus = BinaryFocus { gamma: 2.0, alpha: Some(0.25) };
        near(focus.value(1.0, z), 0.25 * (1.0 / 16.0) * (4.0f64 / 3.0).ln());
        near(focus.value(0.0, z), 0.75 * (9.0 / 16.0) * 4.0f64.ln());
        let focus = CategoricalFocus { gamma: 2.0, alpha: 0.5, smoothing: 0.0 };
        near(focus.value(Target::Class(0), &[0.0, z as f32]), 0.5 * (9.0 / 16.0) * 4.0f64.ln());
    }

    #[test]
    fn what_counts_nothing_costs_nothing_where_the_logit_is_infinite() {
        let infinity = f64::INFINITY;
        // Only yes counts, then only no.
        for (alpha, t, z) in [(1.0, 0.0, infinity), (0.0, 1.0, -infinity)] {
            let focus = BinaryFocus { gamma: 2.0, alpha: Some(alpha) };
            assert_eq!((focus.value(t, z), focus.derivative(t, z)), (0.0, 0.0));
            assert_eq!(focus.of_probability(t, 0.5, infinity), 0.0);
            assert!(focus.value(t, f64::NAN).is_nan() && focus.derivative(t, f64::NAN).is_nan());
        }
        let focus = CategoricalFocus { gamma: 2.0, alpha: 0.0, smoothing: 0.0 };
        assert_eq!(focus.value(Target::Class(1), &[0.0, f32::NEG_INFINITY]), 0.0);
        assert!(focus.value(Target::Class(1), &[f32::NAN, 0.0]).is_nan());
    }

    #[test]
    fn extremes_are_exact_and_nan_is_not_hidden() {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            let focus = BinaryFocus { gamma, alpha: None };
            assert_eq!((focus.value(1.0, 1e4), focus.derivative(1.0, 1e4)), (0.0, 0.0));
            assert_eq!((focus.value(0.0, 1e4), focus.derivative(0.0, 1e4)), (1e4, 1.0));
            assert_eq!((focus.value(1.0, -1e4), focus.derivative(1.0, -1e4)), (1e4, -1.0));
            assert!(focus.value(1.0, f64::NAN).is_nan() && focus.value(0.0, f64::NAN).is_nan());

            let focus = CategoricalFocus { gamma, alpha: 1.0, smoothing: 0.0 };
            let mut logits = [1e4, -1e4, 0.0];
            assert_eq!(focus.value(Target::Class(0), &logits), 0.0);
            assert_eq!(focus.value(Target::Class(1), &logits), 2e4);
            focus.gradient(Target::Class(1), 1.0, &mut logits);
            assert_eq!(logits, [1.0, -1.0, 0.0]);
            let mut sure = [1e4, -1e4, 0.0];
            focus.gradient(Target::Class(0), 1.0, &mut sure);
            assert_eq!(sure, [0.0; 3]);
            assert!(focus.value(Target::Class(0), &[0.0, f32::NAN]).is_nan());
        }
    }
}
