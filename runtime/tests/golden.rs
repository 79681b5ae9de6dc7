//! Kernels, losses, optimizers and a training curve against PyTorch; `golden/make.py` wrote the numbers.

use serde_json::Value;
use typenet_runtime::kernels::function::{Function, Kept};
use typenet_runtime::kernels::{Element, Rng, cross_entropy::reference};
use typenet_runtime::layers::activation::*;
use typenet_runtime::layers::{Backward, Cpu, Dense, Forward, Layer, Port, Run, output_len, parameter_count};
use typenet_runtime::losses::*;
use typenet_runtime::optimizers::{Adam, AdamW, Optimizer, Sgd};
use typenet_runtime::typenum::{U5, U16, U20};

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

#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {found:e}, PyTorch has {expected:e}, allowed are ±{tolerance:.1e}"
    );
}

/// Values and gradients of every activation in `T`, within `epsilon` times a few roundings.
fn check_activations<T: Element>(epsilon: f64) {
    let golden = read(include_str!("golden/activations.json"));
    let convert =
        |value: &Value| f32s(value).into_iter().map(|x| T::from_f64(f64::from(x))).collect::<Vec<_>>();
    let (points, weights) = (convert(&golden["points"]), convert(&golden["weights"]));
    let cases = golden["functions"].as_object().expect("one case for each function");
    assert_eq!(cases.len(), Function::ALL.len());
    for &function in Function::ALL {
        let name = function.name();
        let case = cases.get(name).unwrap_or_else(|| panic!("no numbers for {name}: add it to make.py"));
        let mut values = points.clone();
        T::map(function, 8, &mut values);
        let mut gradients = weights.clone();
        let kept = if function.kept() == Kept::Output { &values } else { &points };
        T::map_gradient(function, 8, kept, &mut gradients);
        // Functions between -1 and 1 lose digits to cancellation near 0: absolute there, relative beyond. A row has 8
        // terms.
        let tolerance = |expected: f64| 16.0 * epsilon * expected.abs().max(1.0);
        for (i, (found, expected)) in values.iter().zip(f64s(&case["values"])).enumerate() {
            let what = format!("{name}({})", points[i].to_f64());
            assert_near(&what, found.to_f64(), expected, tolerance(expected));
        }
        let largest = weights.iter().fold(1.0, |max: f64, weight| max.max(weight.to_f64().abs()));
        for (i, (found, expected)) in gradients.iter().zip(f64s(&case["gradients"])).enumerate() {
            let what = format!("{name}'({})", points[i].to_f64());
            assert_near(&what, found.to_f64(), expected, largest * tolerance(expected));
        }
    }
}

#[test]
fn activations_in_f64() {
    check_activations::<f64>(f64::EPSILON);
}

#[test]
fn activations_in_f32() {
    check_activations::<f32>(EPSILON);
}

/// `f32` values as rows of five.
fn rows(values: &[f32]) -> &[[f32; 5]] {
    values.as_chunks::<5>().0
}

struct LossCases(Value);

impl LossCases {
    fn check<Head, Label, L: Loss<Head, [f32; 5], Label>>(&self, name: &str, loss: L, labels: &[Label]) {
        let mut logits = f32s(&self.0["logits"]);
        let mut gradient = vec![f32::NAN; logits.len()];
        loss.check_labels(labels).expect("labels that can be");
        let mean = loss.evaluate(labels, None, &mut logits, Some(&mut gradient)) / labels.len() as f64;
        let case = &self.0["cases"][name];
        let expected = case["loss"].as_f64().expect("a number");
        // The largest of 30 values and of a few roundings each; the mean of squares at ±1e4 dominates.
        assert_near(name, mean, expected, 8.0 * EPSILON * expected.abs().max(1.0));
        for (found, expected) in gradient.iter().zip(f64s(&case["gradient"])) {
            assert_near(name, f64::from(*found), expected, 8.0 * EPSILON * expected.abs().max(1.0 / 6.0));
        }
    }
}

#[test]
fn losses() {
    let cases = LossCases(read(include_str!("golden/losses.json")));
    let classes: Vec<i64> = f64s(&cases.0["classes"]).into_iter().map(|class| class as i64).collect();
    let of = |name: &str| f32s(&cases.0[name]);
    let (distributions, truths, numbers) = (of("distributions"), of("truths"), of("numbers"));
    let (distributions, truths, numbers) = (rows(&distributions), rows(&truths), rows(&numbers));

    cases.check::<Softmax, _, _>("categorical_classes", CategoricalCrossEntropy, &classes);
    cases.check::<LogSoftmax, _, _>("categorical_classes", CategoricalCrossEntropy, &classes);
    cases.check::<Linear, _, _>("categorical_classes", CategoricalCrossEntropyWithLogits, &classes);
    cases.check::<Softmax, _, _>("categorical_distributions", CategoricalCrossEntropy, distributions);
    cases.check::<Linear, _, _>(
        "categorical_distributions",
        CategoricalCrossEntropyWithLogits,
        distributions,
    );
    cases.check::<Sigmoid, _, _>("binary_truths", BinaryCrossEntropy, truths);
    cases.check::<Linear, _, _>("binary_probabilities", BinaryCrossEntropyWithLogits, distributions);
    cases.check::<Linear, _, _>("mean_squared_error", MeanSquaredError, numbers);
    cases.check::<Linear, _, _>("mean_absolute_error", MeanAbsoluteError, numbers);
    cases.check::<Sigmoid, _, _>("mean_squared_error_sigmoid", MeanSquaredError, numbers);
    cases.check::<Softmax, _, _>("mean_squared_error_softmax", MeanSquaredError, numbers);
    cases.check::<Gelu, _, _>("mean_squared_error_gelu", MeanSquaredError, numbers);
}

/// A slot for each name that the optimizer remembers.
fn lend(slots: &mut [Box<[f32]>]) -> Vec<&mut [f32]> {
    slots.iter_mut().map(AsMut::as_mut).collect()
}

fn slots(optimizer: &dyn Optimizer, len: usize) -> Vec<Box<[f32]>> {
    optimizer.slots().iter().map(|_| vec![0.0; len].into_boxed_slice()).collect()
}

#[test]
fn optimizers_take_the_same_twenty_steps() {
    let golden = read(include_str!("golden/optimizers.json"));
    let epsilon = golden["epsilon"].as_f64().expect("a number");
    let optimizers: [(&str, Box<dyn Optimizer>); 5] = [
        ("sgd", Box::new(Sgd::new(0.1))),
        ("sgd_momentum", Box::new(Sgd::new(0.1).momentum(0.9))),
        ("sgd_nesterov", Box::new(Sgd::new(0.1).momentum(0.9).nesterov())),
        ("adam", Box::new(Adam::new(0.01).epsilon(epsilon))),
        ("adamw", Box::new(AdamW::new(0.01).epsilon(epsilon).weight_decay(0.1))),
    ];
    for (name, optimizer) in optimizers {
        optimizer.validate().expect("settings that can be");
        let mut parameters = f32s(&golden["start"]);
        let mut slots = slots(&*optimizer, parameters.len());
        let gradients = golden["gradients"].as_array().expect("a list");
        let path = golden["paths"][name].as_array().expect("a list");
        assert_eq!((gradients.len(), path.len()), (20, 20));
        for (step, (gradient, expected)) in (1..).zip(gradients.iter().zip(path)) {
            optimizer.update(step, &mut parameters, &f32s(gradient), &mut lend(&mut slots));
            for (found, expected) in parameters.iter().zip(f64s(expected)) {
                // A step rounds the weight once and its own length a few times; momentum 0.9 carries a rounding of the
                // velocity through 1 / (1 − 0.9) = 10 steps.
                let tolerance = EPSILON * step as f64 * (expected.abs().max(1.0) + 10.0 * 0.1);
                assert_near(&format!("{name}, step {step}"), f64::from(*found), expected, tolerance);
            }
        }
    }
}

/// An optimizer's formula in f64, as its docs state it: parameters, gradients and slots of step `t`.
type Formula = fn(f64, &mut [f64], &[f64], &mut [Vec<f64>; 2]);

fn momentum(_: f64, w: &mut [f64], g: &[f64], [velocity, _]: &mut [Vec<f64>; 2]) {
    for i in 0..w.len() {
        velocity[i] = 0.9 * velocity[i] - 0.1 * g[i];
        w[i] += velocity[i];
    }
}

/// With PyTorch's epsilon, which in f64 can be told from Keras's.
fn adam(t: f64, w: &mut [f64], g: &[f64], [first, second]: &mut [Vec<f64>; 2]) {
    let correction = (1.0 - 0.999f64.powf(t)).sqrt();
    let alpha = 0.01 * correction / (1.0 - 0.9f64.powf(t));
    for i in 0..w.len() {
        first[i] = 0.9 * first[i] + 0.1 * g[i];
        second[i] = 0.999 * second[i] + 0.001 * g[i] * g[i];
        w[i] -= alpha * first[i] / (second[i].sqrt() + 1e-12 * correction);
    }
}

type Dense1 = Dense<U20, U16, Relu>;
/// The second layer without its softmax, as a loss wants it.
type Dense2 = <Dense<U16, U5, Softmax> as Layer>::Body;

fn forward<'a, T: Element, L>(parameters: &'a [T], input: &'a [T], output: &'a mut [T])
where
    L: Run<Cpu<T>>,
    L::Input: Port<Values<'a, Cpu<T>> = &'a [T]>,
    L::Output: Port<Mut<'a, Cpu<T>> = &'a mut [T]>,
{
    let (buffers, kept, scratch, rng) = (&mut [], &mut [], &mut [], Rng::seed(0));
    L::forward(Forward { batch: 8, parameters, buffers, input, output, kept, scratch, rng });
}

/// Ten steps of 20 → 16 relu → 5 softmax, layers put together by hand: losses and final parameters.
///
/// `evaluate` gives the mean loss and turns logits into the gradient; `update` takes a step.
fn train<T: Element>(
    start: &[T],
    inputs: &[Vec<T>],
    mut evaluate: impl FnMut(usize, &mut [T]) -> f64,
    mut update: impl FnMut(u64, &mut [T], &[T]),
) -> (Vec<f64>, Vec<T>) {
    let batch = 8;
    let split = parameter_count::<Dense1>();
    let nan = |len: usize| vec![T::from_f64(f64::NAN); len];
    let mut parameters = start.to_vec();
    let mut gradients = nan(start.len());
    let mut losses = Vec::new();
    for (step, input) in inputs.iter().enumerate() {
        let (mut hidden, mut grad_hidden) =
            (nan(batch * output_len::<Dense1>()), nan(batch * output_len::<Dense1>()));
        let mut logits = nan(batch * output_len::<Dense2>());
        let (first, second) = parameters.split_at(split);
        forward::<T, Dense1>(first, input, &mut hidden);
        forward::<T, Dense2>(second, &hidden, &mut logits);
        let output = logits.clone();
        losses.push(evaluate(step, &mut logits));
        let (grad_first, grad_second) = gradients.split_at_mut(split);
        <Dense2 as Run<Cpu<T>>>::backward(Backward {
            batch,
            parameters: second,
            input: &hidden,
            output: &output,
            kept: &[],
            grad_output: &mut logits,
            grad_input: Some(&mut grad_hidden),
            grad_parameters: grad_second,
            scratch: &mut [],
        });
        <Dense1 as Run<Cpu<T>>>::backward(Backward {
            batch,
            parameters: first,
            input,
            output: &hidden,
            kept: &[],
            grad_output: &mut grad_hidden,
            grad_input: None,
            grad_parameters: grad_first,
            scratch: &mut [],
        });
        update(step as u64 + 1, &mut parameters, &gradients);
    }
    (losses, parameters)
}

/// Training in f64 by the reference kernels and a formula.
fn train_f64(
    start: &[f64],
    inputs: &[Vec<f64>],
    labels: &[Vec<u8>],
    formula: Formula,
) -> (Vec<f64>, Vec<f64>) {
    let mut slots = [vec![0.0; start.len()], vec![0.0; start.len()]];
    let evaluate = |step: usize, logits: &mut [f64]| {
        let mut loss = 0.0;
        for (row, &label) in logits.chunks_exact_mut(5).zip(&labels[step]) {
            let (mut target, z) = ([0.0; 5], row.to_vec());
            target[usize::from(label)] = 1.0;
            loss += reference::categorical(&target, &z) / 8.0;
            reference::categorical_gradient(&target, 1.0 / 8.0, &z, row);
        }
        loss
    };
    train(start, inputs, evaluate, |t, parameters, gradients| {
        formula(t as f64, parameters, gradients, &mut slots);
    })
}

fn check_training(name: &str, optimizer: &dyn Optimizer, formula: Formula) {
    let golden = read(include_str!("golden/training.json"));
    let batches = |of: &str| golden[of].as_array().expect("a list").clone();
    let start = f32s(&golden["start"]);
    let inputs: Vec<Vec<f32>> = batches("inputs").iter().map(f32s).collect();
    let labels: Vec<Vec<u8>> = batches("labels")
        .iter()
        .map(|batch| f64s(batch).into_iter().map(|class| class as u8).collect())
        .collect();
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let wide_inputs: Vec<Vec<f64>> = inputs.iter().map(|x| wide(x)).collect();
    let exact = train_f64(&wide(&start), &wide_inputs, &labels, formula);

    // How much ten steps enlarge a relative change of the start, at the worst of losses and weights.
    let mut rng = Rng::seed(1);
    let change = 1e-9;
    let moved: Vec<f64> = start.iter().map(|&w| f64::from(w) * (1.0 + change * rng.normal())).collect();
    let moved = train_f64(&moved, &wide_inputs, &labels, formula);
    let distances =
        |x: &[f64], y: &[f64]| x.iter().zip(y).fold(0.0, |max: f64, (x, y)| max.max((x - y).abs()));
    let enlarged = distances(&exact.0, &moved.0).max(distances(&exact.1, &moved.1)) / change;
    // Each of ten steps adds roundings of chains of at most 20 + 1 terms forward, 16 back and a few functions, which
    // the steps after it enlarge.
    let tolerance = |epsilon: f64| 10.0 * 40.0 * epsilon * enlarged.max(1.0);

    let mut slots = slots(optimizer, start.len());
    let evaluate = |step: usize, logits: &mut [f32]| {
        let mut predictions = logits.to_vec();
        Loss::<Softmax, [f32; 5], u8>::evaluate(
            &CategoricalCrossEntropy,
            &labels[step],
            None,
            &mut predictions,
            Some(logits),
        ) / 8.0
    };
    let fast = train(&start, &inputs, evaluate, |step, parameters, gradients| {
        optimizer.update(step, parameters, gradients, &mut lend(&mut slots));
    });
    for (what, (losses, parameters), epsilon) in
        [("f64", exact, f64::EPSILON), ("f32", (fast.0, wide(&fast.1)), EPSILON)]
    {
        let curve = &golden["curves"][format!("{name}_f64")];
        let (expected_losses, expected_parameters) = (f64s(&curve["losses"]), f64s(&curve["final"]));
        assert_eq!((losses.len(), parameters.len()), (10, expected_parameters.len()));
        for (step, (found, expected)) in losses.iter().zip(expected_losses).enumerate() {
            assert_near(&format!("{what}: loss {step}"), *found, expected, tolerance(epsilon));
        }
        for (i, (found, expected)) in parameters.iter().zip(expected_parameters).enumerate() {
            assert_near(&format!("{what}: parameter {i}"), *found, expected, tolerance(epsilon));
        }
    }
}

#[test]
fn ten_steps_of_sgd_with_momentum() {
    check_training("sgd", &Sgd::new(0.1).momentum(0.9), momentum);
}

#[test]
fn ten_steps_of_adam() {
    check_training("adam", &Adam::new(0.01).epsilon(1e-12), adam);
}
