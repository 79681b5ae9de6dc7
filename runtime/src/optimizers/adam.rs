//! Adam and AdamW.

use core::fmt;

use super::{
    BELOW_ONE, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, POSITIVE, SettingError, check, display,
    slices, update_all_as_one_part,
};
use crate::kernels::update::{UpdateRule, update};

/// Adam: each parameter has a step size of its own, from the first two moments of its gradient.
///
/// ```text
/// alpha         = learning_rate · √(1 − beta_2ᵗ) / (1 − beta_1ᵗ)        at step t = 1, 2, …
/// first_moment  = first_moment + (1 − beta_1)·(g − first_moment)
/// second_moment = second_moment + (1 − beta_2)·(g² − second_moment)
/// w             = w − alpha·first_moment / (√second_moment + epsilon)
/// ```
///
/// `epsilon` is "epsilon hat" of the paper's section 2, as in Keras: it is added before the bias correction.
/// Algorithm 1's own, as in PyTorch, is larger by the factor `1 / √(1 − beta_2ᵗ)`.
///
/// # References
/// Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015.
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
}

impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }
    }
}

/// Adam with decoupled weight decay: decay shrinks the parameters directly and does not pass through the moments.
///
/// Before each step of [`Adam`]: `w = w − learning_rate·weight_decay·w`.
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
    /// Share of a parameter that is lost per step and unit of learning rate, at least 0; 0.004 by default, as in Keras.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { learning_rate, beta_1, beta_2, epsilon } = Adam::default();
        Self { learning_rate, beta_1, beta_2, epsilon, weight_decay: 0.004 }
    }
}

macro_rules! builder {
    ($optimizer:ident: $($setting:ident)*) => {
        impl $optimizer {
            /// With the other settings at their defaults.
            pub fn new(learning_rate: f64) -> Self {
                Self { learning_rate, ..Self::default() }
            }

            $(
                #[doc = concat!("With another `", stringify!($setting), "`.")]
                #[must_use]
                pub fn $setting(self, $setting: f64) -> Self {
                    Self { $setting, ..self }
                }
            )*
        }

        impl fmt::Display for $optimizer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                display(self, f)
            }
        }
    };
}
builder!(Adam: beta_1 beta_2 epsilon);
builder!(AdamW: beta_1 beta_2 epsilon weight_decay);

impl Optimizer for Adam {
    fn name(&self) -> &'static str {
        "Adam"
    }

    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("learning_rate", self.learning_rate),
            ("beta_1", self.beta_1),
            ("beta_2", self.beta_2),
            ("epsilon", self.epsilon),
        ]
    }

    fn validate(&self) -> Result<(), SettingError> {
        check(
            self.name(),
            &[
                ("learning_rate", self.learning_rate, NOT_NEGATIVE),
                ("beta_1", self.beta_1, BELOW_ONE),
                ("beta_2", self.beta_2, BELOW_ONE),
                ("epsilon", self.epsilon, POSITIVE),
            ],
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

impl Elementwise for Adam {
    fn update_part(
        &self,
        step: u64,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        update(self.rule(step), parameters, gradient, slices(self.name(), slots));
    }
}

impl Optimizer for AdamW {
    fn name(&self) -> &'static str {
        "AdamW"
    }

    fn slots(&self) -> &'static [&'static str] {
        self.adam().slots()
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        let mut settings = self.adam().settings();
        settings.push(("weight_decay", self.weight_decay));
        settings
    }

    fn validate(&self) -> Result<(), SettingError> {
        self.adam().validate().map_err(|error| SettingError { optimizer: self.name(), ..error })?;
        check(self.name(), &[("weight_decay", self.weight_decay, NOT_NEGATIVE)])
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    update_all_as_one_part!();
}

impl Elementwise for AdamW {
    fn update_part(
        &self,
        step: u64,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        let decay = (self.learning_rate * self.weight_decay) as f32;
        let rule = Decayed { decay, rule: self.adam().rule(step) };
        update(rule, parameters, gradient, slices(self.name(), slots));
    }
}

impl AdamW {
    /// The same without the decay.
    fn adam(&self) -> Adam {
        let Self { learning_rate, beta_1, beta_2, epsilon, .. } = *self;
        Adam { learning_rate, beta_1, beta_2, epsilon }
    }
}

impl Adam {
    /// The rule of step `step`, each factor computed in f64 and rounded once.
    fn rule(&self, step: u64) -> Moments {
        assert!(step > 0, "update: steps count from 1");
        let correction = |beta: f64| 1.0 - libm::pow(beta, step as f64);
        let alpha = self.learning_rate * correction(self.beta_2).sqrt() / correction(self.beta_1);
        Moments {
            alpha: alpha as f32,
            rate_1: (1.0 - self.beta_1) as f32,
            rate_2: (1.0 - self.beta_2) as f32,
            epsilon: self.epsilon as f32,
        }
    }
}

/// [`Adam`] at one step.
#[derive(Debug, Clone, Copy)]
struct Moments {
    alpha: f32,
    /// `1 − beta_1`
    rate_1: f32,
    /// `1 − beta_2`
    rate_2: f32,
    epsilon: f32,
}

impl UpdateRule<2> for Moments {
    #[inline(always)]
    fn apply(self, weight: f32, gradient: f32, [first, second]: [f32; 2]) -> (f32, [f32; 2]) {
        let first = first + self.rate_1 * (gradient - first);
        let second = second + self.rate_2 * (gradient * gradient - second);
        (weight - self.alpha * first / (second.sqrt() + self.epsilon), [first, second])
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
