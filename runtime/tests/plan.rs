//! Plans of deep networks as constants: that this file compiles shows that rustc evaluates them within its default
//! limit (`long_running_const_eval`, an error if exceeded).

use typenet_runtime::layers::plan::{Area, Life, Plan};

/// A chain with a skip around each second pair of layers.
const fn residual<const N: usize>(width: usize) -> [Life; N] {
    let mut lives = [Life { len: 0, from: 0, to: 0 }; N];
    let mut i = 0;
    while i < N {
        let to = if i % 2 == 0 { i + 3 } else { i + 1 };
        lives[i] = Life { len: width + i * 7919 % 1000, from: i, to };
        i += 1;
    }
    lives
}

/// Each value of the first half is read again in the second half, in reverse.
const fn u_net<const N: usize>() -> [Life; N] {
    let mut lives = [Life { len: 0, from: 0, to: 0 }; N];
    let mut i = 0;
    while i < N {
        let to = if i < N / 2 { N - i } else { i + 1 };
        lives[i] = Life { len: 100 + i * 7919 % 900, from: i, to };
        i += 1;
    }
    lives
}

fn peak(lives: &[Life]) -> usize {
    let alive = |step: &Life| {
        lives.iter().filter(|life| life.from <= step.from && step.from <= life.to).map(|life| life.len).sum()
    };
    lives.iter().map(alive).max().unwrap_or(0)
}

#[test]
fn residual_network_of_five_hundred_values_is_a_constant() {
    const P: Plan<500> = Plan::new(residual(100));
    const LAST: Area = P.area(499);
    const { assert!(LAST.offset + LAST.len <= P.len) };
    assert!(P.len * 100 <= peak(&residual::<500>(100)) * 114);
}

#[test]
fn three_plans_of_a_network_of_150_layers_are_constants() {
    const INFERENCE: Plan<150> = Plan::new(residual(10));
    const FORWARD: Plan<150> = Plan::new(residual(1000));
    const BACKWARD: Plan<300> = Plan::new(u_net());
    for (len, lives) in [
        (INFERENCE.len, &residual::<150>(10)[..]),
        (FORWARD.len, &residual::<150>(1000)),
        (BACKWARD.len, &u_net::<300>()),
    ] {
        assert!(len * 100 <= peak(lives) * 114);
    }
}

#[test]
fn u_net_of_five_hundred_values_is_a_constant() {
    const P: Plan<500> = Plan::new(u_net());
    assert!(P.len * 10 <= peak(&u_net::<500>()) * 11);
}
