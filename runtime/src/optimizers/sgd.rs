//! Stochastic gradient descent.

use core::fmt;

use super::{
    BELOW_ONE, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, SettingError, check, display, slices,
    update_all_as_one_part,
};
use crate::kernels::update::{UpdateRule, update};

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

impl Sgd {
    /// Plain gradient descent.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, ..Self::default() }
    }

    /// With momentum.
    #[must_use]
    pub fn momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// With Nesterov's form of the momentum.
    #[must_use]
    pub fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }
}

impl fmt::Display for Sgd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl Optimizer for Sgd {
    fn name(&self) -> &'static str {
        "Sgd"
    }

    fn slots(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("learning_rate", self.learning_rate),
            ("momentum", self.momentum),
            ("nesterov", f64::from(u8::from(self.nesterov))),
        ]
    }

    fn validate(&self) -> Result<(), SettingError> {
        check(
            self.name(),
            &[("learning_rate", self.learning_rate, NOT_NEGATIVE), ("momentum", self.momentum, BELOW_ONE)],
        )
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    update_all_as_one_part!();
}

impl Elementwise for Sgd {
    fn update_part(&self, _: u64, parameters: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]) {
        let (learning_rate, momentum) = (self.learning_rate as f32, self.momentum as f32);
        if self.momentum == 0.0 {
            update(Plain { learning_rate }, parameters, gradient, slices(self.name(), slots));
        } else if self.nesterov {
            update(Nesterov { learning_rate, momentum }, parameters, gradient, slices(self.name(), slots));
        } else {
            update(Momentum { learning_rate, momentum }, parameters, gradient, slices(self.name(), slots));
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
