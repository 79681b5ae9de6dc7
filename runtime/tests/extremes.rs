//! Optimizers at the ends of what `f32` holds: settings, gradients and weights that are huge, tiny or zero, and what becomes of
//! moments that no gradient feeds any more.

use proptest::prelude::*;
use typenet_runtime::kernels::flush::SMALLEST;
use typenet_runtime::optimizers::schedules::ExponentialDecay;
use typenet_runtime::optimizers::*;

/// Every optimizer in every mode, at one rate.
fn optimizers(rate: f64) -> Vec<Box<dyn Optimizer>> {
    vec![
        Box::new(Sgd::new(rate)),
        Box::new(Sgd::new(rate).momentum(0.9)),
        Box::new(Sgd::new(rate).momentum(0.9).nesterov()),
        Box::new(Adam::new(rate)),
        Box::new(Adam::new(rate).amsgrad()),
        Box::new(Adam::new(rate).beta_1(0.0).beta_2(0.0)),
        Box::new(AdamW::new(rate)),
        Box::new(AdamW::new(rate).amsgrad()),
        Box::new(Nadam::new(rate)),
        Box::new(RmsProp::new(rate)),
        Box::new(RmsProp::new(rate).momentum(0.9)),
        Box::new(RmsProp::new(rate).centered()),
        Box::new(RmsProp::new(rate).centered().momentum(0.9)),
        Box::new(Adagrad::new(rate)),
        Box::new(Adadelta::new(rate)),
        Box::new(Adamax::new(rate)),
        Box::new(Ftrl::new(rate)),
        Box::new(Ftrl::new(rate).l1(1e-3).l2(1e-3).l2_shrinkage(1e-3).beta(1.0)),
        Box::new(Ftrl::new(rate).learning_rate_power(-5.0)),
        Box::new(Ftrl::new(rate).learning_rate_power(0.0)),
        Box::new(Lion::new(rate)),
        Box::new(Lamb::new(rate)),
        Box::new(Lamb::new(rate).weight_decay(0.01)),
        Box::new(Lamb::new(rate).weight_decay(0.01).decoupled()),
        Box::new(Adam::new(rate).clip_norm(1e-3)),
        Box::new(Sgd::new(rate).clip_global_norm(1e30)),
        Box::new(Sgd::new(rate).clip_value(1e39)),
        Box::new(Sgd::new(rate).weight_decay(0.01).accumulate(2).average(0.9)),
        Box::new(Adam::new(rate).average(0.0)),
    ]
}

/// Optimizers whose epsilon or start of sums is the least number that is accepted.
fn with_least_epsilon(rate: f64) -> Vec<Box<dyn Optimizer>> {
    const LEAST: f64 = 1e-45;
    vec![
        Box::new(Adam::new(rate).epsilon(LEAST)),
        Box::new(Nadam::new(rate).epsilon(LEAST)),
        Box::new(RmsProp::new(rate).epsilon(LEAST)),
        Box::new(Adagrad::new(rate).epsilon(LEAST).initial_accumulator(0.0)),
        Box::new(Adadelta::new(rate).epsilon(LEAST)),
        Box::new(Adamax::new(rate).epsilon(LEAST)),
        Box::new(Ftrl::new(rate).initial_accumulator(LEAST)),
        Box::new(Lamb::new(rate).epsilon(LEAST)),
    ]
}

struct Run {
    optimizer: Box<dyn Optimizer>,
    weights: Vec<f32>,
    slots: Vec<Vec<f32>>,
    step: u64,
}

impl Run {
    fn new(optimizer: Box<dyn Optimizer>, weights: &[f32]) -> Self {
        optimizer.validate().expect("settings that can be");
        let slots = vec![vec![0.0; weights.len()]; optimizer.slots().len()];
        Self { optimizer, weights: weights.to_vec(), slots, step: 0 }
    }

    fn step(&mut self, gradients: &[f32]) {
        self.step += 1;
        let mut slots: Vec<&mut [f32]> = self.slots.iter_mut().map(AsMut::as_mut).collect();
        self.optimizer.update(self.step, &mut self.weights, gradients, &mut slots);
    }

    fn settings(&self) -> String {
        format!("{} {:?}", self.optimizer.name(), self.optimizer.settings())
    }

    /// All weights, and what is remembered for them.
    fn numbers(&self) -> impl Iterator<Item = f32> + '_ {
        self.weights.iter().chain(self.slots.iter().flatten()).copied()
    }
}

/// Numbers of every size, and both ends.
fn any_size() -> impl Strategy<Value = f32> {
    let power = (-45.0f64..38.0, any::<bool>())
        .prop_map(|(power, negative)| (10f64.powf(power) * if negative { -1.0 } else { 1.0 }) as f32);
    prop_oneof![Just(0.0f32), Just(1e-45), Just(1e38), Just(-1e38), power]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn finite_numbers_stay_finite_at_every_rate(
        power in -60.0f64..40.0, exact in prop_oneof![Just(None), Just(Some(1e-39)), Just(Some(1e30)), Just(Some(f64::MAX))],
        weights in [any_size(), any_size()], gradients in [any_size(), any_size()], least in any::<bool>(),
    ) {
        let rate = exact.unwrap_or(10f64.powf(power));
        let all = if least { with_least_epsilon(rate) } else { optimizers(rate) };
        for optimizer in all {
            let mut run = Run::new(optimizer, &weights);
            for sign in [1.0, -1.0, 0.0] {
                run.step(&gradients.map(|g| sign * g));
                let named = || format!("{} {:?} {:?}", run.settings(), run.weights, run.slots);
                // Steps of the size rate·gradient, or of rate·weight in a decay and then in LAMB, may truly leave f32, and what
                // follows is then no number.
                let largest = gradients.iter().chain(&weights).fold(1.0f64, |most, x| most.max(f64::from(x.abs())));
                let truly_leaves = largest * rate.max(1.0).powi(2 * run.step as i32) > 1e30;
                prop_assert!(truly_leaves || run.numbers().all(f32::is_finite), "step {}: {}", run.step, named());
            }
        }
    }
}

#[test]
fn no_rate_moves_a_weight_without_a_gradient() {
    for rate in [1e-320, 1e-46, 1e-39, 1e30, 1e39, f64::MAX] {
        let decays = |optimizer: &dyn Optimizer| {
            optimizer.settings().iter().any(|(name, value)| *name == "weight_decay" && *value > 0.0)
        };
        for optimizer in optimizers(rate).into_iter().filter(|optimizer| !decays(&**optimizer)) {
            let mut run = Run::new(optimizer, &[0.5, -0.25, 0.0]);
            for _ in 0..3 {
                run.step(&[0.0; 3]);
            }
            // Weights of Ftrl are functions of its sums, which are zero here, unless its rate counts as zero.
            let expected =
                if run.optimizer.name() == "Ftrl" && rate > 1.0 { [0.0; 3] } else { [0.5, -0.25, 0.0] };
            assert_eq!(run.weights, expected, "{}", run.settings());
        }
    }
}

/// Steps without gradient, from moments that some steps with gradients of `size` have made.
fn without_gradient(optimizer: Box<dyn Optimizer>, size: f32) -> Run {
    let mut run = Run::new(optimizer, &[0.5, -0.25, 1e-30, 0.0]);
    for step in 0..4 {
        let sign = if step % 2 == 0 { size } else { -0.5 * size };
        run.step(&[sign, -0.3 * sign, 0.1 * sign, sign]);
    }
    for _ in 0..1500 {
        run.step(&[0.0; 4]);
        assert!(
            !run.numbers().any(f32::is_subnormal),
            "{}: {:?} {:?}",
            run.settings(),
            run.weights,
            run.slots
        );
    }
    run
}

#[test]
fn no_weight_or_moment_becomes_subnormal_while_it_decays() {
    for size in [1.0, 1e-4, 1e-20, 1e-30] {
        for optimizer in optimizers(1e-3) {
            without_gradient(optimizer, size);
        }
        let decay: Vec<Box<dyn Optimizer>> = vec![
            Box::new(Sgd::new(0.5).weight_decay(0.5)),
            Box::new(Sgd::new(0.5).weight_decay(0.5).average(0.8)),
            Box::new(Sgd::new(0.1).average(0.5).accumulate(2)),
            Box::new(Sgd::new(0.5).momentum(0.5)),
            Box::new(Adam::new(0.1).beta_2(0.5).weight_decay(5.0)),
            Box::new(Adamax::new(0.1).beta_2(0.5)),
            Box::new(Lion::new(0.1).weight_decay(5.0)),
        ];
        for optimizer in decay {
            without_gradient(optimizer, size);
        }
    }
}

#[test]
fn what_no_gradient_feeds_ends_at_zero() {
    for optimizer in [
        Box::new(Adam::new(1e-3).beta_2(0.9)) as Box<dyn Optimizer>,
        Box::new(Sgd::new(1e-3).momentum(0.9)),
        Box::new(RmsProp::new(1e-3).centered().momentum(0.9)),
    ] {
        let run = without_gradient(optimizer, 1.0);
        assert!(run.slots.iter().flatten().all(|&x| x == 0.0), "{}: {:?}", run.settings(), run.slots);
    }
}

#[test]
fn numbers_below_the_threshold_count_as_zero_and_others_stay() {
    let mut run =
        Run::new(Box::new(Sgd::new(1.0)), &[SMALLEST, -SMALLEST, 0.75 * SMALLEST, -1e-40, f32::NAN]);
    run.step(&[0.0; 5]);
    assert_eq!(run.weights[..4], [SMALLEST, -SMALLEST, 0.0, 0.0]);
    assert!(run.weights[4].is_nan());
}

#[test]
fn lamb_stays_finite_and_comes_to_rest_where_a_gradient_vanishes() {
    for lamb in [Lamb::default(), Lamb::default().beta_1(0.0), Lamb::default().beta_1(0.99).beta_2(0.9)] {
        let mut run = Run::new(Box::new(lamb), &[0.5, -0.25]);
        run.step(&[0.1, 0.02]);
        let mut before = run.weights.clone();
        for step in 0..20_000 {
            before.clone_from(&run.weights);
            run.step(&[0.0; 2]);
            assert!(run.numbers().all(f32::is_finite), "{lamb}, step {step}: {:?}", run.weights);
        }
        assert_eq!(run.weights, before, "{lamb}: it moves without a gradient");
    }
}

#[test]
fn a_step_of_lamb_is_as_long_as_its_rate_says_however_short_or_long_its_direction() {
    // The ratio ‖w‖ / ‖r‖ leaves f32 in the first case. Moments as they are long after the last gradient.
    for (scale, moment) in [(1e12f32, 1e-29f32), (1.0, 1e-29), (1e-25, 1.0)] {
        let weights = [3.0 * scale, 4.0 * scale];
        let mut run = Run::new(Box::new(Lamb::new(0.25).beta_1(0.9)), &weights);
        run.slots = vec![vec![moment; 2], vec![1.0; 2]];
        run.step = 99;
        run.step(&[0.0; 2]);
        let [x, y] = [0, 1].map(|i| f64::from(run.weights[i]) - f64::from(weights[i]));
        let length = x.hypot(y) / f64::from(scale);
        // Each of two weights is rounded, and its step has about eight roundings.
        let tolerance = 12.0 * f64::from(f32::EPSILON) * 7.0;
        assert!((length - 0.25 * 5.0).abs() <= tolerance, "{scale} {moment}: {length}");
    }
}

#[test]
fn a_share_of_nothing_forgets_the_past_exactly() {
    // 1e8 + 1·(1.1 − 1e8) is 0 in f32.
    let moments: Vec<(Box<dyn Optimizer>, usize, f32)> = vec![
        (Box::new(Adam::new(0.0).beta_1(0.0)), 0, 1.1),
        (Box::new(Adam::new(0.0).beta_2(0.0)), 1, 1.1 * 1.1),
        (Box::new(Adam::new(0.0).beta_2(0.0).amsgrad()), 1, 1.1 * 1.1),
        (Box::new(AdamW::new(0.0).beta_1(0.0)), 0, 1.1),
        (Box::new(Nadam::new(0.0).beta_1(0.0)), 0, 1.1),
        (Box::new(Nadam::new(0.0).beta_2(0.0)), 1, 1.1 * 1.1),
        (Box::new(Adamax::new(0.0).beta_1(0.0)), 0, 1.1),
        (Box::new(Lamb::new(0.0).beta_1(0.0)), 0, 1.1),
        (Box::new(Lamb::new(0.0).beta_2(0.0)), 1, 1.1 * 1.1),
        (Box::new(Lion::new(0.0).beta_2(0.0)), 0, 1.1),
        (Box::new(RmsProp::new(0.0).rho(0.0)), 0, 1.1 * 1.1),
        (Box::new(Adadelta::new(0.0).rho(0.0)), 0, 1.1 * 1.1),
    ];
    for (optimizer, slot, expected) in moments {
        let mut run = Run::new(optimizer, &[0.0]);
        run.step(&[1e8]);
        run.step(&[1.1]);
        assert_eq!(run.slots[slot], [expected], "{}", run.settings());
    }
    let mut run = Run::new(Box::new(Sgd::new(1.0).average(0.0)), &[0.0]);
    run.step(&[-1e8]);
    run.step(&[1e8 - 1.1]);
    assert_eq!(run.slots[0], run.weights, "an average that keeps nothing is the weight");
}

#[test]
fn a_small_share_loses_no_digits_to_a_large_past() {
    // beta_1 keeps 2⁻²⁰ of 2³⁰: 1024, to which nearly all of 1.1 is added.
    let beta = 2f64.powi(-20);
    let mut run = Run::new(Box::new(Adam::new(0.0).beta_1(beta)), &[0.0]);
    run.slots[0] = vec![2f32.powi(30)];
    run.step(&[1.1]);
    let exact = 1024.0 + (1.0 - beta) * f64::from(1.1f32);
    let error = (f64::from(run.slots[0][0]) - exact).abs();
    assert!(error <= 2.0 * f64::from(f32::EPSILON) * exact, "{} {exact}", run.slots[0][0]);
}

#[test]
fn a_schedule_that_vanishes_ends_in_rest() {
    for optimizer in [Ftrl::new(0.1), Ftrl::new(0.1).beta(1.0)] {
        let optimizer = optimizer.schedule(ExponentialDecay::new(0.1, 1, 0.5));
        let mut run = Run::new(Box::new(optimizer), &[0.5, -0.25]);
        for step in 0..2000 {
            run.step(&[1e-2, -3e-3]);
            assert!(run.numbers().all(f32::is_finite), "step {step}: {:?} {:?}", run.weights, run.slots);
        }
    }
}

#[test]
fn schedules_are_exact_at_both_ends() {
    use schedules::{OneCycle, PolynomialDecay, Schedule, WarmUp};
    let (large, small) = (0.1, 1e-17);
    for (first, last) in [(large, small), (small, large)] {
        let polynomial = PolynomialDecay::new(first, 10).end(last);
        assert_eq!((polynomial.rate(0), polynomial.rate(10)), (first, last));
    }
    // The last step of a way that begins at 1e17 is as exact as the rate it leads to.
    let warm_up = WarmUp::new(1 << 60, schedules::Constant::new(0.3)).start(1e17);
    assert_eq!(warm_up.rate(0), 1e17);
    for linear in [false, true] {
        let cycle = OneCycle::new(0.1, 100).final_div_factor(1e20).linear(linear);
        assert_eq!(
            (cycle.rate(0), cycle.rate(29), cycle.rate(99)),
            (0.1 / 25.0, 0.1, 0.1 / 25.0 / 1e20),
            "{linear}"
        );
    }
}

#[test]
fn clipping_by_a_norm_keeps_its_limit_however_large_the_gradient() {
    // The factor is 2.5e-40 and less, which f32 holds with few digits or none.
    for limit in [1e-2, 1e-8] {
        let clips: [Box<dyn Optimizer>; 2] =
            [Box::new(Sgd::new(1.0).clip_norm(limit)), Box::new(Sgd::new(1.0).clip_global_norm(limit))];
        for optimizer in clips {
            let mut run = Run::new(optimizer, &[0.0; 2]);
            run.step(&[-1.8e38, -2.4e38]);
            for (found, share) in run.weights.iter().zip([0.6, 0.8]) {
                let (found, expected) = (f64::from(*found), share * limit);
                // A gradient's own rounding, that of two factors, and a product's.
                assert!(
                    (found - expected).abs() <= 4.0 * f64::from(f32::EPSILON) * expected,
                    "{found} {expected}"
                );
            }
        }
    }
}
