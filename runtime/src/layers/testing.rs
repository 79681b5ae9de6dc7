//! All passes of a layer in f64 over numbers from elsewhere, and numbers from PyTorch to compare them with.

use serde_json::Value as Json;
use std::vec;
use std::vec::Vec;

use super::{Backward, Cpu, Forward, Port, Predict, Run, Value};
use crate::kernels::Rng;

/// What `tests/golden/norm.py` wrote.
pub(super) fn norm_json() -> Json {
    serde_json::from_str(include_str!("../../tests/golden/norm.json")).expect("golden numbers are JSON")
}

/// The numbers of these lists, one behind the other.
pub(super) fn numbers<const K: usize>(lists: [&Json; K]) -> Vec<f64> {
    let lists = lists.iter().flat_map(|list| list.as_array().expect("a list"));
    lists.map(|number| number.as_f64().expect("a number")).collect()
}

/// Sums of at most 12 terms and 16 roundings more, of numbers below 16.
#[track_caller]
pub(super) fn assert_near<const K: usize>(what: &str, found: &[f64], expected: [&Json; K]) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 28.0 * 16.0 * f64::EPSILON,
            "{what}: {found:e}, PyTorch has {expected:e}"
        );
    }
}

/// What a layer with one input and one output wrote.
pub(super) struct Results {
    pub output: Vec<f64>,
    /// After the forward pass.
    pub buffers: Vec<f64>,
    pub grad_input: Vec<f64>,
    pub grad_parameters: Vec<f64>,
    /// In an inference after that.
    pub predicted: Vec<f64>,
}

/// Runs a layer forward, backward and in inference.
pub(super) fn run<L: Run<Cpu<f64>>>(
    batch: usize,
    parameters: &[f64],
    buffers: &[f64],
    input: Value<'_, Cpu<f64>>,
    grad_output: &[f64],
) -> Results {
    let nan = |len: usize| vec![f64::NAN; len];
    let mut results = Results {
        output: nan(grad_output.len()),
        buffers: buffers.to_vec(),
        grad_input: nan(input.numbers.len()),
        grad_parameters: nan(parameters.len()),
        predicted: nan(grad_output.len()),
    };
    let mut kept = nan(L::MEMORY.kept.of(batch, 1));
    L::forward(Forward {
        batch,
        parameters,
        buffers: &mut results.buffers,
        input: values_of::<L::Input>(input),
        output: results_of::<L::Output>(&mut results.output),
        kept: &mut kept,
        scratch: &mut nan(L::MEMORY.forward.of(batch, 1)),
        rng: Rng::seed(0),
    });
    let mut grad_input = Some(&mut results.grad_input[..]);
    L::backward(Backward {
        batch,
        parameters,
        input: values_of::<L::Input>(input),
        output: values_of::<L::Output>(Value { numbers: &results.output, ..input }),
        kept: &kept,
        grad_output: results_of::<L::Output>(&mut grad_output.to_vec()),
        grad_input: L::Input::gradients::<Cpu<f64>>(&mut || grad_input.take()),
        grad_parameters: &mut results.grad_parameters,
        scratch: &mut nan(L::MEMORY.backward.of(batch, 1)),
    });
    L::predict(Predict {
        batch,
        parameters,
        buffers: &results.buffers,
        input: values_of::<L::Input>(input),
        output: results_of::<L::Output>(&mut results.predicted),
        scratch: &mut nan(L::MEMORY.predict.of(batch, 1)),
    });
    results
}

fn values_of<P: Port>(value: Value<'_, Cpu<f64>>) -> P::Values<'_, Cpu<f64>> {
    P::values(&mut || value)
}

fn results_of<P: Port>(results: &mut [f64]) -> P::Mut<'_, Cpu<f64>> {
    let mut results = Some(results);
    P::results::<Cpu<f64>>(&mut || results.take().expect("one result"))
}
