//! A last layer with an activation of its own whose backward pass reads its output: trained on the gradients of the loss.

use core::marker::PhantomData;

use typenet::kernels::{Element, Rng};
use typenet::layers::activation::{Linear, Sigmoid};
use typenet::layers::check::check_gradient;
use typenet::layers::{Backward, Cpu, Layer, Predict, Run};
use typenet::prelude::*;
use typenet::schema::{Info, Size, TensorInfo};
use typenet::typenum::U2;

/// `t = tanh(x · w)`: one value of `N`, between −1 and 1.
pub struct TanhOfProduct<N>(PhantomData<N>);

impl<N: Size> Layer for TanhOfProduct<N> {
    type Input = (N,);
    type Output = (typenet::typenum::U1,);
    type Head = Linear;
    type Body = Self;
    const INFO: Info =
        Info { tensors: &[TensorInfo::parameter("weight", &[N::VALUE])], ..Info::new("TanhOfProduct") };

    fn initialize(parameters: &mut [f32], _: &mut [f32], mut rng: Rng) {
        parameters.fill_with(|| rng.uniform() as f32 - 0.5);
    }
}

impl<T: Element, N: Size> Run<Cpu<T>> for TanhOfProduct<N> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        for (x, y) in pass.input.chunks_exact(N::VALUE).zip(pass.output) {
            *y = T::from_f64(dot(x, pass.parameters).tanh());
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        pass.grad_parameters.fill(T::ZERO);
        let mut grad_input = pass.grad_input.map(|grads| grads.chunks_exact_mut(N::VALUE));
        let samples = pass.input.chunks_exact(N::VALUE).zip(pass.output).zip(&*pass.grad_output);
        for ((x, t), grad) in samples {
            // The derivative of tanh is read from its value.
            let grad = *grad * T::from_f64(1.0 - t.to_f64() * t.to_f64());
            for (sum, x) in pass.grad_parameters.iter_mut().zip(x) {
                *sum += grad * *x;
            }
            if let Some(grad_input) = &mut grad_input {
                let to = grad_input.next().expect("one for each sample");
                to.iter_mut().zip(pass.parameters).for_each(|(to, w)| *to = grad * *w);
            }
        }
    }
}

fn dot<T: Element>(x: &[T], w: &[T]) -> f64 {
    x.iter().zip(w).map(|(x, w)| x.to_f64() * w.to_f64()).sum()
}

/// `y = sigmoid(tanh(x · w))`
pub struct SigmoidOfTanh<N>(PhantomData<N>);

impl<N: Size> Layer for SigmoidOfTanh<N> {
    type Input = (N,);
    type Output = (typenet::typenum::U1,);
    type Head = Sigmoid;
    type Body = TanhOfProduct<N>;
    const INFO: Info = Info { kind: "SigmoidOfTanh", ..TanhOfProduct::<N>::INFO };

    fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
        TanhOfProduct::<N>::initialize(parameters, buffers, rng);
    }
}

impl<T: Element, N: Size> Run<Cpu<T>> for SigmoidOfTanh<N> {
    fn predict(pass: Predict<'_, Self, Cpu<T>>) {
        for (x, y) in pass.input.chunks_exact(N::VALUE).zip(pass.output) {
            *y = T::from_f64(sigmoid(dot(x, pass.parameters).tanh()));
        }
    }

    fn backward(pass: Backward<'_, Self, Cpu<T>>) {
        let mut logits = pass.output.to_vec();
        for (y, grad) in logits.iter_mut().zip(&mut *pass.grad_output) {
            *grad = *grad * T::from_f64(y.to_f64() * (1.0 - y.to_f64()));
            *y = T::from_f64((y.to_f64() / (1.0 - y.to_f64())).ln());
        }
        TanhOfProduct::<N>::backward(Backward {
            batch: pass.batch,
            parameters: pass.parameters,
            input: pass.input,
            output: &logits,
            kept: pass.kept,
            grad_output: pass.grad_output,
            grad_input: pass.grad_input,
            grad_parameters: pass.grad_parameters,
            scratch: pass.scratch,
        });
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

model! { Net < Dense(3 => 2), SigmoidOfTanh<U2>(2 => 1) > }

const SAMPLES: [[f32; 3]; 4] = [[0.5, -1.0, 0.25], [-0.75, 0.5, 1.0], [1.0, 0.125, -0.5], [0.0, 0.75, 0.875]];
const LABELS: [f32; 4] = [1.0, 0.0, 1.0, 0.0];

/// The definition of the model's mean loss: a weight of 3 × 2, a bias of 2, a weight of 2.
fn loss(parameters: &[f64], samples: &[[f32; 3]], labels: &[f32]) -> f64 {
    let (weight, bias, last) = (&parameters[..6], &parameters[6..8], &parameters[8..]);
    let loss_of = |(x, label): (&[f32; 3], &f32)| {
        let hidden = |unit| bias[unit] + (0..3).map(|i| f64::from(x[i]) * weight[2 * i + unit]).sum::<f64>();
        let y = sigmoid((hidden(0) * last[0] + hidden(1) * last[1]).tanh());
        -(if *label == 1.0 { y } else { 1.0 - y }).ln()
    };
    samples.iter().zip(labels).map(loss_of).sum::<f64>() / samples.len() as f64
}

/// Central differences of [`loss`].
fn differences(block: &[f32], samples: &[[f32; 3]], labels: &[f32]) -> Vec<f64> {
    let at = |i: usize, delta: f64| {
        let mut parameters: Vec<f64> = block.iter().copied().map(f64::from).collect();
        parameters[i] += delta;
        loss(&parameters, samples, labels)
    };
    let step = f64::EPSILON.cbrt();
    (0..block.len()).map(|i| (at(i, step) - at(i, -step)) / (2.0 * step)).collect()
}

/// Each gradient is a mean of products of factors of at most 1 in magnitude, made with less than 64 roundings.
const TOLERANCE: f64 = 64.0 * f32::EPSILON as f64;

fn assert_close(found: &[f32], expected: &[f64]) {
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(*found) - expected).abs() <= TOLERANCE,
            "parameter {i}: {found}, by differences {expected}"
        );
    }
}

#[test]
fn gradients_of_a_last_layer_with_its_own_activation_agree_with_central_differences() {
    let mut trainer = Net::new(3).compile(Sgd::new(1.0), BinaryCrossEntropy, ());
    let expected = differences(trainer.block(), &SAMPLES, &LABELS);
    let mut gradients = Net::zeros();
    trainer.gradients(&SAMPLES, &LABELS, &Rng::seed(1), &mut gradients).expect("gradients");
    assert_close(gradients.block(), &expected);
}

/// One sample goes back and is updated in one pass.
#[test]
fn a_step_of_one_sample_goes_down_the_same_gradients() {
    let mut trainer = Net::new(3).compile(Sgd::new(1.0), BinaryCrossEntropy, ());
    let (sample, label) = (&SAMPLES[..1], &LABELS[..1]);
    let (before, expected) = (trainer.block().to_vec(), differences(trainer.block(), sample, label));
    trainer.train_on_batch(sample, label, &Rng::seed(1)).expect("a step");
    let moved: Vec<f32> = before.iter().zip(trainer.block()).map(|(before, after)| before - after).collect();
    assert_close(&moved, &expected);
}

#[test]
fn the_layer_itself_has_the_gradient_that_it_says() {
    check_gradient::<TanhOfProduct<U2>>(5, 1);
    check_gradient::<SigmoidOfTanh<U2>>(5, 1);
}
