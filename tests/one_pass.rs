//! A step on one sample, in which the update follows the gradient at once, has the bits of a step in two passes.

use core::ops::Range;

use rayon::ThreadPoolBuilder;
use typenet::kernels::Rng;
use typenet::layers::activation::Linear;
use typenet::layers::{Backward, Layer, Model, Predict, Run};
use typenet::optimizers::{SettingError, Turn};
use typenet::prelude::*;
use typenet::schema::{Info, TensorInfo};
use typenet::typenum::U20;

/// Scales each of 20 values by a parameter of its own.
pub struct Scale;

impl Layer for Scale {
    type Input = (U20,);
    type Output = (U20,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info = Info { tensors: &[TensorInfo::parameter("weight", &[20])], ..Info::new("Scale") };

    fn initialize(parameters: &mut [f32], _: &mut [f32], _: Rng) {
        parameters.fill(0.9);
    }
}

impl Run for Scale {
    fn predict(pass: Predict<'_, Self>) {
        for ((y, x), weight) in pass.output.iter_mut().zip(pass.input).zip(pass.parameters.iter().cycle()) {
            *y = x * weight;
        }
    }

    fn backward(pass: Backward<'_, Self>) {
        pass.grad_parameters.fill(0.0);
        for (x, grad) in pass.input.chunks_exact(20).zip(pass.grad_output.chunks_exact(20)) {
            for i in 0..20 {
                pass.grad_parameters[i] += x[i] * grad[i];
            }
        }
        if let Some(grad_input) = pass.grad_input {
            for ((to, grad), weight) in
                grad_input.iter_mut().zip(pass.grad_output).zip(pass.parameters.iter().cycle())
            {
                *to = *grad * weight;
            }
        }
    }
}

model! { pub Inner < Dense(301 => 517, gelu), Dropout(0.2), Dense(517 => 20, tanh, bias = false) > }
model! { pub Net < Inner(301 => 20), Scale(20 => 20), Dense(20 => 33, relu), Dense(33 => 10, softmax) > }

/// An optimizer that does not say that it is elementwise, and is therefore given gradients in memory.
struct TwoPasses<O>(O);

impl<O: Optimizer> Optimizer for TwoPasses<O> {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn slots(&self) -> Vec<&'static str> {
        self.0.slots()
    }
    fn settings(&self) -> Vec<(&'static str, f64)> {
        self.0.settings()
    }
    fn validate(&self) -> Result<(), SettingError> {
        self.0.validate()
    }
    fn learning_rate(&self) -> f64 {
        self.0.learning_rate()
    }
    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.0.set_learning_rate(learning_rate);
    }
    fn steps_per_update(&self) -> u32 {
        self.0.steps_per_update()
    }
    fn update_tensors(
        &self,
        turn: &Turn,
        tensors: &[Range<usize>],
        parameters: &mut [f32],
        gradients: &[f32],
        slots: &mut [&mut [f32]],
    ) {
        self.0.update_tensors(turn, tensors, parameters, gradients, slots);
    }
}

/// Parameters and losses after a few steps of one sample, and one of three.
fn run<O: Optimizer>(optimizer: O, threads: usize) -> (Vec<u32>, Vec<u64>) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
    pool.install(|| {
        let mut rng = Rng::seed(2);
        let mut samples = [[0.0; 301]; 8];
        samples.iter_mut().flatten().for_each(|x| *x = rng.uniform() as f32 - 0.4);
        let labels = [3u8, 1, 4, 1, 5, 9, 2, 6];
        let mut trainer = Net::new(1).compile(optimizer, CategoricalCrossEntropy, ());
        let losses = [0..1, 1..2, 2..3, 3..6, 6..7, 7..8].map(|range| {
            let step = trainer.train_on_batch(&samples[range.clone()], &labels[range], &Rng::seed(5));
            step.expect("a step").to_bits()
        });
        (trainer.block().iter().map(|weight| weight.to_bits()).collect(), losses.to_vec())
    })
}

fn check<O: Optimizer + Clone>(optimizer: O) {
    let start: Vec<u32> = Net::new(1).block().iter().map(|weight| weight.to_bits()).collect();
    let expected = run(TwoPasses(optimizer.clone()), 1);
    let moved = start.iter().zip(&expected.0).filter(|(start, end)| start != end).count();
    assert!(moved > start.len() / 2, "{} moved {moved} of {} weights", optimizer.name(), start.len());
    for threads in [1, 2, 3, 8] {
        assert!(run(optimizer.clone(), threads) == expected, "{}, {threads} threads", optimizer.name());
    }
}

#[test]
fn one_pass_has_the_bits_of_two_for_every_optimizer() {
    check(Sgd::new(0.05));
    check(Sgd::new(0.05).momentum(0.9));
    check(Sgd::new(0.05).momentum(0.9).nesterov());
    check(Adam::new(0.01));
    check(AdamW::new(0.01));
    check(Adam::new(0.01).amsgrad());
    check(Nadam::new(0.01));
    check(RmsProp::new(0.01));
    check(RmsProp::new(0.01).centered().momentum(0.9));
    check(Adagrad::new(0.01));
    check(Adadelta::new(1.0));
    check(Adamax::new(0.01));
    check(Ftrl::new(0.01));
    check(Lion::new(0.01));
    check(Lamb::new(0.01));
}

#[test]
fn one_pass_has_the_bits_of_two_with_every_option() {
    let rate = |step: u64| 0.1 / (1.0 + step as f64);
    check(Sgd::new(0.05).weight_decay(0.1).clip_value(0.01).accumulate(2).average(0.9));
    check(Adam::default().schedule(rate).average(0.9));
    check(Adam::new(0.01).clip_norm(0.1).accumulate(2));
    check(Sgd::new(0.05).momentum(0.9).clip_global_norm(0.1));
    check(Lamb::new(0.01).weight_decay(0.1).decoupled().clip_norm(0.1).average(0.5));
}
