//! RMSprop.

use super::declare::{builder, elementwise, settings};
use super::{BELOW_ONE, Elementwise, Gradient, Optimizer, POSITIVE, Turn, apply, beside_squares, square};
use crate::kernels::flush::narrow;
use crate::kernels::update::UpdateRule;

/// RMSprop: gradients divided by the root of a moving mean of their squares.
///
/// ```text
/// squares  = rho·squares + (1 − rho)·g²
/// step     = learning_rate·g / √(squares + epsilon)
/// centered:  mean = rho·mean + (1 − rho)·g
///            step = learning_rate·g / √(squares − mean² + epsilon)
/// momentum = 0:  w = w − step
/// momentum > 0:  velocity = momentum·velocity + step
///                w = w − velocity
/// ```
///
/// `epsilon` is inside the root, as in Keras; PyTorch adds it outside. Where rounding takes `squares − mean²` below zero, it
/// counts as zero.
///
/// ```
/// use typenet_runtime::optimizers::{Optimizer, RmsProp};
///
/// let optimizer = RmsProp::new(0.5).rho(0.75).epsilon(1e-8);
/// let (mut w, mut squares) = ([0.0; 2], [0.0; 2]);
/// optimizer.update(1, &mut w, &[1.0, -100.0], &mut [&mut squares]);
/// // The first step is as long as learning_rate / √(1 − rho), whatever the gradient.
/// assert!((w[0] + 1.0).abs() < 1e-5 && (w[1] - 1.0).abs() < 1e-5);
/// assert_eq!(optimizer.centered().momentum(0.9).slots(), ["squares", "mean", "velocity"]);
/// ```
///
/// # References
/// Tieleman & Hinton, "Lecture 6.5: rmsprop", Coursera, 2012. Graves, "Generating sequences with recurrent neural networks",
/// arXiv:1308.0850, 2013, for the centered form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp {
    /// Step size, at least 0; 0.001 by default, as in Keras.
    pub learning_rate: f64,
    /// Share of the means that is kept, in `[0, 1)`; 0.9 by default, as in Keras and the lecture; 0.99 in PyTorch.
    pub rho: f64,
    /// Share of the velocity that is kept, in `[0, 1)`; 0 by default: none is remembered.
    pub momentum: f64,
    /// Keeps the step finite where gradients vanish; above 0; 1e-7 by default, as in Keras.
    pub epsilon: f64,
    /// Whether gradients are divided by their deviation from their mean; not by default.
    pub centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { learning_rate: 0.001, rho: 0.9, momentum: 0.0, epsilon: 1e-7, centered: false }
    }
}

builder!(RmsProp: rho momentum epsilon);

impl RmsProp {
    /// With the variance of the gradients in place of the mean of their squares.
    #[must_use]
    pub fn centered(self) -> Self {
        Self { centered: true, ..self }
    }
}

impl Optimizer for RmsProp {
    settings!("RmsProp", centered; rho: BELOW_ONE; momentum: BELOW_ONE; epsilon: POSITIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        let mut slots = vec!["squares"];
        slots.extend(self.centered.then_some("mean"));
        slots.extend((self.momentum != 0.0).then_some("velocity"));
        slots
    }
}

impl Elementwise for RmsProp {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let root = Root {
            learning_rate: narrow(turn.learning_rate_or(self.learning_rate)),
            rho: narrow(self.rho),
            rate: (1.0 - self.rho) as f32,
            epsilon: beside_squares(self.epsilon),
        };
        let (name, momentum) = (self.name(), narrow(self.momentum));
        match (self.centered, self.momentum != 0.0) {
            (false, false) => apply(name, Plain(root), turn, parameters, gradient, slots),
            (true, false) => apply(name, Centered(root), turn, parameters, gradient, slots),
            (false, true) => apply(name, Momentum { root, momentum }, turn, parameters, gradient, slots),
            (true, true) => {
                apply(name, CenteredMomentum { root, momentum }, turn, parameters, gradient, slots);
            }
        }
    }
}

/// [`RmsProp`] at one step.
#[derive(Debug, Clone, Copy)]
struct Root {
    learning_rate: f32,
    rho: f32,
    /// `1 − rho`
    rate: f32,
    epsilon: f32,
}

impl Root {
    /// The step, and the next squares.
    #[inline(always)]
    fn plain(self, gradient: f32, squares: f32) -> (f32, f32) {
        let squares = self.rho * squares + self.rate * square(gradient);
        (self.learning_rate * (gradient / (squares + self.epsilon).sqrt()), squares)
    }

    /// The step, and the next squares and mean.
    #[inline(always)]
    fn centered(self, gradient: f32, squares: f32, mean: f32) -> (f32, f32, f32) {
        let squares = self.rho * squares + self.rate * square(gradient);
        let mean = self.rho * mean + self.rate * gradient;
        // A square that would have left f32 says nothing.
        let mean_square = square(mean);
        let variance = squares - if mean_square < f32::MAX { mean_square } else { 0.0 };
        let variance = if variance < 0.0 { 0.0 } else { variance };
        (self.learning_rate * (gradient / (variance + self.epsilon).sqrt()), squares, mean)
    }
}

#[derive(Debug, Clone, Copy)]
struct Plain(Root);

impl UpdateRule<1> for Plain {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares]: [f32; 1]) -> (f32, [f32; 1]) {
        let (step, squares) = self.0.plain(gradient, squares);
        (weight - step, [squares])
    }
}

#[derive(Debug, Clone, Copy)]
struct Centered(Root);

impl UpdateRule<2> for Centered {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares, mean]: [f32; 2]) -> (f32, [f32; 2]) {
        let (step, squares, mean) = self.0.centered(gradient, squares, mean);
        (weight - step, [squares, mean])
    }
}

#[derive(Debug, Clone, Copy)]
struct Momentum {
    root: Root,
    momentum: f32,
}

impl UpdateRule<2> for Momentum {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares, velocity]: [f32; 2]) -> (f32, [f32; 2]) {
        let (step, squares) = self.root.plain(gradient, squares);
        let velocity = self.momentum * velocity + step;
        (weight - velocity, [squares, velocity])
    }
}

#[derive(Debug, Clone, Copy)]
struct CenteredMomentum {
    root: Root,
    momentum: f32,
}

impl UpdateRule<3> for CenteredMomentum {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [squares, mean, velocity]: [f32; 3]) -> (f32, [f32; 3]) {
        let (step, squares, mean) = self.root.centered(gradient, squares, mean);
        let velocity = self.momentum * velocity + step;
        (weight - velocity, [squares, mean, velocity])
    }
}
