//! Stochastic gradient descent.

use super::declare::{builder, elementwise, settings};
use super::{BELOW_ONE, Elementwise, Gradient, Optimizer, Turn, apply};
use crate::kernels::flush::narrow;
use crate::kernels::update::UpdateRule;

/// Gradient descent, with momentum.
///
/// ```text
/// momentum = 0:  w = w − learning_rate·g
/// momentum > 0:  velocity = momentum·velocity − learning_rate·g
///                w = w + velocity
/// nesterov:      velocity = momentum·velocity − learning_rate·g
///                w = w + momentum·velocity − learning_rate·g
/// ```
///
/// ```
/// use typenet_runtime::optimizers::{Optimizer, Sgd};
///
/// let optimizer = Sgd::new(0.5).momentum(0.5).nesterov();
/// let (mut w, mut velocity) = ([0.0], [0.0]);
/// optimizer.update(1, &mut w, &[1.0], &mut [&mut velocity]);
/// assert_eq!((w, velocity), ([-0.75], [-0.5]));
/// ```
///
/// # References
/// Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013,
/// for Nesterov's momentum in this form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// Step size, at least 0; 0.01 by default, as in Keras.
    pub learning_rate: f64,
    /// Share of the velocity that is kept, in `[0, 1)`; 0 by default: none is remembered.
    pub momentum: f64,
    /// Whether the gradient counts as taken one step of the velocity ahead; without momentum it changes nothing.
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self { learning_rate: 0.01, momentum: 0.0, nesterov: false }
    }
}

builder!(Sgd: momentum);

impl Sgd {
    /// With Nesterov's form of the momentum.
    #[must_use]
    pub fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }
}

impl Optimizer for Sgd {
    settings!("Sgd", nesterov; momentum: BELOW_ONE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        if self.momentum == 0.0 { vec![] } else { vec!["velocity"] }
    }
}

impl Elementwise for Sgd {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let (learning_rate, momentum) =
            (narrow(turn.learning_rate_or(self.learning_rate)), narrow(self.momentum));
        if self.momentum == 0.0 {
            apply(self.name(), Plain { learning_rate }, turn, parameters, gradient, slots);
        } else if self.nesterov {
            apply(self.name(), Nesterov { learning_rate, momentum }, turn, parameters, gradient, slots);
        } else {
            apply(self.name(), Momentum { learning_rate, momentum }, turn, parameters, gradient, slots);
        }
    }
}

/// [`Sgd`] without momentum.
#[derive(Debug, Clone, Copy)]
struct Plain {
    learning_rate: f32,
}

impl UpdateRule<0> for Plain {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, []: [f32; 0]) -> (f32, [f32; 0]) {
        (weight - self.learning_rate * gradient, [])
    }
}

/// [`Sgd`] with momentum.
#[derive(Debug, Clone, Copy)]
struct Momentum {
    learning_rate: f32,
    momentum: f32,
}

impl UpdateRule<1> for Momentum {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [velocity]: [f32; 1]) -> (f32, [f32; 1]) {
        let velocity = self.momentum * velocity - self.learning_rate * gradient;
        (weight + velocity, [velocity])
    }
}

/// [`Sgd`] with Nesterov's momentum.
#[derive(Debug, Clone, Copy)]
struct Nesterov {
    learning_rate: f32,
    momentum: f32,
}

impl UpdateRule<1> for Nesterov {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [velocity]: [f32; 1]) -> (f32, [f32; 1]) {
        let step = self.learning_rate * gradient;
        let velocity = self.momentum * velocity - step;
        (weight + self.momentum * velocity - step, [velocity])
    }
}
