//! Adam and AdamW.

use super::declare::{builder, elementwise, settings};
use super::{
    BELOW_ONE, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, POSITIVE, Turn, apply, beside_root,
    correction, square,
};
use crate::kernels::flush::narrow;
use crate::kernels::lerp::Lerp;
use crate::kernels::update::UpdateRule;

/// Adam: each parameter has a step size of its own, from the first two moments of its gradient.
///
/// ```text
/// alpha         = learning_rate · √(1 − beta_2ᵗ) / (1 − beta_1ᵗ)        at step t = 1, 2, …
/// first_moment  = first_moment + (1 − beta_1)·(g − first_moment)
/// second_moment = second_moment + (1 − beta_2)·(g² − second_moment)
/// w             = w − alpha·first_moment / (√second_moment + epsilon)
/// amsgrad:        largest_moment = max(largest_moment, second_moment)
///                 w = w − alpha·first_moment / (√largest_moment + epsilon)
/// ```
///
/// `epsilon` is "epsilon hat" of the paper's section 2, as in Keras: outside the root, added before the bias correction.
/// Algorithm 1's own, as in PyTorch, is larger by the factor `1 / √(1 − beta_2ᵗ)`.
///
/// ```
/// use typenet_runtime::optimizers::{Adam, Optimizer};
///
/// let optimizer = Adam::new(0.5).beta_1(0.8).beta_2(0.99).epsilon(1e-8);
/// let (mut w, mut first, mut second) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// optimizer.update(1, &mut w, &[1.0, -100.0], &mut [&mut first, &mut second]);
/// // The first step is as long as the learning rate, whatever the gradient.
/// assert!((w[0] + 0.5).abs() < 1e-5 && (w[1] - 0.5).abs() < 1e-5);
/// assert_eq!(optimizer.amsgrad().slots(), ["first_moment", "second_moment", "largest_moment"]);
/// ```
///
/// # References
/// Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015. Reddi, Kale, Kumar, "On the convergence of Adam
/// and beyond", ICLR 2018, for AMSGrad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Step size, at least 0; 0.001 by default, as in Keras and the paper.
    pub learning_rate: f64,
    /// Share of the first moment that is kept, in `[0, 1)`; 0.9 by default.
    pub beta_1: f64,
    /// Share of the second moment that is kept, in `[0, 1)`; 0.999 by default.
    pub beta_2: f64,
    /// Keeps the step finite where gradients vanish; above 0; 1e-7 by default, as in Keras.
    pub epsilon: f64,
    /// Whether the largest second moment so far stands in for the present one; not by default.
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false }
    }
}

/// Adam with decoupled weight decay: decay shrinks the parameters directly and does not pass through the moments.
///
/// Before each step of [`Adam`]: `w = w − learning_rate·weight_decay·w`.
///
/// ```
/// use typenet_runtime::optimizers::{AdamW, Optimizer};
///
/// let optimizer = AdamW::new(0.5).beta_1(0.8).beta_2(0.99).epsilon(1e-8).weight_decay(0.25).amsgrad();
/// let mut w = [8.0];
/// optimizer.update(1, &mut w, &[0.0], &mut [&mut [0.0], &mut [0.0], &mut [0.0]]);
/// assert_eq!(w, [8.0 - 0.5 * 0.25 * 8.0]);
/// ```
///
/// # References
/// Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// As [`Adam::learning_rate`].
    pub learning_rate: f64,
    /// As [`Adam::beta_1`].
    pub beta_1: f64,
    /// As [`Adam::beta_2`].
    pub beta_2: f64,
    /// As [`Adam::epsilon`].
    pub epsilon: f64,
    /// As [`Adam::amsgrad`].
    pub amsgrad: bool,
    /// Share of a parameter that is lost per step and unit of learning rate, at least 0; 0.004 by default, as in Keras.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { learning_rate, beta_1, beta_2, epsilon, amsgrad } = Adam::default();
        Self { learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay: 0.004 }
    }
}

builder!(Adam: beta_1 beta_2 epsilon);
builder!(AdamW: beta_1 beta_2 epsilon weight_decay);

impl Adam {
    /// With the largest second moment so far in place of the present one.
    #[must_use]
    pub fn amsgrad(self) -> Self {
        Self { amsgrad: true, ..self }
    }

    /// The step's rule, each factor computed in f64 and rounded once.
    fn rule(&self, turn: &Turn) -> Moments {
        let learning_rate = turn.learning_rate_or(self.learning_rate);
        let alpha =
            learning_rate * correction(self.beta_2, turn.step).sqrt() / correction(self.beta_1, turn.step);
        Moments {
            alpha: narrow(alpha),
            first: Lerp::new(1.0 - self.beta_1),
            second: Lerp::new(1.0 - self.beta_2),
            epsilon: beside_root(self.epsilon),
        }
    }
}

impl AdamW {
    /// As [`Adam::amsgrad`].
    #[must_use]
    pub fn amsgrad(self) -> Self {
        Self { amsgrad: true, ..self }
    }

    /// The same without the decay.
    fn adam(&self) -> Adam {
        let Self { learning_rate, beta_1, beta_2, epsilon, amsgrad, .. } = *self;
        Adam { learning_rate, beta_1, beta_2, epsilon, amsgrad }
    }
}

impl Optimizer for Adam {
    settings!("Adam", amsgrad; beta_1: BELOW_ONE; beta_2: BELOW_ONE; epsilon: POSITIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        if self.amsgrad {
            vec!["first_moment", "second_moment", "largest_moment"]
        } else {
            vec!["first_moment", "second_moment"]
        }
    }
}

impl Elementwise for Adam {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        if self.amsgrad {
            apply(self.name(), Largest(self.rule(turn)), turn, parameters, gradient, slots);
        } else {
            apply(self.name(), self.rule(turn), turn, parameters, gradient, slots);
        }
    }
}

impl Optimizer for AdamW {
    settings!("AdamW", amsgrad; beta_1: BELOW_ONE; beta_2: BELOW_ONE; epsilon: POSITIVE; weight_decay: NOT_NEGATIVE);
    elementwise!();

    fn slots(&self) -> Vec<&'static str> {
        self.adam().slots()
    }

    fn set_weight_decay(&mut self, weight_decay: f64) -> bool {
        self.weight_decay = weight_decay;
        true
    }
}

impl Elementwise for AdamW {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let decay = narrow(turn.learning_rate_or(self.learning_rate) * self.weight_decay);
        let rule = self.adam().rule(turn);
        if self.amsgrad {
            apply(self.name(), Decayed { decay, rule: Largest(rule) }, turn, parameters, gradient, slots);
        } else {
            apply(self.name(), Decayed { decay, rule }, turn, parameters, gradient, slots);
        }
    }
}

/// [`Adam`] at one step.
#[derive(Debug, Clone, Copy)]
struct Moments {
    alpha: f32,
    /// By `1 − beta_1`.
    first: Lerp,
    /// By `1 − beta_2`.
    second: Lerp,
    epsilon: f32,
}

impl Moments {
    #[inline(always)]
    fn next(self, gradient: f32, [first, second]: [f32; 2]) -> [f32; 2] {
        [self.first.between(first, gradient), self.second.between(second, square(gradient))]
    }
}

impl UpdateRule<2> for Moments {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, moments: [f32; 2]) -> (f32, [f32; 2]) {
        let [first, second] = self.next(gradient, moments);
        (weight - self.alpha * first / (second.sqrt() + self.epsilon), [first, second])
    }
}

/// [`Adam`] with the largest second moment, at one step.
#[derive(Debug, Clone, Copy)]
struct Largest(Moments);

impl UpdateRule<3> for Largest {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [first, second, largest]: [f32; 3]) -> (f32, [f32; 3]) {
        let [first, second] = self.0.next(gradient, [first, second]);
        let largest = if second > largest { second } else { largest };
        (weight - self.0.alpha * first / (largest.sqrt() + self.0.epsilon), [first, second, largest])
    }
}

/// A rule after a decay of the weight.
#[derive(Debug, Clone, Copy)]
struct Decayed<R> {
    /// Share of the weight that is lost.
    decay: f32,
    rule: R,
}

impl<const SLOTS: usize, R: UpdateRule<SLOTS>> UpdateRule<SLOTS> for Decayed<R> {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, slots: [f32; SLOTS]) -> (f32, [f32; SLOTS]) {
        self.rule.apply(weight - self.decay * weight, gradient, slots)
    }
}
