//! LAMB.

use core::ops::Range;

use super::declare::{builder, settings};
use super::runs::{Slots, part};
use super::{
    BELOW_ONE, Gradient, NOT_NEGATIVE, Optimizer, POSITIVE, Turn, apply, beside_root, correction, square,
};
use crate::kernels::flush::{flush, narrow};
use crate::kernels::lerp::Lerp;
use crate::kernels::reduce::{norm, sum_of};
use crate::kernels::update::{UpdateRule, factors};

/// LAMB: Adam's direction, with steps whose length for each tensor is in proportion to the tensor's.
///
/// ```text
/// first_moment  = first_moment + (1 − beta_1)·(g − first_moment)        at step t = 1, 2, …
/// second_moment = second_moment + (1 − beta_2)·(g² − second_moment)
/// r             = first_moment / (1 − beta_1ᵗ) / (√(second_moment / (1 − beta_2ᵗ)) + epsilon) + weight_decay·w
/// trust         = ‖w‖ / ‖r‖ for each tensor; 1 where either is zero, which `r` is below 2⁻¹⁰⁰
/// w             = w − learning_rate·trust·r
/// decoupled:      w = w − learning_rate·weight_decay·w before the step, and no decay in r
/// ```
///
/// `epsilon` is outside the root and added after the bias correction. The paper's `φ` is the identity. `weight_decay` is
/// the paper's and optax's, inside the norm; [`decoupled`](Self::decoupled) makes it Keras's, before it.
///
/// Norms need whole tensors, so a step is three passes rather than one.
///
/// ```
/// use typenet_runtime::optimizers::{Lamb, Optimizer};
///
/// let optimizer = Lamb::new(0.1).beta_1(0.8).beta_2(0.99).epsilon(1e-6).weight_decay(0.01);
/// let (mut w, mut first, mut second) = ([3.0f32, 4.0], [0.0; 2], [0.0; 2]);
/// optimizer.update(1, &mut w, &[1.0, -100.0], &mut [&mut first, &mut second]);
/// // The step is a tenth as long as the tensor, whose norm was 5.
/// assert!(((w[0] - 3.0).hypot(w[1] - 4.0) - 0.5).abs() < 1e-5);
///
/// let mut w = [8.0];
/// Lamb::new(0.5).weight_decay(0.25).decoupled().update(1, &mut w, &[0.0], &mut [&mut [0.0], &mut [0.0]]);
/// assert_eq!(w, [8.0 - 0.5 * 0.25 * 8.0]);
/// ```
///
/// # References
/// You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, Algorithm 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lamb {
    /// Share of a tensor's norm that a step moves it, at least 0; 0.001 by default, as in Keras.
    pub learning_rate: f64,
    /// Share of the first moment that is kept, in `[0, 1)`; 0.9 by default.
    pub beta_1: f64,
    /// Share of the second moment that is kept, in `[0, 1)`; 0.999 by default.
    pub beta_2: f64,
    /// Keeps the direction finite where gradients vanish; above 0; 1e-7 by default, as in Keras; 1e-6 in the paper.
    pub epsilon: f64,
    /// Draws weights to zero, at least 0; 0 by default.
    pub weight_decay: f64,
    /// Whether the decay comes before the step, as in Keras, rather than into its direction; not by default.
    pub decoupled: bool,
}

impl Default for Lamb {
    fn default() -> Self {
        Self {
            learning_rate: 0.001,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            weight_decay: 0.0,
            decoupled: false,
        }
    }
}

builder!(Lamb: beta_1 beta_2 epsilon weight_decay);

impl Lamb {
    /// With the weight decay before the step, as in Keras.
    #[must_use]
    pub fn decoupled(self) -> Self {
        Self { decoupled: true, ..self }
    }
}

impl Optimizer for Lamb {
    settings!("Lamb", decoupled; beta_1: BELOW_ONE; beta_2: BELOW_ONE; epsilon: POSITIVE; weight_decay: NOT_NEGATIVE);

    fn slots(&self) -> Vec<&'static str> {
        vec!["first_moment", "second_moment"]
    }

    fn set_weight_decay(&mut self, weight_decay: f64) -> bool {
        self.weight_decay = weight_decay;
        true
    }

    fn update_tensors(
        &self,
        turn: &Turn,
        tensors: &[Range<usize>],
        parameters: &mut [f32],
        gradients: &[f32],
        slots: &mut [&mut [f32]],
    ) {
        let learning_rate = turn.learning_rate_or(self.learning_rate);
        let (decay, direct_decay) =
            if self.decoupled { (learning_rate * self.weight_decay, 0.0) } else { (0.0, self.weight_decay) };
        let moments = Moments { first: Lerp::new(1.0 - self.beta_1), second: Lerp::new(1.0 - self.beta_2) };
        let direction = Direction {
            scale: (1.0 / correction(self.beta_1, turn.step)) as f32,
            root: (1.0 / correction(self.beta_2, turn.step).sqrt()) as f32,
            epsilon: beside_root(self.epsilon),
            decay: narrow(direct_decay),
        };
        // What is around the rule happens once: the average behind the last pass, all else before the first.
        let before = Turn { average_rate: None, decay: turn.decay + narrow(decay), ..*turn };
        let behind = Turn { average_rate: turn.average_rate, ..Turn::new(turn.step) };
        for tensor in tensors {
            let parameters = &mut parameters[tensor.clone()];
            let gradient = Gradient::Values(&gradients[tensor.clone()]);
            let mut slots = part(slots, tensor.clone());
            let used = 2 + before.slots();
            apply(self.name(), moments, &before, parameters, gradient, &mut slots[..used]);
            let squares = sum_of([parameters, slots[0], slots[1]], |[weight, first, second]| {
                let r = f64::from(direction.at(weight, [first, second]));
                r * r
            });
            let (weight_norm, norm) = (norm(parameters), libm::sqrt(squares));
            let trust = if weight_norm > 0.0 && norm > 0.0 { weight_norm / norm } else { 1.0 };
            let step = Step { rate: factors(learning_rate * trust), direction };
            let own_and_average = |&place: &usize| place < 2 || place >= used;
            let mut slots: Slots<'_> = slots
                .iter_mut()
                .enumerate()
                .filter(|(place, _)| own_and_average(place))
                .map(|(_, slot)| &mut **slot)
                .collect();
            apply(self.name(), step, &behind, parameters, gradient, &mut slots);
        }
    }
}

/// The moments alone.
#[derive(Debug, Clone, Copy)]
struct Moments {
    /// By `1 − beta_1`.
    first: Lerp,
    /// By `1 − beta_2`.
    second: Lerp,
}

impl UpdateRule<2> for Moments {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [first, second]: [f32; 2]) -> (f32, [f32; 2]) {
        (weight, [self.first.between(first, gradient), self.second.between(second, square(gradient))])
    }
}

/// `r` at one step.
#[derive(Debug, Clone, Copy)]
struct Direction {
    /// `1 / (1 − beta_1ᵗ)`
    scale: f32,
    /// `1 / √(1 − beta_2ᵗ)`
    root: f32,
    epsilon: f32,
    decay: f32,
}

impl Direction {
    #[inline(always)]
    fn at(self, weight: f32, [first, second]: [f32; 2]) -> f32 {
        flush(self.scale * first / (second.sqrt() * self.root + self.epsilon) + self.decay * weight)
    }
}

/// A step of a tensor.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// `learning_rate·trust`. Where `r` is tiny this may leave `f32`, but a step is never longer than `learning_rate·‖w‖`.
    rate: [f32; 2],
    direction: Direction,
}

impl UpdateRule<2> for Step {
    #[inline(always)]
    fn apply(self, weight: f32, _: f32, moments: [f32; 2]) -> (f32, [f32; 2]) {
        let [rate, power] = self.rate;
        (weight - rate * self.direction.at(weight, moments) * power, moments)
    }
}
