//! Optimizers, their options and schedules beside Keras, PyTorch and optax. `golden/rules.py` made the numbers, in f64.

use serde_json::Value;
use typenet_runtime::optimizers::schedules::*;
use typenet_runtime::optimizers::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, Optimizer, OptimizerExt, RmsProp, Sgd,
    Turn,
};

const EPSILON: f64 = f32::EPSILON as f64;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("golden numbers are JSON")
}

fn f64s(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn f32s(value: &Value) -> Vec<f32> {
    f64s(value).into_iter().map(|x| x as f32).collect()
}

/// Every optimizer and option, with the name of its golden path.
fn cases() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    let cosine = || CosineDecay::new(0.1, 15).alpha(0.1);
    vec![
        ("sgd_nesterov", Box::new(Sgd::new(0.1).momentum(0.9).nesterov())),
        ("adam", Box::new(Adam::new(0.01))),
        ("adam_amsgrad", Box::new(Adam::new(0.01).amsgrad())),
        ("adamw", Box::new(AdamW::new(0.01).weight_decay(0.1))),
        ("adamw", Box::new(Adam::new(0.01).weight_decay(0.1))),
        ("adamw_amsgrad", Box::new(AdamW::new(0.01).weight_decay(0.1).amsgrad())),
        ("nadam", Box::new(Nadam::new(0.01))),
        ("rmsprop", Box::new(RmsProp::new(0.01))),
        ("rmsprop_momentum", Box::new(RmsProp::new(0.01).momentum(0.9))),
        ("rmsprop_centered", Box::new(RmsProp::new(0.01).centered())),
        ("rmsprop_centered_momentum", Box::new(RmsProp::new(0.01).centered().momentum(0.9))),
        ("adagrad", Box::new(Adagrad::new(0.1))),
        ("adadelta", Box::new(Adadelta::new(1.0))),
        ("adamax", Box::new(Adamax::new(0.01))),
        ("ftrl", Box::new(Ftrl::new(0.1))),
        (
            "ftrl_regularized",
            Box::new(Ftrl::new(0.1).l1(0.2).l2(0.3).l2_shrinkage(0.1).beta(0.5).initial_accumulator(0.4)),
        ),
        ("ftrl_power", Box::new(Ftrl::new(0.1).learning_rate_power(-0.25))),
        ("lion", Box::new(Lion::new(0.01))),
        ("lamb", Box::new(Lamb::new(0.01))),
        ("sgd_weight_decay", Box::new(Sgd::new(0.1).weight_decay(0.2))),
        ("lamb_keras_decay", Box::new(Lamb::new(0.01).weight_decay(0.5).decoupled())),
        ("adam_clip_value", Box::new(Adam::new(0.01).clip_value(0.5))),
        ("sgd_clip_norm", Box::new(Sgd::new(0.1).momentum(0.9).clip_norm(1.5))),
        ("sgd_clip_global_norm", Box::new(Sgd::new(0.1).clip_global_norm(1.5))),
        ("lamb_clip_norm", Box::new(Lamb::new(0.01).clip_norm(1.5))),
        ("adam_accumulate", Box::new(Adam::new(0.01).accumulate(3))),
        (
            "sgd_accumulate_clip_global_norm",
            Box::new(Sgd::new(0.1).accumulate(3).clip_global_norm(1.0).weight_decay(0.1)),
        ),
        ("adam_average", Box::new(Adam::new(0.01).average(0.9))),
        ("lamb_average", Box::new(Lamb::new(0.01).average(0.9))),
        ("sgd_schedule", Box::new(Sgd::default().momentum(0.9).schedule(cosine()))),
        (
            "everything",
            Box::new(AdamW::default().weight_decay(0.1).schedule(cosine()).clip_norm(1.0).average(0.8)),
        ),
        ("torch_amsgrad", Box::new(Adam::new(0.01).epsilon(1e-12).amsgrad())),
        ("torch_nadam", Box::new(Nadam::new(0.01).momentum_decay(0.004))),
        ("torch_adadelta", Box::new(Adadelta::new(0.5).rho(0.9).epsilon(1e-6))),
        ("torch_rmsprop", Box::new(RmsProp::new(0.01).rho(0.99).epsilon(1e-30))),
        ("optax_lion", Box::new(Lion::new(0.01).beta_1(0.8).beta_2(0.95).weight_decay(0.1))),
        ("optax_lamb", Box::new(Lamb::new(0.01).epsilon(1e-6).weight_decay(0.1))),
    ]
}

/// The slots, zero at first.
fn slots(optimizer: &dyn Optimizer, len: usize) -> Vec<Vec<f32>> {
    optimizer.slots().iter().map(|_| vec![0.0; len]).collect()
}

fn lend(slots: &mut [Vec<f32>]) -> Vec<&mut [f32]> {
    slots.iter_mut().map(AsMut::as_mut).collect()
}

#[test]
fn twenty_steps_of_every_optimizer_and_option_are_those_of_other_frameworks() {
    let golden = read(include_str!("golden/rules.json"));
    let split = golden["split"].as_u64().expect("a number") as usize;
    let mut met = 0;
    for (name, optimizer) in cases() {
        optimizer.validate().expect("settings that can be");
        for (kind, paths) in golden["cases"][name].as_object().expect("two kinds of gradients") {
            met += 1;
            let mut parameters = f32s(&golden["start"]);
            let tensors = [0..split, split..parameters.len()];
            let mut slots = slots(&*optimizer, parameters.len());
            let gradients = golden["gradients"][kind].as_array().expect("a list");
            let path: Vec<_> = paths["path"].as_array().expect("a list").iter().map(f64s).collect();
            assert_eq!((gradients.len(), path.len()), (20, 20));
            // Per parameter: the largest of its weights and of ten of its steps, which a momentum of 0.9 may repeat.
            let mut size: Vec<f64> = f64s(&golden["start"]).iter().map(|w| w.abs()).collect();
            let mut before = f64s(&golden["start"]);
            for (step, (gradient, expected)) in (1..).zip(gradients.iter().zip(&path)) {
                let turn = Turn::new(step);
                optimizer.update_tensors(
                    &turn,
                    &tensors,
                    &mut parameters,
                    &f32s(gradient),
                    &mut lend(&mut slots),
                );
                for (i, (found, expected)) in parameters.iter().zip(expected).enumerate() {
                    size[i] = size[i].max(expected.abs()).max(10.0 * (expected - before[i]).abs());
                    before[i] = *expected;
                    // Each step adds the rounding of a weight, and of a step from factors, moments and roots of about
                    // eight roundings.
                    let tolerance = 8.0 * EPSILON * step as f64 * size[i];
                    let error = (f64::from(*found) - expected).abs();
                    assert!(
                        error <= tolerance,
                        "{name} ({kind}), step {step}, parameter {i}: {found:e}, expected {expected:e} ± {tolerance:.1e}"
                    );
                }
                if let Some(averages) = paths.get("averages") {
                    let average = slots.last().expect("the slot of the average");
                    for (i, (found, expected)) in
                        average.iter().zip(f64s(&averages[step as usize - 1])).enumerate()
                    {
                        let tolerance = 9.0 * EPSILON * step as f64 * size[i];
                        assert!(
                            (f64::from(*found) - expected).abs() <= tolerance,
                            "average of {name}: {found} {expected}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(met, 2 * cases().len());
}

#[test]
fn schedules_are_those_of_other_frameworks_over_their_whole_course() {
    let golden = read(include_str!("golden/schedules.json"));
    let cosine = CosineDecay::new(0.5, 100);
    let exponential = ExponentialDecay::new(0.5, 30, 0.7);
    let polynomial = PolynomialDecay::new(0.5, 50).end(0.01);
    let inverse = InverseTimeDecay::new(0.5, 30, 1.7);
    let cycle = OneCycle::new(0.5, 130);
    let schedules: [(&str, Box<dyn Schedule>); 20] = [
        ("piecewise", Box::new(PiecewiseConstant::new([10, 40, 41], [1.0, 0.5, 0.25, 0.125]))),
        ("exponential", Box::new(exponential)),
        ("exponential_staircase", Box::new(exponential.staircase(true))),
        ("polynomial", Box::new(polynomial)),
        ("polynomial_power", Box::new(polynomial.power(2.5))),
        ("polynomial_cycle", Box::new(polynomial.power(0.5).cycle(true))),
        ("inverse_time", Box::new(inverse)),
        ("inverse_time_staircase", Box::new(inverse.staircase(true))),
        ("cosine", Box::new(cosine)),
        ("cosine_alpha", Box::new(cosine.alpha(0.2))),
        ("cosine_warm_up", Box::new(WarmUp::new(17, cosine.alpha(0.2)).start(0.05))),
        ("restarts", Box::new(CosineDecayRestarts::new(0.5, 15))),
        ("restarts_same", Box::new(CosineDecayRestarts::new(0.5, 15).t_mul(1.0).m_mul(0.8).alpha(0.1))),
        ("restarts_longer", Box::new(CosineDecayRestarts::new(0.5, 10).t_mul(1.5).m_mul(0.8).alpha(0.1))),
        ("exponential_warm_up", Box::new(WarmUp::new(10, exponential).start(0.1))),
        ("step", Box::new(StepDecay::new(0.5, 30))),
        ("step_gamma", Box::new(StepDecay::new(0.5, 7).gamma(0.9))),
        ("one_cycle", Box::new(cycle)),
        ("one_cycle_linear", Box::new(cycle.pct_start(0.4).linear(true))),
        ("one_cycle_three", Box::new(cycle.three_phase(true).div_factor(10.0).final_div_factor(100.0))),
    ];
    let rates = golden["rates"].as_object().expect("one list for each schedule");
    assert_eq!(rates.len(), schedules.len());
    for (name, schedule) in schedules {
        schedule.validate().expect("settings that can be");
        let expected = f64s(&rates[name]);
        assert!(expected.len() > 100);
        for (step, expected) in expected.into_iter().enumerate() {
            let found = schedule.rate(step as u64);
            // Some of the schedules are f32 elsewhere.
            assert!(
                (found - expected).abs() <= 1e-6 * 0.5,
                "{name}, step {step}: {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn schedules_are_those_of_other_frameworks_with_extreme_settings_and_steps() {
    let golden = read(include_str!("golden/schedules.json"));
    let exponential = |decay_rate| ExponentialDecay::new(0.5, 30, decay_rate);
    let polynomial = PolynomialDecay::new(0.5, 30).end(0.01);
    let cosine = CosineDecay::new(0.5, 30);
    let restarts = CosineDecayRestarts::new(0.5, 30);
    let cycle = OneCycle::new(0.5, 30);
    let schedules: [(&str, Box<dyn Schedule>); 31] = [
        ("exponential_to_zero", Box::new(exponential(0.0))),
        ("exponential_to_zero_staircase", Box::new(exponential(0.0).staircase(true))),
        ("exponential_constant", Box::new(ExponentialDecay::new(0.5, 1, 1.0))),
        ("exponential_of_zero", Box::new(ExponentialDecay::new(0.0, 30, 0.7))),
        ("exponential_slow", Box::new(ExponentialDecay::new(0.5, 1_000_000_000_000, 0.7))),
        ("inverse_time_constant", Box::new(InverseTimeDecay::new(0.5, 30, 0.0))),
        ("inverse_time_fast", Box::new(InverseTimeDecay::new(0.5, 1, 1e9))),
        ("polynomial_power_zero", Box::new(polynomial.power(0.0))),
        ("polynomial_power_zero_cycle", Box::new(polynomial.power(0.0).cycle(true))),
        ("polynomial_power_large", Box::new(polynomial.power(1000.0))),
        ("polynomial_one_step", Box::new(PolynomialDecay::new(0.5, 1).end(0.01))),
        ("polynomial_one_step_cycle", Box::new(PolynomialDecay::new(0.5, 1).end(0.01).cycle(true))),
        ("polynomial_to_zero", Box::new(polynomial.end(0.0))),
        ("polynomial_rising", Box::new(PolynomialDecay::new(0.01, 30).end(0.5))),
        ("polynomial_slow_cycle", Box::new(PolynomialDecay::new(0.5, 1_000_000_000).end(0.01).cycle(true))),
        ("cosine_one_step", Box::new(CosineDecay::new(0.5, 1))),
        ("cosine_constant", Box::new(cosine.alpha(1.0))),
        ("cosine_slow", Box::new(CosineDecay::new(0.5, 1_000_000_000_000))),
        ("cosine_warm_up_one_step", Box::new(WarmUp::new(1, cosine))),
        ("piecewise_first_step", Box::new(PiecewiseConstant::new([0], [0.5, 0.0]))),
        ("piecewise_huge", Box::new(PiecewiseConstant::new([1_000_000_000], [0.5, 0.25]))),
        ("restarts_one_step", Box::new(CosineDecayRestarts::new(0.5, 1))),
        ("restarts_one_step_same", Box::new(CosineDecayRestarts::new(0.5, 1).t_mul(1.0))),
        ("restarts_height_zero", Box::new(restarts.m_mul(0.0))),
        ("restarts_constant", Box::new(restarts.alpha(1.0))),
        ("step_to_zero", Box::new(StepDecay::new(0.5, 30).gamma(0.0))),
        ("step_each", Box::new(StepDecay::new(0.5, 1).gamma(0.5))),
        ("one_cycle_two_steps", Box::new(OneCycle::new(0.5, 2))),
        ("one_cycle_only_falls", Box::new(cycle.pct_start(0.0))),
        ("one_cycle_only_rises", Box::new(cycle.pct_start(1.0))),
        ("one_cycle_level", Box::new(cycle.div_factor(1.0).final_div_factor(1.0))),
    ];
    let cases = golden["extremes"].as_object().expect("a course for each schedule");
    assert_eq!(cases.len(), schedules.len());
    for (name, schedule) in schedules {
        schedule.validate().expect("settings that can be");
        let case = &cases[name];
        let steps =
            case["steps"].as_array().expect("a list").iter().map(|step| step.as_u64().expect("a step"));
        for (step, expected) in steps.zip(f64s(&case["rates"])) {
            let found = schedule.rate(step);
            // All is f64 on both sides; a cosine loses digits near its end.
            let tolerance = 1e-9 * expected + 1e-15;
            assert!(
                (found - expected).abs() <= tolerance,
                "{name}, step {step}: {found:e}, expected {expected:e}"
            );
        }
        let last = schedule.rate(u64::MAX);
        assert!(last.is_finite() && last >= 0.0, "{name}, the last step: {last}");
    }
}
