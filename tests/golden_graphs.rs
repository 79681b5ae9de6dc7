//! Whole networks that are no chain compute what PyTorch computes, in `f64`: outputs, running statistics, and the gradients by
//! inputs and all parameters. `runtime/tests/golden/graphs.py` makes the numbers.

use serde_json::Value as Json;
use typenet::kernels::Rng;
use typenet::layers::{Backward, Cpu, Forward, Model, Port, Predict, Run, Value};
use typenet::prelude::*;
use typenet::schema::{TensorPlace, Tensors};

model! {
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(tanh), Unit(c) ], Activation(tanh) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(tanh), Unit(c) ], Activation(tanh) >
    /// A residual network on images.
    pub Residual <
        Input(2, 7, 6),
        Unit(3), Activation(tanh), 2 * Plain(3), Down(4), GlobalAvgPool, Dense(_ => 3),
    >
}

model! {
    /// One layer's numbers used three times.
    pub Siamese <
        Dense(4 => 6, tanh),
        both: Activation(linear),
        tower: Dense(6 => 6, gelu),
        both -> Activation(sigmoid),
        again: Shared(tower),
        third: Shared(tower),
        (tower, again, third) -> Add,
        Dense(6 => 2),
    >
}

model! {
    /// A value that three layers read, and twice one of them.
    pub Thrice <
        a: Dense(4 => 3, tanh),
        b: Dense(3 => 3, silu),
        (a, b, a) -> Add,
        c: Dense(3 => 2),
        (a, c) -> Concat,
        Dense(5 => 2),
    >
}

fn numbers(list: &Json) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// At most 20 layers lie one behind the other, each with sums of at most 3 · 7 · 6 terms, and a rounding of each is passed on
/// with a factor near one.
#[track_caller]
fn assert_near(what: &str, found: &[f64], expected: &Json) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    let magnitude = expected.iter().fold(1.0f64, |most, number| most.max(number.abs()));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let tolerance = 20.0 * 126.0 * f64::EPSILON * magnitude;
        assert!((found - expected).abs() <= tolerance, "{what} {i}: {found:e}, PyTorch has {expected:e}");
    }
}

/// The model's tensors, as PyTorch's names say them.
fn places<M: Model>(trainable: bool) -> impl Iterator<Item = (TensorPlace, String)> {
    let places = Tensors::of(M::LAYERS).filter(move |place| place.trainable == trainable);
    places.map(|place| (place, place.path.to_string()))
}

fn input<M: Model>(x: &[f64]) -> <M::Input as Port>::Values<'_, Cpu<f64>> {
    M::Input::values(&mut || Value::numbers(x))
}

fn output<M: Model>(y: &mut [f64]) -> <M::Output as Port>::Mut<'_, Cpu<f64>> {
    let mut y = Some(y);
    M::Output::results::<Cpu<f64>>(&mut || y.take().expect("one result"))
}

fn check<M: Model + Run<Cpu<f64>>>(golden: &Json) {
    let list = |name: &str| numbers(&golden[name]);
    let batch = golden["batch"].as_u64().expect("a number") as usize;
    let nan = |len: usize| vec![f64::NAN; len];
    let mut block = nan(M::BLOCK_LEN);
    let tensors = golden["tensors"].as_object().expect("tensors by name");
    for (place, name) in places::<M>(true).chain(places::<M>(false)) {
        let tensor = tensors.get(&name).unwrap_or_else(|| panic!("{name} among {:?}", tensors.keys()));
        block[place.range()].copy_from_slice(&numbers(tensor));
    }
    assert_eq!(places::<M>(true).chain(places::<M>(false)).count(), tensors.len());
    let (parameters, buffers) = block.split_at_mut(M::PARAMETER_COUNT);
    let (x, mut y) = (list("x"), nan(list("y").len()));
    let mut kept = nan(M::MEMORY.kept.of(batch, 1));
    M::forward(Forward {
        batch,
        parameters,
        buffers,
        input: input::<M>(&x),
        output: output::<M>(&mut y),
        kept: &mut kept,
        scratch: &mut nan(M::MEMORY.forward.of(batch, 1)),
        rng: Rng::seed(0),
    });
    assert_near("y", &y, &golden["y"]);
    let (mut grad_x, mut gradients) = (nan(x.len()), nan(M::PARAMETER_COUNT));
    let mut to = Some(&mut grad_x[..]);
    M::backward(Backward {
        batch,
        parameters,
        input: input::<M>(&x),
        output: <M::Output as Port>::values(&mut || Value::numbers(&y[..])),
        kept: &kept,
        grad_output: output::<M>(&mut list("grad_y")),
        grad_input: M::Input::gradients::<Cpu<f64>>(&mut || to.take()),
        grad_parameters: &mut gradients,
        scratch: &mut nan(M::MEMORY.backward.of(batch, 1)),
    });
    assert_near("gradient by x", &grad_x, &golden["grad_x"]);
    for (place, name) in places::<M>(true) {
        assert_near(&name, &gradients[place.range()], &golden["gradients"][&name]);
    }
    let mut predicted = nan(y.len());
    <M as Run<Cpu<f64>>>::predict(Predict {
        batch,
        parameters,
        buffers,
        input: input::<M>(&x),
        output: output::<M>(&mut predicted),
        scratch: &mut nan(M::MEMORY.predict.of(batch, 1)),
    });
    assert_near("predicted", &predicted, &golden["predicted"]);
    for (place, name) in places::<M>(false) {
        assert_near(&name, &block[place.range()], &golden["moved"][&name]);
    }
}

#[test]
fn whole_networks_compute_what_pytorch_computes() {
    let golden = include_str!("../runtime/tests/golden/graphs.json");
    let golden: Json = serde_json::from_str(golden).expect("golden numbers are JSON");
    check::<Residual>(&golden["residual"]);
    check::<Siamese>(&golden["siamese"]);
    check::<Thrice>(&golden["thrice"]);
}
