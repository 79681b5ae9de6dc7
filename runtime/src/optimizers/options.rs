//! What every optimizer can do besides its rule.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use super::runs::update_runs;
use super::schedules::Schedule;
use super::{
    ABOVE_ZERO, Accumulation, BELOW_ONE, Elementwise, Gradient, NOT_NEGATIVE, Optimizer, SettingError, Turn,
    check, display,
};
use crate::kernels::flush::narrow;
use crate::kernels::reduce::{norm, sum_of};
use crate::kernels::update::{UpdateRule, update};

/// The slot of [`OptimizerExt::accumulate`].
pub(crate) const ACCUMULATED: &str = "accumulated_gradient";
/// The slot of [`OptimizerExt::average`].
pub(crate) const AVERAGE: &str = "average";

/// An optimizer with options. The names are Keras's, and so is the order in which they act, whatever the order in which
/// they are set:
///
/// ```text
/// g       = mean over the samples of n steps                                accumulate(n)
/// g       = g clipped                                                       clip_value, clip_norm or clip_global_norm
/// w       = w − learning_rate·weight_decay·w                                weight_decay
/// w       = the optimizer's rule, with learning_rate = schedule(update)     schedule
/// average = momentum·average + (1 − momentum)·w                             average(momentum)
/// ```
///
/// All of it is one pass over the parameters; clipping by a norm reads the gradients once more, before.
///
/// ```
/// use typenet_runtime::optimizers::schedules::CosineDecay;
/// use typenet_runtime::optimizers::{Adam, Optimizer, OptimizerExt};
///
/// let optimizer = Adam::new(1e-3).schedule(CosineDecay::new(1e-3, 10_000)).clip_global_norm(1.0).average(0.99).weight_decay(0.01);
/// assert_eq!(optimizer.slots(), ["first_moment", "second_moment", "average"]);
/// assert_eq!(optimizer.learning_rate_at(10_001), 0.0);
/// assert_eq!(optimizer.optimizer(), &Adam::new(1e-3));
/// ```
#[derive(Clone)]
pub struct Options<O> {
    optimizer: O,
    schedule: Option<Arc<dyn Schedule>>,
    weight_decay: Option<f64>,
    /// Whether the optimizer has a weight decay of its own that cannot be set.
    two_decays: bool,
    clip_value: Option<f64>,
    clip_norm: Option<f64>,
    clip_global_norm: Option<f64>,
    /// Steps for each update.
    accumulate: Option<u32>,
    /// The share of the average that is kept.
    average: Option<f64>,
}

macro_rules! options {
    ($($(#[$doc:meta])* $option:ident: $value:ty;)+) => {
        /// The options of [`Options`], on the optimizer itself.
        ///
        /// An optimizer of your own has them with `impl OptimizerExt for Mine {}`.
        ///
        /// ```
        /// use typenet_runtime::optimizers::{Lion, OptimizerExt};
        ///
        /// let optimizer = Lion::new(1e-4).weight_decay(0.1).accumulate(8);
        /// let settings = "learning_rate = 0.0001, beta_1 = 0.9, beta_2 = 0.99, weight_decay = 0.1, accumulate = 8";
        /// assert_eq!(optimizer.to_string(), format!("Lion({settings})"));
        /// ```
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not an optimizer that takes options",
            note = "an optimizer of your own does with `impl OptimizerExt for {Self} {{}}`"
        )]
        pub trait OptimizerExt: Optimizer + Sized {
            $(
                $(#[$doc])*
                fn $option(self, $option: $value) -> Options<Self> {
                    Options::new(self).$option($option)
                }
            )+

            /// Decoupled weight decay: before each update, `w = w − learning_rate·weight_decay·w` (Loshchilov & Hutter, "Decoupled
            /// weight decay regularization", ICLR 2019). At least 0.
            ///
            /// An optimizer with a weight decay of its own, such as [`AdamW`](super::AdamW) and [`Lamb`](super::Lamb), takes this as
            /// its own, so that `weight_decay` means the same before and behind other options.
            ///
            /// ```
            /// use typenet_runtime::optimizers::{AdamW, Optimizer, OptimizerExt, Sgd};
            ///
            /// let mut w = [8.0];
            /// Sgd::new(0.5).weight_decay(0.25).update(1, &mut w, &[1.0], &mut []);
            /// assert_eq!(w, [8.0 - 0.5 * 0.25 * 8.0 - 0.5 * 1.0]);
            ///
            /// assert_eq!(AdamW::new(0.5).accumulate(2).weight_decay(0.25).optimizer(), &AdamW::new(0.5).weight_decay(0.25));
            /// ```
            fn weight_decay(self, weight_decay: f64) -> Options<Self> {
                Options::new(self).weight_decay(weight_decay)
            }

            /// The step size of each update, in place of the optimizer's own.
            ///
            /// A schedule is a function of the number of updates, so a run that is resumed goes on with the same rates.
            fn schedule(self, schedule: impl Schedule + 'static) -> Options<Self> {
                Options::new(self).schedule(schedule)
            }
        }

        impl<O> Options<O> {
            $(
                #[doc = concat!("As [`OptimizerExt::", stringify!($option), "`].")]
                #[must_use]
                pub fn $option(self, $option: $value) -> Self {
                    Self { $option: Some($option), ..self }
                }
            )+

            /// As [`OptimizerExt::schedule`].
            #[must_use]
            pub fn schedule(self, schedule: impl Schedule + 'static) -> Self {
                Self { schedule: Some(Arc::new(schedule)), ..self }
            }
        }
    };
}

options! {
    /// Limits each number of a gradient to `±clip_value`. Above 0.
    ///
    /// ```
    /// use typenet_runtime::optimizers::{Optimizer, OptimizerExt, Sgd};
    ///
    /// let mut w = [0.0; 2];
    /// Sgd::new(1.0).clip_value(0.5).update(1, &mut w, &[3.0, -0.25], &mut []);
    /// assert_eq!(w, [-0.5, 0.25]);
    /// ```
    #[doc(alias = "clip_grad_value_")]
    clip_value: f64;
    /// Scales each tensor's gradient down to this Euclidean norm if its own is larger. Above 0.
    ///
    /// ```
    /// use typenet_runtime::optimizers::{Optimizer, OptimizerExt, Sgd, Turn};
    ///
    /// let mut w = [0.0; 3];
    /// let clipped = Sgd::new(1.0).clip_norm(2.5);
    /// // The first tensor's gradient is twice too long, the second's is short enough.
    /// clipped.update_tensors(&Turn::new(1), &[0..2, 2..3], &mut w, &[3.0, 4.0, 1.0], &mut []);
    /// assert_eq!(w, [-1.5, -2.0, -1.0]);
    /// ```
    clip_norm: f64;
    /// Scales the whole gradient down to this Euclidean norm if its own is larger (Pascanu, Mikolov, Bengio, "On the
    /// difficulty of training recurrent neural networks", ICML 2013). Above 0.
    ///
    /// ```
    /// use typenet_runtime::optimizers::{Optimizer, OptimizerExt, Sgd, Turn};
    ///
    /// let mut w = [0.0; 2];
    /// let clipped = Sgd::new(1.0).clip_global_norm(2.5);
    /// // The norm of both tensors' gradients is 5.
    /// clipped.update_tensors(&Turn::new(1), &[0..1, 1..2], &mut w, &[3.0, 4.0], &mut []);
    /// assert_eq!(w, [-1.5, -2.0]);
    /// ```
    #[doc(alias = "global_clipnorm")]
    #[doc(alias = "clip_grad_norm_")]
    clip_global_norm: f64;
    /// Updates after every `accumulate` steps, by the mean of their gradients over samples, as if their batches were one: a short
    /// batch counts less. (Keras's mean is over steps.) At least 1. Momentum, bias correction and schedules count updates, not
    /// steps.
    ///
    /// In `fit`, what is left at the end of an epoch is applied there, as the mean over its own samples, so that no sample is lost
    /// (Hugging Face Accelerate's `sync_with_dataloader`, which is its default too). A loop written by hand does that with
    /// `Trainer::apply_accumulated`. An optimizer by itself, as here, knows of no samples: every gradient counts the same, see
    /// [`Accumulation`].
    ///
    /// ```
    /// use typenet_runtime::optimizers::{Optimizer, OptimizerExt, Sgd};
    ///
    /// let optimizer = Sgd::new(0.5).accumulate(2);
    /// let (mut w, mut sum) = ([1.0], [0.0]);
    /// optimizer.update(1, &mut w, &[1.0], &mut [&mut sum]);
    /// assert_eq!(w, [1.0]);
    /// optimizer.update(2, &mut w, &[3.0], &mut [&mut sum]);
    /// assert_eq!(w, [1.0 - 0.5 * 2.0]);
    /// ```
    #[doc(alias = "gradient_accumulation_steps")]
    accumulate: u32;
    /// Keeps an exponential moving average of the weights, of which each update keeps the share `average`, in `[0, 1)`. Keras's
    /// default is 0.99. It begins as the weights after the first update. In `fit`, the callback `SwapEmaWeights` validates and keeps
    /// the averaged weights.
    ///
    /// ```
    /// use typenet_runtime::optimizers::{Optimizer, OptimizerExt, Sgd};
    ///
    /// let optimizer = Sgd::new(1.0).average(0.75);
    /// let (mut w, mut average) = ([0.0], [0.0]);
    /// optimizer.update(1, &mut w, &[-4.0], &mut [&mut average]);
    /// assert_eq!((w, average), ([4.0], [4.0]));
    /// optimizer.update(2, &mut w, &[4.0], &mut [&mut average]);
    /// assert_eq!((w, average), ([0.0], [3.0]));
    /// ```
    #[doc(alias = "use_ema")]
    #[doc(alias = "ema_momentum")]
    average: f64;
}

/// The sum of the gradients so far, to which this one is added so many times.
#[derive(Debug, Clone, Copy)]
struct Add {
    count: f32,
}

impl UpdateRule<0> for Add {
    #[inline(always)]
    fn apply(self, sum: f32, gradient: f32, []: [f32; 0]) -> (f32, [f32; 0]) {
        (self.count * gradient + sum, [])
    }
}

impl<O> Options<O> {
    fn new(optimizer: O) -> Self {
        Self {
            optimizer,
            schedule: None,
            weight_decay: None,
            two_decays: false,
            clip_value: None,
            clip_norm: None,
            clip_global_norm: None,
            accumulate: None,
            average: None,
        }
    }

    /// The optimizer without its options.
    pub fn optimizer(&self) -> &O {
        &self.optimizer
    }

    /// Where the accumulated gradient is among the slots.
    fn accumulated(&self, slots: usize) -> usize {
        slots - 1 - usize::from(self.average.is_some())
    }
}

impl<O: Optimizer> Options<O> {
    /// As [`OptimizerExt::weight_decay`].
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.set_weight_decay(weight_decay);
        self
    }

    /// What the optimizer does in this turn.
    fn turn(&self, turn: &Turn) -> Action {
        assert!(turn.step > 0, "update: steps count from 1");
        let steps = u64::from(self.steps_per_update());
        let (update, accumulation) = match turn.accumulation {
            Some(accumulation) => (turn.step, accumulation),
            None => {
                let total = (turn.step - 1) % steps + 1;
                let accumulation = Accumulation { samples: 1, first: 1, total, updates: total == steps };
                (turn.step.div_ceil(steps), accumulation)
            }
        };
        let Accumulation { samples, first, total, updates } = accumulation;
        let count = if self.accumulate.is_some() { (samples as f64 / first as f64) as f32 } else { 1.0 };
        if !updates {
            return Action::Keep { count };
        }
        // The inverse of the number of first batches that all samples are.
        let mean = if self.accumulate.is_some() { first as f64 / total as f64 } else { 1.0 };
        let learning_rate = self.rate(update);
        let turn = Turn {
            step: update,
            learning_rate: Some(learning_rate),
            scale: mean,
            limit: self.clip_value.map_or(f32::INFINITY, |limit| limit as f32),
            decay: narrow(learning_rate * self.weight_decay.unwrap_or_default()),
            count,
            accumulated: self.accumulate.is_some(),
            average_rate: self.average.map(|kept| if update == 1 { 1.0 } else { (1.0 - kept) as f32 }),
            accumulation: None,
        };
        Action::Update { turn, mean }
    }

    /// The step size of an update, from 1.
    fn rate(&self, update: u64) -> f64 {
        match &self.schedule {
            Some(schedule) => schedule.rate(update - 1),
            None => self.optimizer.learning_rate(),
        }
    }

    /// Euclidean norm of the gradient by a tensor, with what is accumulated.
    fn norm(&self, count: f32, tensor: Range<usize>, gradients: &[f32], slots: &[&mut [f32]]) -> f64 {
        let gradients = &gradients[tensor.clone()];
        if self.accumulate.is_none() {
            return norm(gradients);
        }
        let accumulated = &slots[self.accumulated(slots.len())][tensor];
        libm::sqrt(sum_of([gradients, accumulated], |[x, y]| {
            // As the update adds them, in f32.
            let sum = f64::from(count * x + y);
            sum * sum
        }))
    }
}

/// What an optimizer with options does with a gradient.
enum Action {
    /// Adds it so many times to the accumulated one.
    Keep { count: f32 },
    /// Updates; `mean` is the factor that makes a mean of the sum.
    Update { turn: Turn, mean: f64 },
}

/// The factor that brings a norm down to a limit.
fn scale_to(limit: f64, norm: f64) -> f64 {
    if norm > limit { limit / norm } else { 1.0 }
}

impl<O: Optimizer> Optimizer for Options<O> {
    fn name(&self) -> &'static str {
        self.optimizer.name()
    }

    fn slots(&self) -> Vec<&'static str> {
        let mut slots = self.optimizer.slots();
        slots.extend(self.accumulate.map(|_| ACCUMULATED));
        slots.extend(self.average.map(|_| AVERAGE));
        slots
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        let mut settings = self.optimizer.settings();
        if self.schedule.is_some() {
            settings.retain(|(name, _)| *name != "learning_rate");
        }
        let options = [
            ("weight_decay", self.weight_decay),
            ("clip_value", self.clip_value),
            ("clip_norm", self.clip_norm),
            ("clip_global_norm", self.clip_global_norm),
            ("accumulate", self.accumulate.map(f64::from)),
            ("average", self.average),
        ];
        settings.extend(options.into_iter().filter_map(|(name, value)| Some((name, value?))));
        settings
    }

    fn learning_rate_schedule(&self) -> Option<&dyn Schedule> {
        self.schedule.as_deref()
    }

    fn validate(&self) -> Result<(), SettingError> {
        self.optimizer.validate()?;
        self.schedule.as_ref().map_or(Ok(()), |schedule| schedule.validate())?;
        // Two decays would add up, and be one name in checkpoints.
        let decays = if self.two_decays { 2.0 } else { 1.0 };
        let is = |name, value: Option<f64>, condition| value.map(|value| (name, value, condition));
        let clips = [self.clip_value, self.clip_norm, self.clip_global_norm];
        let ways = clips.iter().flatten().count() as f64;
        let settings = [
            is("weight_decay", self.weight_decay, NOT_NEGATIVE),
            is(
                "weight_decay",
                Some(decays),
                (|x| x <= 1.0, "one at most: `set_weight_decay` sets the optimizer's own"),
            ),
            is("clip_value", self.clip_value, ABOVE_ZERO),
            is("clip_norm", self.clip_norm, ABOVE_ZERO),
            is("clip_global_norm", self.clip_global_norm, ABOVE_ZERO),
            is("accumulate", self.accumulate.map(f64::from), (|x| x >= 1.0, "at least 1")),
            is("average", self.average, BELOW_ONE),
            is("clip_*", Some(ways), (|x| x <= 1.0, "one way of clipping at most")),
        ];
        settings.into_iter().flatten().try_for_each(|setting| check(self.name(), &[setting]))
    }

    /// Of the first update.
    fn learning_rate(&self) -> f64 {
        self.rate(1)
    }

    fn learning_rate_at(&self, update: u64) -> f64 {
        self.rate(update.max(1))
    }

    fn steps_per_update(&self) -> u32 {
        self.accumulate.unwrap_or(1).max(1)
    }

    fn set_weight_decay(&mut self, weight_decay: f64) -> bool {
        if !self.optimizer.set_weight_decay(weight_decay) {
            self.weight_decay = Some(weight_decay);
            self.two_decays = self.optimizer.settings().iter().any(|(name, _)| *name == "weight_decay");
        }
        true
    }

    /// Ends a schedule.
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.schedule = None;
        self.optimizer.set_learning_rate(learning_rate);
    }

    fn update_tensors(
        &self,
        turn: &Turn,
        tensors: &[Range<usize>],
        parameters: &mut [f32],
        gradients: &[f32],
        slots: &mut [&mut [f32]],
    ) {
        let Action::Update { turn, mean } = self.turn(turn) else {
            return update_runs(self, turn, tensors, parameters, gradients, slots);
        };
        let scaled = |factor: f64| Turn { scale: factor * mean, ..turn };
        if let Some(limit) = self.clip_norm {
            for tensor in tensors {
                let turn =
                    scaled(scale_to(limit, mean * self.norm(turn.count, tensor.clone(), gradients, slots)));
                self.optimizer.update_tensors(
                    &turn,
                    core::slice::from_ref(tensor),
                    parameters,
                    gradients,
                    slots,
                );
            }
            return;
        }
        let turn = match self.clip_global_norm {
            None => turn,
            Some(limit) => {
                let norm = |tensor: &Range<usize>| self.norm(turn.count, tensor.clone(), gradients, slots);
                let squares = tensors.iter().map(|tensor| norm(tensor).powi(2));
                scaled(scale_to(limit, mean * libm::sqrt(squares.sum())))
            }
        };
        self.optimizer.update_tensors(&turn, tensors, parameters, gradients, slots);
    }

    fn elementwise(&self) -> Option<&dyn Elementwise> {
        let has_norm = self.clip_norm.is_some() || self.clip_global_norm.is_some();
        if has_norm || self.optimizer.elementwise().is_none() { None } else { Some(self) }
    }
}

impl<O: Optimizer> Elementwise for Options<O> {
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    ) {
        match (self.turn(turn), self.optimizer.elementwise()) {
            (Action::Keep { count }, _) => {
                let slot = self.accumulated(slots.len());
                update(Add { count }, slots[slot], gradient, []);
            }
            (Action::Update { turn, .. }, Some(optimizer)) => {
                optimizer.update_part(&turn, parameters, gradient, slots);
            }
            (Action::Update { .. }, None) => unreachable!("`elementwise` is `None`"),
        }
    }
}

impl<O: Optimizer> fmt::Display for Options<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

impl<O: Optimizer> fmt::Debug for Options<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}
