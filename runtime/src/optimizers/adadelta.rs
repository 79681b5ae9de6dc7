//! Adadelta.

use super::declare::{builder, elementwise, settings};
use super::{BELOW_ONE, Elementwise, Gradient, Optimizer, POSITIVE, Turn, apply, beside_squares, square};
use crate::kernels::flush::narrow;
use crate::kernels::update::UpdateRule;

/// Adadelta: steps in the units of the parameters, from moving means of squared gradients and squared steps.
///
/// ```text
/// squares = rho·squares + (1 − rho)·g²
/// step    = √(steps + epsilon) / √(squares + epsilon) · g
/// steps   = rho·steps + (1 − rho)·step²
/// w       = w − learning_rate·step
/// ```
///
/// `epsilon` is inside both roots, as in the paper, Keras and PyTorch.
///
/// ```
/// use typenet_runtime::optimizers::{Adadelta, Optimizer};
///
/// let optimizer = Adadelta::new(1.0).rho(0.75).epsilon(1e-6);
/// let (mut w, mut squares, mut steps) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// optimizer.update(1, &mut w, &[1.0, -100.0], &mut [&mut squares, &mut steps]);
/// // The first step is as long as √(epsilon / (1 − rho)), whatever the gradient.
/// assert!((w[0] + 0.002).abs() < 1e-6 && (w[1] - 0.002).abs() < 1e-6);
/// ```
///
/// # References
/// Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adadelta {
    /// Factor of the step, at least 0; 0.001 by default, as in Keras; the paper and PyTorch have 1.
    pub learning_rate: f64,
    /// Share of the means that is kept, in `[0, 1)`; 0.95 by default, as in Keras and the paper.
    pub rho: f64,
    /// Starts the steps, and keeps them finite; above 0; 1e-7 by default, as in Keras; 1e-6 in the paper and PyTorch.
    pub epsilon: f64,
}

impl Default for Adadelta {
    fn default() -> Self {
        Self { learning_rate: 0.001, rho: 0.95, epsilon: 1e-7 }
    }
}

builder!(Adadelta: rho epsilon);

impl Optimizer for Adadelta {
    settings!("Adadelta"; rho: BELOW_ONE; epsilon: POSITIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["squares", "steps"]
    }
}

impl Elementwise for Adadelta {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let rule = Means {
            learning_rate: narrow(turn.learning_rate_or(self.learning_rate)),
            rho: narrow(self.rho),
            rate: (1.0 - self.rho) as f32,
            epsilon: beside_squares(self.epsilon),
        };
        apply(self.name(), rule, turn, parameters, gradient, slots);
    }
}

/// [`Adadelta`] at one step.
#[derive(Debug, Clone, Copy)]
struct Means {
    learning_rate: f32,
    rho: f32,
    /// `1 − rho`
    rate: f32,
    epsilon: f32,
}

impl UpdateRule<2> for Means {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares, steps]: [f32; 2]) -> (f32, [f32; 2]) {
        let squares = self.rho * squares + self.rate * square(gradient);
        // The quotient first: a large gradient times a large step may leave f32.
        let step = (steps + self.epsilon).sqrt() * (gradient / (squares + self.epsilon).sqrt());
        let steps = self.rho * steps + self.rate * square(step);
        (weight - self.learning_rate * step, [squares, steps])
    }
}
