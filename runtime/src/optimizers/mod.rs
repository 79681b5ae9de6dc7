//! Optimizers: from gradients to the next parameters.
//!
//! An optimizer sees one block of parameters, and which parts of it are tensors, and holds no numbers but its settings;
//! what it remembers between steps lies in slots of the caller. Names, formulas and defaults are Keras's. Optimizers know no
//! layers or losses.
//!
//! An optimizer is one file: its settings, and an [`UpdateRule`](crate::kernels::update::UpdateRule) that says what happens to one weight.
//!
//! Rates, weights, moments and averages closer to zero than [`flush::SMALLEST`](crate::kernels::flush::SMALLEST), 2⁻¹⁰⁰, count as zero, and so do
//! squares; an epsilon counts as at least that, or as at least its root, 2⁻⁵⁰, where it is added to a root.
//!
//! What all of them can do besides (schedules, clipping, decay, accumulation, averages) is [`Options`].

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod declare;
mod ftrl;
mod lamb;
mod lion;
mod nadam;
mod options;
mod rmsprop;
mod runs;
pub mod schedules;
mod sgd;
mod turn;

use core::fmt;
use core::ops::Range;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use ftrl::Ftrl;
pub use lamb::Lamb;
pub use lion::Lion;
pub use nadam::Nadam;
pub(crate) use options::{ACCUMULATED, AVERAGE};
pub use options::{OptimizerExt, Options};
pub use rmsprop::RmsProp;
pub use runs::update_runs;
pub use schedules::Schedule;
pub use sgd::Sgd;
pub use turn::{Accumulation, Turn, apply};

pub use crate::kernels::update::Gradient;
pub use crate::schema::SettingError;

use crate::kernels::flush::{SMALLEST, SMALLEST_ROOT, flush_below, narrow};
use crate::schema::setting::{BELOW_ONE, Condition, NOT_NEGATIVE, check};

/// From gradients to the next parameters.
///
/// # Example
/// The minimum of `w²`, whose gradient is `2·w`:
///
/// ```
/// use typenet_runtime::optimizers::{Optimizer, Sgd};
///
/// let optimizer = Sgd::new(0.1).momentum(0.5);
/// let mut velocity = [0.0];
/// let mut w = [1.0];
/// for step in 1..=50 {
///     let gradient = [2.0 * w[0]];
///     optimizer.update(step, &mut w, &gradient, &mut [&mut velocity]);
/// }
/// assert!(w[0].abs() < 1e-6);
/// ```
///
/// What a training loop asks an optimizer:
///
/// ```
/// use typenet_runtime::kernels::update::MAX_SLOTS;
/// use typenet_runtime::optimizers::{AdamW, Optimizer, OptimizerExt};
///
/// let mut optimizer = AdamW::new(0.1).accumulate(2);
/// assert!(optimizer.slots().len() <= MAX_SLOTS);
/// assert_eq!(optimizer.steps_per_update(), 2);
/// assert!(optimizer.learning_rate_schedule().is_none());
/// assert!(optimizer.set_weight_decay(0.5), "it has one");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    label = "this is where the optimizer, given to `compile`, is used",
    note = "optimizers are `Sgd`, `Adam`, `AdamW`, the others of `optimizers`, and types of your own that implement `Optimizer`"
)]
pub trait Optimizer: Send + Sync {
    /// Its type: `Adam`.
    fn name(&self) -> &'static str;
    /// Names of the slots, at most [`MAX_SLOTS`](crate::kernels::update::MAX_SLOTS), each as long as the parameters and zero
    /// before the first step.
    fn slots(&self) -> Vec<&'static str>;
    /// Settings by name, for checkpoints and messages.
    fn settings(&self) -> Vec<(&'static str, f64)>;
    /// What gives the step size, if it is not a setting.
    fn learning_rate_schedule(&self) -> Option<&dyn Schedule> {
        None
    }
    /// Whether every setting can be.
    ///
    /// # Errors
    /// [`SettingError`] names the first that cannot.
    fn validate(&self) -> Result<(), SettingError>;
    /// The step size; that of the first update where it changes.
    fn learning_rate(&self) -> f64;
    /// The step size of update number `update`, from 1.
    fn learning_rate_at(&self, update: u64) -> f64 {
        let _ = update;
        self.learning_rate()
    }
    /// Steps for each update: more than 1 if gradients are accumulated. An optimizer that contains another one says what that one
    /// says.
    fn steps_per_update(&self) -> u32 {
        1
    }
    /// Changes the step size from the next step on.
    fn set_learning_rate(&mut self, learning_rate: f64);
    /// Changes the optimizer's own weight decay, and says whether it has one. If not,
    /// [`OptimizerExt::weight_decay`] decays around its rule.
    fn set_weight_decay(&mut self, weight_decay: f64) -> bool {
        let _ = weight_decay;
        false
    }
    /// Step number `step`, from 1, over a block that is one tensor. Allocates nothing.
    ///
    /// # Panics
    /// As [`update_tensors`](Self::update_tensors).
    fn update(&self, step: u64, parameters: &mut [f32], gradients: &[f32], slots: &mut [&mut [f32]]) {
        let whole = 0..parameters.len();
        self.update_tensors(&Turn::new(step), &[whole], parameters, gradients, slots);
    }
    /// One step over the given tensors of a block, which lie in ascending order and do not overlap. What lies between
    /// them stays as it is, bit by bit. Allocates nothing.
    ///
    /// An optimizer whose update of a number looks at that number alone hands this to [`update_runs`].
    ///
    /// # Panics
    /// If the step is zero where it counts, there are not as many slots as [`slots`](Self::slots) names, or the lengths differ.
    fn update_tensors(
        &self,
        turn: &Turn,
        tensors: &[Range<usize>],
        parameters: &mut [f32],
        gradients: &[f32],
        slots: &mut [&mut [f32]],
    );
    /// The optimizer, if what it does to a parameter depends on that parameter's own numbers alone. Then a step may be
    /// one call for each of several parts, in any order, and its gradient need not be in memory.
    fn elementwise(&self) -> Option<&dyn Elementwise> {
        None
    }
}

/// An [`Optimizer`] that treats each parameter by itself.
///
/// ```
/// use typenet_runtime::optimizers::{Elementwise, Gradient, Optimizer, Sgd, Turn};
///
/// let (sgd, turn) = (Sgd::new(0.5), Turn::new(1));
/// let mut whole = [1.0; 4];
/// sgd.update(1, &mut whole, &[3.0, 4.0, 6.0, 8.0], &mut []);
///
/// // In two parts, the second of them first, whose gradient is a product.
/// let mut parts = [1.0; 4];
/// let (first, second) = parts.split_at_mut(2);
/// sgd.update_part(&turn, second, Gradient::Outer { rows: &[2.0], columns: &[3.0, 4.0] }, &mut []);
/// sgd.update_part(&turn, first, Gradient::Values(&[3.0, 4.0]), &mut []);
/// assert_eq!(parts, whole);
/// ```
pub trait Elementwise: Sync {
    /// [`Optimizer::update`] of a part of the parameters, with the same bits.
    fn update_part(
        &self,
        turn: &Turn,
        parameters: &mut [f32],
        gradient: Gradient<'_>,
        slots: &mut [&mut [f32]],
    );
}

const POSITIVE: Condition = (|x| x as f32 > 0.0 && x.is_finite(), "a finite number above 0 in f32");
const ABOVE_ZERO: Condition = (|x| x > 0.0, "a number above 0");

/// `Adam(learning_rate = 0.001, beta_1 = 0.9, …)`
fn display(optimizer: &impl Optimizer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}(", optimizer.name())?;
    if let Some(schedule) = optimizer.learning_rate_schedule() {
        write!(f, "learning_rate = {}, ", schedule.describe())?;
    }
    for (i, (name, value)) in optimizer.settings().into_iter().enumerate() {
        write!(f, "{}{name} = ", if i == 0 { "" } else { ", " })?;
        if value == 0.0 || value.abs() >= 1e-4 { write!(f, "{value}")? } else { write!(f, "{value:e}")? }
    }
    write!(f, ")")
}

/// `x`, or the largest finite number if `x` is infinite: an infinite moment would be NaN one step later, or stop its weight for
/// ever.
#[inline(always)]
fn finite(x: f32) -> f32 {
    if x > f32::MAX { f32::MAX } else { x }
}

/// `x`, or the largest finite number of its sign if `x` is infinite.
#[inline(always)]
fn bounded(x: f32) -> f32 {
    let x = finite(x);
    if x < f32::MIN { f32::MIN } else { x }
}

/// `x²`, kept finite; zero where it would be closer to zero than [`SMALLEST`].
#[inline(always)]
fn square(x: f32) -> f32 {
    let x = flush_below(SMALLEST_ROOT, x);
    finite(x * x)
}

/// What is added to squares. Those below [`SMALLEST`] count as zero, and a quotient by less than that would be of no meaning.
fn beside_squares(epsilon: f64) -> f32 {
    narrow(epsilon).max(SMALLEST)
}

/// What is added to the root of squares, as [`beside_squares`].
fn beside_root(epsilon: f64) -> f32 {
    narrow(epsilon).max(SMALLEST_ROOT)
}

/// `1 − betaᵗ`, the share of a moving average that is not its start at zero.
fn correction(beta: f64, step: u64) -> f64 {
    assert!(step > 0, "update: steps count from 1");
    1.0 - libm::pow(beta, step as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EPSILON: f64 = f32::EPSILON as f64;

    fn slots(optimizer: &impl Optimizer, len: usize) -> Vec<Box<[f32]>> {
        optimizer.slots().iter().map(|_| vec![0.0; len].into_boxed_slice()).collect()
    }

    fn lend(slots: &mut [Box<[f32]>]) -> Vec<&mut [f32]> {
        slots.iter_mut().map(AsMut::as_mut).collect()
    }

    /// Parameters after each of the gradients, from zero.
    fn path<const STEPS: usize>(optimizer: impl Optimizer, gradients: [f32; STEPS]) -> [f32; STEPS] {
        let (mut w, mut slots) = ([0.0], slots(&optimizer, 1));
        let mut step = 0;
        gradients.map(|gradient| {
            step += 1;
            optimizer.update(step, &mut w, &[gradient], &mut lend(&mut slots));
            w[0]
        })
    }

    #[test]
    fn sgd_by_hand() {
        assert_eq!(path(Sgd::new(0.5), [1.0, -2.0]), [-0.5, 0.5]);
        // velocity: −0.5, −0.25 + 1, 0.375 − 0
        assert_eq!(path(Sgd::new(0.5).momentum(0.5), [1.0, -2.0, 0.0]), [-0.5, 0.25, 0.625]);
        // steps: 0.5·(−0.5) − 0.5, 0.5·0.75 + 1, 0.5·0.375 − 0
        let nesterov = Sgd::new(0.5).momentum(0.5).nesterov();
        assert_eq!(path(nesterov, [1.0, -2.0, 0.0]), [-0.75, 0.625, 0.8125]);
    }

    /// One step from any state, with an optimizer's formula in f64 on the same f32 numbers.
    fn step<const SLOTS: usize>(
        optimizer: impl Optimizer,
        t: u64,
        [w, g]: [f32; 2],
        state: [f32; SLOTS],
    ) -> (f64, [f64; SLOTS]) {
        let (mut w, mut slots) = ([w], state.map(|value| vec![value].into_boxed_slice()));
        optimizer.update(t, &mut w, &[g], &mut lend(&mut slots));
        (f64::from(w[0]), slots.map(|slot| f64::from(slot[0])))
    }

    proptest! {
        #[test]
        fn sgd_agrees_with_its_formula(w in -10f32..10.0, g in -10f32..10.0, v in -10f32..10.0) {
            let [weight, gradient, velocity] = [w, g, v].map(f64::from);
            let (rate, momentum) = (0.1, 0.9);
            // The settings are rounded once; a result has at most five roundings more, each of at most the sum of its
            // terms.
            let tolerance = 6.0 * EPSILON * (weight.abs() + velocity.abs() + gradient.abs());
            let (next, []) = step(Sgd::new(rate), 1, [w, g], []);
            prop_assert!((next - (weight - rate * gradient)).abs() <= tolerance);

            let expected = momentum * velocity - rate * gradient;
            let (next, [kept]) = step(Sgd::new(rate).momentum(momentum), 1, [w, g], [v]);
            prop_assert!((kept - expected).abs() <= tolerance);
            prop_assert!((next - (weight + expected)).abs() <= tolerance);

            let (next, [kept]) = step(Sgd::new(rate).momentum(momentum).nesterov(), 1, [w, g], [v]);
            prop_assert!((kept - expected).abs() <= tolerance);
            prop_assert!((next - (weight + momentum * expected - rate * gradient)).abs() <= tolerance);
        }

        #[test]
        fn adam_agrees_with_its_formula(
            t in 1u64..10_000, w in -10f32..10.0, g in -10f32..10.0, m in -10f32..10.0, v in 1e-6f32..100.0,
        ) {
            let [weight, gradient, first, second] = [w, g, m, v].map(f64::from);
            let (rate, beta_1, beta_2, epsilon, decay) = (0.01, 0.9f64, 0.999f64, 1e-7, 0.004);
            let alpha = rate * (1.0 - beta_2.powi(t as i32)).sqrt() / (1.0 - beta_1.powi(t as i32));
            let expected_first = first + (1.0 - beta_1) * (gradient - first);
            let expected_second = second + (1.0 - beta_2) * (gradient * gradient - second);
            let divisor = expected_second.sqrt() + epsilon;
            // A moment has at most four roundings, each of at most the sum of its terms. The step inherits the first
            // moment's, half of the second's relative one, and has five of its own.
            let first_tolerance = 4.0 * EPSILON * (first.abs() + gradient.abs());
            let second_tolerance = 4.0 * EPSILON * (second + gradient * gradient);
            let length = alpha * expected_first.abs() / divisor;
            let step_tolerance = alpha * first_tolerance / divisor
                + length * (second_tolerance / (2.0 * expected_second) + 5.0 * EPSILON);

            for decay in [0.0, decay] {
                let (next, [kept_first, kept_second]) = if decay == 0.0 {
                    step(Adam::new(rate).epsilon(epsilon), t, [w, g], [m, v])
                } else {
                    step(AdamW::new(rate).epsilon(epsilon).weight_decay(decay), t, [w, g], [m, v])
                };
                let decayed = weight - rate * decay * weight;
                let tolerance = step_tolerance + 2.0 * EPSILON * (weight.abs() + length);
                prop_assert!((kept_first - expected_first).abs() <= first_tolerance);
                prop_assert!((kept_second - expected_second).abs() <= second_tolerance);
                prop_assert!((next - (decayed - alpha * expected_first / divisor)).abs() <= tolerance);
            }
        }
    }

    #[test]
    fn first_step_of_adam_is_the_learning_rate_whatever_the_gradient() {
        for gradient in [1e-3, 1.0, 1e6] {
            let [w] = path(Adam::new(0.01), [gradient]);
            // Epsilon takes its part, 1e-7 / (√0.001·g); the rest is some roundings.
            let epsilon = 1e-7 / (0.001f64.sqrt() * f64::from(gradient));
            let expected = -0.01 / (1.0 + epsilon);
            assert!((f64::from(w) / expected - 1.0).abs() < 8.0 * f64::from(f32::EPSILON), "{w} {expected}");
        }
        assert_eq!(path(Adam::default(), [0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn weight_decay_does_not_pass_through_the_moments() {
        let optimizer = AdamW::new(0.5).weight_decay(0.25);
        let (mut w, mut slots) = ([8.0], slots(&optimizer, 1));
        optimizer.update(1, &mut w, &[0.0], &mut lend(&mut slots));
        assert_eq!((w, slots[0][0], slots[1][0]), ([7.0], 0.0, 0.0));
    }

    /// The others beside Adam and plain descent, whose formulas are compared with other frameworks in `tests/rules.rs`.
    fn others() -> Vec<Box<dyn Optimizer>> {
        vec![
            Box::new(Adam::default().amsgrad()),
            Box::new(AdamW::default().amsgrad()),
            Box::new(Nadam::default()),
            Box::new(RmsProp::default()),
            Box::new(RmsProp::default().momentum(0.9)),
            Box::new(RmsProp::default().centered()),
            Box::new(RmsProp::default().centered().momentum(0.9)),
            Box::new(Adagrad::default()),
            Box::new(Adadelta::default()),
            Box::new(Adamax::default()),
            Box::new(Ftrl::default()),
            Box::new(Ftrl::default().learning_rate_power(-0.3)),
            Box::new(Lion::default()),
            Box::new(Lamb::default()),
        ]
    }

    #[test]
    fn gradients_whose_squares_leave_f32_keep_weights_finite_and_do_not_stop_them() {
        for optimizer in others().into_iter().chain([Box::new(Adam::default()) as Box<dyn Optimizer>]) {
            let (mut w, mut g) = ([0.5, -0.5, 0.5, -0.5], [1e20, -1e20, 1e30, 1e-30]);
            let mut slots: Vec<Box<[f32]>> =
                optimizer.slots().iter().map(|_| vec![0.0; 4].into_boxed_slice()).collect();
            for step in 1..=50 {
                optimizer.update(step, &mut w, &g, &mut lend(&mut slots));
                g.iter_mut().for_each(|g| *g = -*g);
            }
            let slots: Vec<f32> = slots.iter().flat_map(|slot| slot.to_vec()).collect();
            let name = optimizer.name();
            assert!(w.iter().chain(&slots).all(|x| x.is_finite()), "{name}: {w:?} {slots:?}");
        }
    }

    #[test]
    fn every_setting_of_every_optimizer_is_checked_and_shown() {
        for mut optimizer in others() {
            assert_eq!(optimizer.validate(), Ok(()));
            let settings = optimizer.settings();
            assert_eq!(settings[0], ("learning_rate", 0.001));
            let names: std::collections::HashSet<_> = settings.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), settings.len());
            for bad in [-1.0, f64::NAN, f64::INFINITY] {
                optimizer.set_learning_rate(bad);
                assert_eq!(optimizer.validate().map_err(|error| error.setting), Err("learning_rate"));
            }
        }
        let setting = |optimizer: &dyn Optimizer| optimizer.validate().map_err(|error| error.setting);
        assert_eq!(setting(&Nadam::default().momentum_decay(-1.0)), Err("momentum_decay"));
        assert_eq!(setting(&RmsProp::default().rho(1.0)), Err("rho"));
        assert_eq!(setting(&RmsProp::default().momentum(-0.1)), Err("momentum"));
        assert_eq!(setting(&Adagrad::default().initial_accumulator(-1.0)), Err("initial_accumulator"));
        assert_eq!(setting(&Adadelta::default().epsilon(0.0)), Err("epsilon"));
        assert_eq!(setting(&Adamax::default().beta_2(1.0)), Err("beta_2"));
        assert_eq!(setting(&Ftrl::default().learning_rate_power(0.5)), Err("learning_rate_power"));
        assert_eq!(setting(&Ftrl::default().initial_accumulator(0.0)), Err("initial_accumulator"));
        assert_eq!(setting(&Lion::default().beta_1(-0.1)), Err("beta_1"));
        assert_eq!(setting(&Lamb::default().weight_decay(-0.1)), Err("weight_decay"));
    }

    #[test]
    fn every_option_is_checked_and_shown() {
        use schedules::{CosineDecay, WarmUp};
        let adam = Adam::default();
        let setting = |optimizer: &dyn Optimizer| optimizer.validate().map_err(|error| error.setting);
        assert_eq!(setting(&adam.clip_norm(1.0).average(0.99).accumulate(4)), Ok(()));
        assert_eq!(setting(&OptimizerExt::weight_decay(adam, -0.1)), Err("weight_decay"));
        assert_eq!(setting(&adam.clip_value(0.0)), Err("clip_value"));
        assert_eq!(setting(&adam.clip_norm(f64::NAN)), Err("clip_norm"));
        assert_eq!(setting(&adam.clip_global_norm(-1.0)), Err("clip_global_norm"));
        assert_eq!(setting(&adam.accumulate(0)), Err("accumulate"));
        assert_eq!(setting(&adam.average(1.0)), Err("average"));
        assert_eq!(setting(&adam.clip_norm(1.0).clip_value(1.0)), Err("clip_*"));
        assert_eq!(setting(&adam.schedule(CosineDecay::new(-1.0, 5))), Err("initial"));
        assert_eq!(setting(&adam.schedule(WarmUp::new(5, CosineDecay::new(1.0, 0)))), Err("decay_steps"));
        assert_eq!(setting(&Adam::new(-1.0).average(0.5)), Err("learning_rate"));
        assert_eq!(
            Sgd::new(0.1).schedule(CosineDecay::new(0.5, 9)).clip_norm(1.0).to_string(),
            "Sgd(learning_rate = CosineDecay { initial: 0.5, decay_steps: 9, alpha: 0.0 }, momentum = 0, nesterov = 0, \
             clip_norm = 1)"
        );
    }

    #[test]
    fn weight_decay_is_the_same_before_and_behind_other_options() {
        fn check<O: Optimizer + OptimizerExt + Copy>(before: O, plain: O) {
            let [behind, twice] = [
                plain.schedule(|step: u64| 0.1 / (step + 1) as f64).weight_decay(0.25),
                before.schedule(|step: u64| 0.1 / (step + 1) as f64).weight_decay(0.5).weight_decay(0.25),
            ];
            let before = before.schedule(|step: u64| 0.1 / (step + 1) as f64);
            let paths = [&before, &behind, &twice].map(|optimizer| {
                assert_eq!(optimizer.validate(), Ok(()));
                let (mut w, mut slots) = ([8.0, -3.0], slots(optimizer, 2));
                for step in 1..=3 {
                    optimizer.update(step, &mut w, &[0.5, -2.0], &mut lend(&mut slots));
                }
                (w.map(f32::to_bits), optimizer.settings())
            });
            assert_eq!(paths[0], paths[1]);
            assert_eq!(paths[0], paths[2]);
            let decays = paths[0].1.iter().filter(|(name, _)| name.contains("decay"));
            assert_eq!(decays.collect::<Vec<_>>(), [&("weight_decay", 0.25)]);
        }
        check(AdamW::default().weight_decay(0.25), AdamW::default());
        check(Lamb::default().weight_decay(0.25), Lamb::default());
        check(Lamb::default().decoupled().weight_decay(0.25), Lamb::default().decoupled());
    }

    #[test]
    fn two_weight_decays_are_refused() {
        /// Has a weight decay that cannot be set.
        struct Fixed;
        impl Optimizer for Fixed {
            fn name(&self) -> &'static str {
                "Fixed"
            }
            fn slots(&self) -> Vec<&'static str> {
                Vec::new()
            }
            fn settings(&self) -> Vec<(&'static str, f64)> {
                vec![("weight_decay", 0.5)]
            }
            fn validate(&self) -> Result<(), SettingError> {
                Ok(())
            }
            fn learning_rate(&self) -> f64 {
                1.0
            }
            fn set_learning_rate(&mut self, _: f64) {}
            fn update_tensors(
                &self,
                _: &Turn,
                _: &[Range<usize>],
                _: &mut [f32],
                _: &[f32],
                _: &mut [&mut [f32]],
            ) {
            }
        }
        impl OptimizerExt for Fixed {}
        assert_eq!(Fixed.clip_value(1.0).validate(), Ok(()));
        let error = Fixed.weight_decay(0.5).validate().expect_err("two decays");
        assert_eq!((error.setting, error.found), ("weight_decay", 2.0));
    }

    #[test]
    fn schedules_with_settings_that_cannot_be_are_refused() {
        use schedules::*;
        let setting = |schedule: &dyn Schedule| schedule.validate().map_err(|error| error.setting);
        assert_eq!(setting(&Constant::new(-0.1)), Err("rate"));
        assert_eq!(setting(&StepDecay::new(0.1, 0)), Err("step_size"));
        assert_eq!(setting(&PiecewiseConstant::new([1, 2], [0.1, 0.2])), Err("number of values"));
        assert_eq!(setting(&PiecewiseConstant::new([2, 2], [0.1, 0.2, 0.3])), Err("boundary"));
        assert_eq!(setting(&PiecewiseConstant::new([1], [0.1, f64::NAN])), Err("value"));
        assert_eq!(setting(&ExponentialDecay::new(0.1, 10, -0.5)), Err("decay_rate"));
        assert_eq!(setting(&InverseTimeDecay::new(0.1, 0, 0.5)), Err("decay_steps"));
        assert_eq!(setting(&PolynomialDecay::new(0.1, 10).end(-1.0)), Err("end"));
        assert_eq!(setting(&CosineDecay::new(0.1, 10).alpha(1.5)), Err("alpha"));
        assert_eq!(setting(&CosineDecayRestarts::new(0.1, 10).t_mul(0.5)), Err("t_mul"));
        assert_eq!(setting(&OneCycle::new(0.1, 1)), Err("total_steps"));
        assert_eq!(setting(&OneCycle::new(0.1, 10).div_factor(0.0)), Err("div_factor"));
        assert_eq!(setting(&|_: u64| f64::NAN), Err("rate of step 0"));
    }

    #[test]
    fn restarts_begin_at_their_step_however_the_logarithm_rounds() {
        for t_mul in [1.0, 1.1, 1.5, 2.0, 3.0] {
            let schedule = schedules::CosineDecayRestarts::new(1.0, 10).t_mul(t_mul);
            let mut start = 0.0;
            for period in 0..12 {
                // The first whole step of a period is at its top, and the step before near the end of the last.
                let step = f64::ceil(start - 1e-9) as u64;
                let length = 10.0 * f64::powi(t_mul, period);
                let fraction = (step as f64 - start) / length;
                let expected = 0.5 * (1.0 + (core::f64::consts::PI * fraction).cos());
                assert!((schedule.rate(step) - expected).abs() < 1e-9, "{t_mul} {period} {step}");
                start += length;
            }
        }
    }

    #[test]
    fn a_rate_that_is_set_ends_a_schedule() {
        let mut optimizer = Sgd::new(0.5).schedule(|step: u64| 1.0 / (1 << step) as f64).accumulate(2);
        assert_eq!([1, 2, 3].map(|update| optimizer.learning_rate_at(update)), [1.0, 0.5, 0.25]);
        optimizer.set_learning_rate(0.125);
        assert_eq!(
            (optimizer.learning_rate_at(9), optimizer.learning_rate_schedule().is_some()),
            (0.125, false)
        );
    }

    #[test]
    fn what_lies_between_tensors_keeps_its_bits() {
        let clipped = [Adam::default().clip_norm(1.0), Adam::default().clip_global_norm(1.0)];
        let optimizers = others().into_iter().chain(clipped.map(|adam| Box::new(adam) as Box<dyn Optimizer>));
        for optimizer in optimizers {
            let mut w: Vec<f32> = (0..100).map(|i| (i as f32 - 50.5) / 1000.0).collect();
            let start = w.clone();
            let mut slots: Vec<Box<[f32]>> =
                optimizer.slots().iter().map(|_| vec![0.0; 100].into_boxed_slice()).collect();
            let tensors = [0..10, 10..33, 40..41, 77..99];
            for step in 1..5 {
                let turn = Turn::new(step);
                optimizer.update_tensors(&turn, &tensors, &mut w, &[0.5; 100], &mut lend(&mut slots));
            }
            for i in 0..100 {
                let is_trained = tensors.iter().any(|tensor| tensor.contains(&i));
                assert_eq!(w[i] != start[i], is_trained, "{}: parameter {i}", optimizer.name());
            }
        }
    }

    #[test]
    fn plain_sgd_remembers_nothing() {
        assert_eq!(Sgd::new(0.1).slots(), [""; 0]);
        assert_eq!(Sgd::new(0.1).momentum(0.9).slots(), ["velocity"]);
        assert_eq!(Adam::default().slots(), ["first_moment", "second_moment"]);
    }

    #[test]
    fn a_changed_learning_rate_holds_from_the_next_step() {
        let mut optimizer = Sgd::new(0.5);
        optimizer.set_learning_rate(0.25);
        assert_eq!(optimizer.learning_rate(), 0.25);
        assert_eq!(path(optimizer, [1.0]), [-0.25]);
    }

    #[test]
    fn settings_that_cannot_be_are_named() {
        let setting = |optimizer: &dyn Optimizer| optimizer.validate().map_err(|error| error.setting);
        assert_eq!(setting(&Sgd::default()), Ok(()));
        assert_eq!(setting(&Adam::default()), Ok(()));
        assert_eq!(setting(&AdamW::default()), Ok(()));
        assert_eq!(setting(&Sgd::new(0.0)), Ok(()));
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(setting(&Sgd::new(bad)), Err("learning_rate"));
            assert_eq!(setting(&Adam::new(bad)), Err("learning_rate"));
            assert_eq!(setting(&AdamW::default().weight_decay(bad)), Err("weight_decay"));
            assert_eq!(setting(&Adam::default().epsilon(bad)), Err("epsilon"));
        }
        for bad in [-0.1, 1.0, f64::NAN] {
            assert_eq!(setting(&Sgd::default().momentum(bad)), Err("momentum"));
            assert_eq!(setting(&Adam::default().beta_1(bad)), Err("beta_1"));
            assert_eq!(setting(&AdamW::default().beta_2(bad)), Err("beta_2"));
        }
        assert_eq!(setting(&Adam::default().epsilon(0.0)), Err("epsilon"));
        assert_eq!(
            AdamW::new(-1.0).validate().expect_err("a negative rate").to_string(),
            "AdamW: `learning_rate` is -1, expected a finite number not below 0"
        );
    }

    #[test]
    fn display_shows_every_setting() {
        let text = "AdamW(learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7, weight_decay = 0.004, \
                    amsgrad = 0)";
        assert_eq!(AdamW::default().to_string(), text);
        assert_eq!(
            Sgd::new(0.1).momentum(0.9).nesterov().to_string(),
            "Sgd(learning_rate = 0.1, momentum = 0.9, nesterov = 1)"
        );
    }

    #[test]
    #[should_panic(expected = "steps count from 1")]
    fn step_zero_panics() {
        Adam::default().update(0, &mut [0.0], &[0.0], &mut [&mut [0.0], &mut [0.0]]);
    }

    #[test]
    #[should_panic(expected = "Adam: 1 slots, expected 2")]
    fn a_missing_slot_panics() {
        Adam::default().update(1, &mut [0.0], &[0.0], &mut [&mut [0.0]]);
    }
}
