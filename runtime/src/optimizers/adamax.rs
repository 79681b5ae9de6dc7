//! Adamax.

use super::declare::{builder, elementwise, settings};
use super::{BELOW_ONE, Elementwise, Gradient, Optimizer, POSITIVE, Turn, apply, beside_squares, correction};
use crate::kernels::flush::narrow;
use crate::kernels::lerp::Lerp;
use crate::kernels::update::UpdateRule;

/// Adam with the largest gradient in place of the second moment.
///
/// ```text
/// first_moment = first_moment + (1 − beta_1)·(g − first_moment)         at step t = 1, 2, …
/// largest      = max(beta_2·largest, |g|)
/// w            = w − learning_rate / (1 − beta_1ᵗ) · first_moment / (largest + epsilon)
/// ```
///
/// The paper has no epsilon; Keras adds it to the largest gradient, PyTorch to `|g|` before the maximum.
///
/// ```
/// use typenet_runtime::optimizers::{Adamax, Optimizer};
///
/// let optimizer = Adamax::new(0.5).beta_1(0.8).beta_2(0.5).epsilon(1e-8);
/// let (mut w, mut first, mut largest) = ([0.0], [0.0], [0.0]);
/// optimizer.update(1, &mut w, &[-4.0], &mut [&mut first, &mut largest]);
/// optimizer.update(2, &mut w, &[1.0], &mut [&mut first, &mut largest]);
/// // max(0.5·4, 1)
/// assert_eq!(largest, [2.0]);
/// ```
///
/// # References
/// Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adamax {
    /// Step size, at least 0; 0.001 by default, as in Keras; 0.002 in the paper.
    pub learning_rate: f64,
    /// Share of the first moment that is kept, in `[0, 1)`; 0.9 by default.
    pub beta_1: f64,
    /// Share of the largest gradient that is kept, in `[0, 1)`; 0.999 by default.
    pub beta_2: f64,
    /// Keeps the step finite where gradients vanish; above 0; 1e-7 by default, as in Keras.
    pub epsilon: f64,
}

impl Default for Adamax {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

builder!(Adamax: beta_1 beta_2 epsilon);

impl Optimizer for Adamax {
    settings!("Adamax"; beta_1: BELOW_ONE; beta_2: BELOW_ONE; epsilon: POSITIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["first_moment", "largest"]
    }
}

impl Elementwise for Adamax {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let alpha = turn.learning_rate_or(self.learning_rate) / correction(self.beta_1, turn.step);
        let rule = Largest {
            alpha: narrow(alpha),
            first: Lerp::new(1.0 - self.beta_1),
            beta_2: narrow(self.beta_2),
            epsilon: beside_squares(self.epsilon),
        };
        apply(self.name(), rule, turn, parameters, gradient, slots);
    }
}

/// [`Adamax`] at one step.
#[derive(Debug, Clone, Copy)]
struct Largest {
    /// `learning_rate / (1 − beta_1ᵗ)`
    alpha: f32,
    /// By `1 − beta_1`.
    first: Lerp,
    beta_2: f32,
    epsilon: f32,
}

impl UpdateRule<2> for Largest {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [first, largest]: [f32; 2]) -> (f32, [f32; 2]) {
        let first = self.first.between(first, gradient);
        let (kept, size) = (self.beta_2 * largest, gradient.abs());
        let largest = if kept > size { kept } else { size };
        // The quotient first: alpha times a large moment may leave f32.
        (weight - self.alpha * (first / (largest + self.epsilon)), [first, largest])
    }
}
