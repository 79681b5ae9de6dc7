//! Lion.

use super::declare::{builder, elementwise, settings};
use super::{BELOW_ONE, Elementwise, Gradient, Optimizer, Turn, apply};
use crate::kernels::flush::narrow;
use crate::kernels::update::UpdateRule;

/// Lion: steps of one length, in the direction of the sign of a momentum.
///
/// ```text
/// w        = w − learning_rate·sign(beta_1·momentum + (1 − beta_1)·g)         sign(0) = 0
/// momentum = beta_2·momentum + (1 − beta_2)·g
/// ```
///
/// There is no epsilon. The paper's weight decay is [`OptimizerExt::weight_decay`](super::OptimizerExt::weight_decay).
///
/// ```
/// use typenet_runtime::optimizers::{Lion, Optimizer};
///
/// let optimizer = Lion::new(0.5).beta_1(0.8).beta_2(0.75);
/// let (mut w, mut momentum) = ([0.0; 3], [0.0; 3]);
/// optimizer.update(1, &mut w, &[4.0, -100.0, 0.0], &mut [&mut momentum]);
/// assert_eq!((w, momentum), ([-0.5, 0.5, 0.0], [1.0, -25.0, 0.0]));
/// ```
///
/// # References
/// Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, Algorithm 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lion {
    /// Step size, at least 0; 0.001 by default, as in Keras. Adam's divided by 3 to 10 is a good start.
    pub learning_rate: f64,
    /// Share of the momentum in the direction, in `[0, 1)`; 0.9 by default.
    pub beta_1: f64,
    /// Share of the momentum that is kept, in `[0, 1)`; 0.99 by default.
    pub beta_2: f64,
}

impl Default for Lion {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.99 }
    }
}

builder!(Lion: beta_1 beta_2);

impl Optimizer for Lion {
    settings!("Lion"; beta_1: BELOW_ONE; beta_2: BELOW_ONE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["momentum"]
    }
}

impl Elementwise for Lion {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let rule = Sign {
            learning_rate: narrow(turn.learning_rate_or(self.learning_rate)),
            beta_1: narrow(self.beta_1),
            rate_1: (1.0 - self.beta_1) as f32,
            beta_2: narrow(self.beta_2),
            rate_2: (1.0 - self.beta_2) as f32,
        };
        apply(self.name(), rule, turn, parameters, gradient, slots);
    }
}

/// [`Lion`] at one step.
#[derive(Debug, Clone, Copy)]
struct Sign {
    learning_rate: f32,
    beta_1: f32,
    /// `1 − beta_1`
    rate_1: f32,
    beta_2: f32,
    /// `1 − beta_2`
    rate_2: f32,
}

impl UpdateRule<1> for Sign {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [momentum]: [f32; 1]) -> (f32, [f32; 1]) {
        let direction = self.beta_1 * momentum + self.rate_1 * gradient;
        // NaN stays NaN.
        let sign = if direction > 0.0 { 1.0 } else { direction };
        let sign = if sign < 0.0 { -1.0 } else { sign };
        (weight - self.learning_rate * sign, [self.beta_2 * momentum + self.rate_2 * gradient])
    }
}
