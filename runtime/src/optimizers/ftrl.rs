//! Follow the regularized leader.

use super::declare::{builder, elementwise, settings};
use super::{
    Condition, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, Turn, apply, beside_squares, bounded, finite,
    square,
};
use crate::kernels::flush::{SMALLEST, narrow};
use crate::kernels::update::UpdateRule;

/// Follow the regularized leader, proximal: sparse weights for wide linear models.
///
/// ```text
/// p        = −learning_rate_power,   n = initial_accumulator + squares
/// g'       = g + 2·l2_shrinkage·w
/// linear   = linear + g' − ((n + g²)ᵖ − nᵖ) / learning_rate · w
/// w        = (clip(linear, ±l1) − linear) / ((n + g²)ᵖ / learning_rate + 2·l2 + beta / learning_rate)
/// squares  = squares + g²
/// ```
///
/// There is no epsilon: `initial_accumulator` keeps the divisor above zero. A weight is a function of its sums, so the
/// first step forgets its start value but for what `linear` takes of it. With a step size of zero, or below 2⁻¹⁰⁰, nothing
/// changes; above 2¹⁰⁰ it counts as that.
///
/// ```
/// use typenet_runtime::optimizers::{Ftrl, Optimizer};
///
/// let optimizer = Ftrl::new(0.5).initial_accumulator(7.0).learning_rate_power(-0.5).l1(1.0).beta(1.0);
/// let (mut w, mut squares, mut linear) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// optimizer.update(1, &mut w, &[0.5, -3.0], &mut [&mut squares, &mut linear]);
/// // The first sum is within ±l1; the second gives (−1 + 3) / (√(7 + 9) / 0.5 + 1 / 0.5).
/// assert_eq!((w, linear), ([0.0, 0.2], [0.5, -3.0]));
///
/// // (−1 + 3) / (√(7 + 9) / 0.5 + 2·1); the shrinkage adds nothing to the gradient of a weight of zero.
/// let optimizer = Ftrl::new(0.5).initial_accumulator(7.0).l1(1.0).l2(1.0).l2_shrinkage(0.5);
/// let mut w = [0.0];
/// optimizer.update(1, &mut w, &[-3.0], &mut [&mut [0.0], &mut [0.0]]);
/// assert_eq!(w, [0.2]);
/// ```
///
/// # References
/// McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013, Algorithm 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ftrl {
    /// Step size, at least 0; 0.001 by default, as in Keras.
    pub learning_rate: f64,
    /// How the step size falls with the sum of squares, at most 0; −0.5 by default, as in Keras and the paper, and fast.
    pub learning_rate_power: f64,
    /// What the sum of squares starts with, above 0 in f32; 0.1 by default, as in Keras.
    pub initial_accumulator: f64,
    /// Weights whose sum is within ±l1 are zero; at least 0; 0 by default.
    pub l1: f64,
    /// Draws weights to zero, at least 0; 0 by default.
    pub l2: f64,
    /// Draws gradients, rather than weights, to zero, at least 0; 0 by default.
    pub l2_shrinkage: f64,
    /// The paper's beta, at least 0; 0 by default, as in Keras.
    pub beta: f64,
}

impl Default for Ftrl {
    fn default() -> Self {
        Self {
            learning_rate: 0.001,
            learning_rate_power: -0.5,
            initial_accumulator: 0.1,
            l1: 0.0,
            l2: 0.0,
            l2_shrinkage: 0.0,
            beta: 0.0,
        }
    }
}

builder!(Ftrl: learning_rate_power initial_accumulator l1 l2 l2_shrinkage beta);

const NOT_POSITIVE: Condition = (|x| x <= 0.0 && x.is_finite(), "a finite number not above 0");

impl Optimizer for Ftrl {
    settings!(
        "Ftrl";
        learning_rate_power: NOT_POSITIVE;
        initial_accumulator: super::POSITIVE;
        l1: NOT_NEGATIVE;
        l2: NOT_NEGATIVE;
        l2_shrinkage: NOT_NEGATIVE;
        beta: NOT_NEGATIVE
    );
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["squares", "linear"]
    }
}

impl Elementwise for Ftrl {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let learning_rate = turn.learning_rate_or(self.learning_rate);
        if learning_rate < f64::from(SMALLEST) {
            return apply(self.name(), Still, turn, parameters, gradient, slots);
        }
        let sums = Sums {
            inverse_rate: narrow(1.0 / learning_rate).max(SMALLEST),
            start: beside_squares(self.initial_accumulator),
            l1: narrow(self.l1),
            l2: narrow(2.0 * self.l2 + self.beta / learning_rate),
            shrinkage: narrow(2.0 * self.l2_shrinkage),
        };
        if self.learning_rate_power == -0.5 {
            apply(self.name(), Root(sums), turn, parameters, gradient, slots);
        } else {
            let rule = Power { sums, power: narrow(-self.learning_rate_power) };
            apply(self.name(), rule, turn, parameters, gradient, slots);
        }
    }
}

/// [`Ftrl`] at one step.
#[derive(Debug, Clone, Copy)]
struct Sums {
    inverse_rate: f32,
    start: f32,
    l1: f32,
    /// `2·l2 + beta / learning_rate`
    l2: f32,
    /// `2·l2_shrinkage`
    shrinkage: f32,
}

impl Sums {
    #[inline(always)]
    fn apply(
        self,
        power: impl Fn(f32) -> f32,
        weight: f32,
        gradient: f32,
        [squares, linear]: [f32; 2],
    ) -> (f32, [f32; 2]) {
        let next = finite(squares + square(gradient));
        let (before, after) = (power(finite(self.start + squares)), power(finite(self.start + next)));
        let taken = bounded(finite((after - before) * self.inverse_rate) * weight);
        let sum = linear + (gradient + self.shrinkage * weight - taken);
        // A sum that leaves f32 stays at its end, unless the gradient itself is infinite.
        let linear = if gradient.abs() <= f32::MAX { bounded(sum) } else { sum };
        let clipped = if linear > self.l1 { self.l1 } else { linear };
        let clipped = if clipped < -self.l1 { -self.l1 } else { clipped };
        let divisor = after * self.inverse_rate + self.l2;
        // Zero where a start that is nearly zero has a large power.
        let divisor = if divisor < f32::MIN_POSITIVE { f32::MIN_POSITIVE } else { divisor };
        (bounded(clipped - linear) / divisor, [next, linear])
    }
}

/// With the usual power of ½.
#[derive(Debug, Clone, Copy)]
struct Root(Sums);

impl UpdateRule<2> for Root {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, slots: [f32; 2]) -> (f32, [f32; 2]) {
        self.0.apply(f32::sqrt, weight, gradient, slots)
    }
}

#[derive(Debug, Clone, Copy)]
struct Power {
    sums: Sums,
    power: f32,
}

impl UpdateRule<2> for Power {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, slots: [f32; 2]) -> (f32, [f32; 2]) {
        self.sums.apply(|n| finite(libm::powf(n, self.power)), weight, gradient, slots)
    }
}

/// Nothing changes.
#[derive(Debug, Clone, Copy)]
struct Still;

impl UpdateRule<2> for Still {
    #[inline(always)]
    fn apply(self, weight: f32, _: f32, slots: [f32; 2]) -> (f32, [f32; 2]) {
        (weight, slots)
    }
}
