//! Nadam.

use super::declare::{builder, elementwise, settings};
use super::{
    BELOW_ONE, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, POSITIVE, Turn, apply, beside_root,
    correction, square,
};
use crate::kernels::flush::narrow;
use crate::kernels::lerp::Lerp;
use crate::kernels::update::UpdateRule;

/// Adam with Nesterov's momentum.
///
/// ```text
/// u_t           = beta_1·(1 − ½·0.96^(momentum_decay·t))                at step t = 1, 2, …
/// first_moment  = first_moment + (1 − beta_1)·(g − first_moment)
/// second_moment = second_moment + (1 − beta_2)·(g² − second_moment)
/// m̂             = u_{t+1}·first_moment / (1 − u_1⋯u_{t+1}) + (1 − u_t)·g / (1 − u_1⋯u_t)
/// w             = w − learning_rate·m̂ / (√(second_moment / (1 − beta_2ᵗ)) + epsilon)
/// ```
///
/// `epsilon` is outside the root and added after the bias correction, as in Adam's Algorithm 1.
///
/// ```
/// use typenet_runtime::optimizers::{Nadam, Optimizer};
///
/// // With a momentum of ¼ at every step.
/// let optimizer = Nadam::new(1.0).beta_1(0.5).beta_2(0.99).epsilon(1e-8).momentum_decay(0.0);
/// let (mut w, mut first, mut second) = ([0.0], [0.0], [0.0]);
/// optimizer.update(1, &mut w, &[1.0], &mut [&mut first, &mut second]);
/// // m̂ = ¼·½ / (1 − ¼·¼) + (1 − ¼) / (1 − ¼)
/// assert!((w[0] + 0.125 / 0.9375 + 1.0).abs() < 1e-5);
/// ```
///
/// # References
/// Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nadam {
    /// Step size, at least 0; 0.001 by default, as in Keras.
    pub learning_rate: f64,
    /// Share of the first moment that is kept in the end, in `[0, 1)`; 0.9 by default.
    pub beta_1: f64,
    /// Share of the second moment that is kept, in `[0, 1)`; 0.999 by default.
    pub beta_2: f64,
    /// Keeps the step finite where gradients vanish; above 0; 1e-7 by default, as in Keras.
    pub epsilon: f64,
    /// How fast the momentum approaches `beta_1`, at least 0; 1 by default, as in Keras; 0.004 in the paper and in PyTorch.
    pub momentum_decay: f64,
}

impl Default for Nadam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, momentum_decay: 1.0 }
    }
}

builder!(Nadam: beta_1 beta_2 epsilon momentum_decay);

impl Nadam {
    /// `u_t`
    fn momentum(&self, step: u64) -> f64 {
        self.beta_1 * (1.0 - 0.5 * libm::pow(0.96, self.momentum_decay * step as f64))
    }

    /// `u_1⋯u_t`: a function of the step, so that nothing has to be saved.
    fn product(&self, step: u64) -> f64 {
        // Beyond either limit no factor changes `1 − product` any more; they are met within about a thousand steps.
        const NOTHING: f64 = 1e-18;
        let decay = libm::pow(0.96, self.momentum_decay);
        let (mut product, mut power, mut t) = (1.0, decay, 1);
        while t <= step && product > NOTHING && power > NOTHING {
            product *= 1.0 - 0.5 * power;
            power *= decay;
            t += 1;
        }
        product * libm::pow(self.beta_1, step as f64)
    }

    fn rule(&self, turn: &Turn) -> Moments {
        let (t, learning_rate) = (turn.step, turn.learning_rate_or(self.learning_rate));
        Moments {
            ahead: narrow(learning_rate * self.momentum(t + 1) / (1.0 - self.product(t + 1))),
            now: narrow(learning_rate * (1.0 - self.momentum(t)) / (1.0 - self.product(t))),
            first: Lerp::new(1.0 - self.beta_1),
            second: Lerp::new(1.0 - self.beta_2),
            root: (1.0 / correction(self.beta_2, t).sqrt()) as f32,
            epsilon: beside_root(self.epsilon),
        }
    }
}

impl Optimizer for Nadam {
    settings!("Nadam"; beta_1: BELOW_ONE; beta_2: BELOW_ONE; epsilon: POSITIVE; momentum_decay: NOT_NEGATIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["first_moment", "second_moment"]
    }
}

impl Elementwise for Nadam {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        apply(self.name(), self.rule(turn), turn, parameters, gradient, slots);
    }
}

/// [`Nadam`] at one step.
#[derive(Debug, Clone, Copy)]
struct Moments {
    /// Factor of the first moment: `learning_rate·u_{t+1} / (1 − u_1⋯u_{t+1})`.
    ahead: f32,
    /// Factor of the gradient: `learning_rate·(1 − u_t) / (1 − u_1⋯u_t)`.
    now: f32,
    /// By `1 − beta_1`.
    first: Lerp,
    /// By `1 − beta_2`.
    second: Lerp,
    /// `1 / √(1 − beta_2ᵗ)`
    root: f32,
    epsilon: f32,
}

impl UpdateRule<2> for Moments {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [first, second]: [f32; 2]) -> (f32, [f32; 2]) {
        let first = self.first.between(first, gradient);
        let second = self.second.between(second, square(gradient));
        let step = self.ahead * first + self.now * gradient;
        (weight - step / (second.sqrt() * self.root + self.epsilon), [first, second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_of_momenta_is_that_of_its_factors() {
        for momentum_decay in [0.0, 0.004, 0.1, 1.0] {
            for beta_1 in [0.5, 0.9, 0.9999] {
                let nadam = Nadam { beta_1, momentum_decay, ..Nadam::default() };
                let mut product = 1.0;
                for step in 1..3000 {
                    product *= nadam.momentum(step);
                    let error = (nadam.product(step) - product).abs();
                    assert!(error <= 1e-15 + 1e-12 * product, "{momentum_decay} {beta_1} {step}: {error}");
                }
            }
        }
    }
}
