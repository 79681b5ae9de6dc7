//! One step of an optimizer: which it is, and what happens around its rule.

use crate::kernels::update::{Gradient, Tuning, UpdateRule, update, update_tuned};

/// The circumstances of one step.
///
/// Everything but the number of the step is at first what changes nothing; [`Options`](super::Options) sets it. An
/// optimizer hands it on to [`apply`], which does what it says in the same pass as the rule.
///
/// ```
/// use typenet_runtime::optimizers::Turn;
///
/// let turn = Turn { learning_rate: Some(0.5), ..Turn::new(7) };
/// assert_eq!((turn.step, turn.learning_rate_or(0.1)), (7, 0.5));
/// assert_eq!(Turn::new(7).learning_rate_or(0.1), 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Number of the step, from 1; of the update where there is an [`accumulation`](Self::accumulation).
    pub step: u64,
    /// A step size in place of the optimizer's own.
    pub learning_rate: Option<f64>,
    /// As [`Tuning::scale`].
    pub scale: f64,
    /// As [`Tuning::limit`].
    pub limit: f32,
    /// As [`Tuning::decay`].
    pub decay: f32,
    /// As [`Tuning::count`].
    pub count: f32,
    /// Whether the slot behind the optimizer's own is [`Tuning::accumulated`].
    pub accumulated: bool,
    /// [`Tuning::average_rate`], if the last slot is [`Tuning::average`].
    pub average_rate: Option<f32>,
    /// What the step is to an optimizer that accumulates gradients. If `None`, such an optimizer counts steps itself, and
    /// every gradient counts the same.
    pub accumulation: Option<Accumulation>,
}

/// One gradient among those that are accumulated for an update: it is their mean over samples,
/// `Σ samplesᵢ·gᵢ / Σ samplesᵢ`, as if they had been one large batch.
///
/// The sum is kept in units of the first gradient, `Σ (samplesᵢ / samples₁)·gᵢ`, so that batches of one size are added without
/// a rounding more.
///
/// ```
/// use typenet_runtime::optimizers::{Accumulation, Optimizer, OptimizerExt, Sgd, Turn};
///
/// let optimizer = Sgd::new(1.0).accumulate(8);
/// let (mut w, mut sum) = ([0.0], [0.0]);
/// // A gradient of two samples and one of a single sample, which are all that there are.
/// for (gradient, samples, total, updates) in [(-1.0, 2, 2, false), (-4.0, 1, 3, true)] {
///     let accumulation = Some(Accumulation { samples, first: 2, total, updates });
///     let turn = Turn { accumulation, ..Turn::new(1) };
///     optimizer.update_tensors(&turn, &[0..1], &mut w, &[gradient], &mut [&mut sum]);
/// }
/// assert_eq!((w, sum), ([(2.0 * 1.0 + 1.0 * 4.0) / 3.0], [0.0]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accumulation {
    /// Samples that the gradient is the mean of; with 0 nothing is added.
    pub samples: u64,
    /// Samples of the first gradient since the last update, at least 1.
    pub first: u64,
    /// Samples of all gradients since the last update, with these.
    pub total: u64,
    /// Whether the step ends with an update; if not, the gradient is only kept.
    pub updates: bool,
}

impl Turn {
    /// Step number `step`, from 1, with nothing around the rule.
    pub const fn new(step: u64) -> Self {
        Self {
            step,
            learning_rate: None,
            scale: 1.0,
            limit: f32::INFINITY,
            decay: 0.0,
            count: 1.0,
            accumulated: false,
            average_rate: None,
            accumulation: None,
        }
    }

    /// The step size, for an optimizer whose own is `own`.
    pub fn learning_rate_or(&self, own: f64) -> f64 {
        self.learning_rate.unwrap_or(own)
    }

    /// Number of slots behind the optimizer's own.
    pub(super) fn slots(&self) -> usize {
        usize::from(self.accumulated) + usize::from(self.average_rate.is_some())
    }

    fn is_plain(&self) -> bool {
        *self == Self { step: self.step, learning_rate: self.learning_rate, ..Self::new(0) }
    }
}

/// Applies an optimizer's rule to some parameters, and does what `turn` says around it, in one pass.
///
/// An optimizer of your own is its settings and a rule; then it has every option too:
///
/// ```
/// use core::ops::Range;
/// use typenet_runtime::kernels::update::UpdateRule;
/// use typenet_runtime::optimizers::{
///     Elementwise, Gradient, Optimizer, OptimizerExt, SettingError, Turn, apply, update_runs,
/// };
///
/// /// `w = w − learning_rate·sign(g)`
/// struct SignDescent(f64);
///
/// #[derive(Clone, Copy)]
/// struct Sign(f32);
///
/// impl UpdateRule<0> for Sign {
///     #[inline(always)]
///     fn apply(self, weight: f32, gradient: f32, []: [f32; 0]) -> (f32, [f32; 0]) {
///         (weight - self.0 * gradient.signum(), [])
///     }
/// }
///
/// impl Elementwise for SignDescent {
///     fn update_part(&self, turn: &Turn, w: &mut [f32], gradient: Gradient<'_>, slots: &mut [&mut [f32]]) {
///         apply(self.name(), Sign(turn.learning_rate_or(self.0) as f32), turn, w, gradient, slots);
///     }
/// }
///
/// impl Optimizer for SignDescent {
///     fn name(&self) -> &'static str {
///         "SignDescent"
///     }
///     fn slots(&self) -> Vec<&'static str> {
///         Vec::new()
///     }
///     fn settings(&self) -> Vec<(&'static str, f64)> {
///         vec![("learning_rate", self.0)]
///     }
///     fn validate(&self) -> Result<(), SettingError> {
///         Ok(())
///     }
///     fn learning_rate(&self) -> f64 {
///         self.0
///     }
///     fn set_learning_rate(&mut self, learning_rate: f64) {
///         self.0 = learning_rate;
///     }
///     fn update_tensors(
///         &self, turn: &Turn, tensors: &[Range<usize>], w: &mut [f32], g: &[f32], slots: &mut [&mut [f32]],
///     ) {
///         update_runs(self, turn, tensors, w, g, slots);
///     }
///     fn elementwise(&self) -> Option<&dyn Elementwise> {
///         Some(self)
///     }
/// }
/// impl OptimizerExt for SignDescent {}
///
/// let mut w = [1.0, 1.0];
/// SignDescent(0.25).weight_decay(2.0).update(1, &mut w, &[-3.0, 5.0], &mut []);
/// assert_eq!(w, [0.75, 0.25]);
/// ```
///
/// # Panics
/// If there are not as many slots as the rule and the turn use, or the lengths differ.
#[track_caller]
pub fn apply<const SLOTS: usize, R: UpdateRule<SLOTS>>(
    optimizer: &str,
    rule: R,
    turn: &Turn,
    parameters: &mut [f32],
    gradient: Gradient<'_>,
    slots: &mut [&mut [f32]],
) {
    let (found, expected) = (slots.len(), SLOTS + turn.slots());
    assert_eq!(found, expected, "{optimizer}: {found} slots, expected {expected}");
    let (own, others) = slots.split_at_mut(SLOTS);
    let own = <&mut [&mut [f32]; SLOTS]>::try_from(own).expect("the slots were counted");
    let own = own.each_mut().map(|slot| &mut **slot);
    if turn.is_plain() {
        return update(rule, parameters, gradient, own);
    }
    let mut others = others.iter_mut().map(|slot| &mut **slot);
    let accumulated = if turn.accumulated { others.next() } else { None };
    let tuning = Tuning {
        scale: turn.scale,
        limit: turn.limit,
        decay: turn.decay,
        count: turn.count,
        accumulated,
        average: others.next(),
        average_rate: turn.average_rate.unwrap_or_default(),
    };
    update_tuned(rule, tuning, parameters, gradient, own);
}
