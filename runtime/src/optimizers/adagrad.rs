//! Adagrad.

use super::declare::{builder, elementwise, settings};
use super::{
    Elementwise, Gradient, NOT_NEGATIVE, Optimizer, POSITIVE, Turn, apply, beside_squares, finite, square,
};
use crate::kernels::flush::narrow;
use crate::kernels::update::UpdateRule;

/// Adagrad: the step size of each parameter falls with the squares of its gradients so far.
///
/// ```text
/// squares = squares + g²
/// w       = w − learning_rate·g / √(initial_accumulator + squares + epsilon)
/// ```
///
/// `epsilon` is inside the root, as in Keras; PyTorch adds it outside, and starts from no accumulator.
///
/// ```
/// use typenet_runtime::optimizers::{Adagrad, Optimizer};
///
/// let optimizer = Adagrad::new(0.5).initial_accumulator(3.0).epsilon(1e-8);
/// let (mut w, mut squares) = ([1.0], [0.0]);
/// optimizer.update(1, &mut w, &[1.0], &mut [&mut squares]);
/// // 1 − 0.5·1 / √(3 + 1)
/// assert_eq!((w, squares), ([0.75], [1.0]));
/// ```
///
/// # References
/// Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adagrad {
    /// Step size, at least 0; 0.001 by default, as in Keras. The paper's examples need about 0.01 to 1.
    pub learning_rate: f64,
    /// What the sum of squares starts with, at least 0; 0.1 by default, as in Keras.
    pub initial_accumulator: f64,
    /// Keeps the step finite where gradients vanish; above 0; 1e-7 by default, as in Keras.
    pub epsilon: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { learning_rate: 0.001, initial_accumulator: 0.1, epsilon: 1e-7 }
    }
}

builder!(Adagrad: initial_accumulator epsilon);

impl Optimizer for Adagrad {
    settings!("Adagrad"; initial_accumulator: NOT_NEGATIVE; epsilon: POSITIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        vec!["squares"]
    }
}

impl Elementwise for Adagrad {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let rule = Squares {
            learning_rate: narrow(turn.learning_rate_or(self.learning_rate)),
            start: beside_squares(self.initial_accumulator + self.epsilon),
        };
        apply(self.name(), rule, turn, parameters, gradient, slots);
    }
}

/// [`Adagrad`] at one step.
#[derive(Debug, Clone, Copy)]
struct Squares {
    learning_rate: f32,
    /// `initial_accumulator + epsilon`
    start: f32,
}

impl UpdateRule<1> for Squares {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares]: [f32; 1]) -> (f32, [f32; 1]) {
        let squares = finite(squares + square(gradient));
        (weight - self.learning_rate * (gradient / (squares + self.start).sqrt()), [squares])
    }
}
