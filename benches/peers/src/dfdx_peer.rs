//! dfdx: shapes as types, gradients by a tape.

use dfdx::losses::{binary_cross_entropy_with_logits_loss, cross_entropy_with_logits_loss};
use dfdx::nn::modules::{Linear, ReLU};
use dfdx::optim::{Adam, AdamConfig, Momentum, Optimizer, Sgd, SgdConfig};
use dfdx::prelude::*;
use dfdx::tensor::Cpu;

use crate::cases::{ADAM_RATE, CHECK_STEPS, Data, MOMENTUM_RATE, Options, W1, W2, rate, report};

const NAME: &str = "dfdx";

type W1Mlp = ((Linear<784, 512, f32, Cpu>, ReLU), Linear<512, 10, f32, Cpu>);
type W2Tiny = ((Linear<30, 64, f32, Cpu>, ReLU), (Linear<64, 32, f32, Cpu>, ReLU), Linear<32, 1, f32, Cpu>);

/// A batch of rows of `N` values, without and with a tape.
type Rows<const N: usize> = Tensor<(usize, Const<N>), f32, Cpu>;
type Traced<const N: usize> = Tensor<(usize, Const<N>), f32, Cpu, OwnedTape<f32, Cpu>>;
type Loss = Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>>;

pub fn run(options: &Options) {
    let device = Cpu::default();
    let w1 = |weights: &[f32]| -> W1Mlp {
        let mut rest = weights;
        ((linear(&device, &mut rest), ReLU), linear(&device, &mut rest))
    };
    let w2 = |weights: &[f32]| -> W2Tiny {
        let mut rest = weights;
        ((linear(&device, &mut rest), ReLU), (linear(&device, &mut rest), ReLU), linear(&device, &mut rest))
    };
    workload(options, "w1", W1, w1, cross_entropy_with_logits_loss, |logits| logits.softmax::<Axis<1>>());
    workload(options, "w2", W2, w2, binary_cross_entropy_with_logits_loss, |logits| logits.sigmoid());
}

/// A layer with the next weights, which are `[inputs, units]`; dfdx keeps them transposed.
fn linear<const I: usize, const O: usize>(device: &Cpu, rest: &mut &[f32]) -> Linear<I, O, f32, Cpu> {
    let (weight, after) = rest.split_at(I * O);
    let (bias, after) = after.split_at(O);
    *rest = after;
    let transposed: Vec<f32> = (0..O * I).map(|at| weight[at % I * O + at / I]).collect();
    Linear {
        weight: device.tensor_from_vec(transposed, (Const, Const)),
        bias: device.tensor_from_vec(bias.to_vec(), (Const,)),
    }
}

fn workload<M, const I: usize, const O: usize>(
    options: &Options,
    name: &str,
    widths: &[usize],
    build: impl Fn(&[f32]) -> M,
    loss: fn(Traced<O>, Rows<O>) -> Loss,
    head: fn(Rows<O>) -> Rows<O>,
) where
    M: TensorCollection<f32, Cpu>
        + Module<Rows<I>, Output = Rows<O>>
        + ModuleMut<Traced<I>, Output = Traced<O>>,
{
    assert_eq!((widths[0], widths[widths.len() - 1]), (I, O));
    let data = Data::load(options, name);
    for (optimizer, batch) in options.train(name) {
        let mut model = build(&data.weights);
        let (loss, rate) = if optimizer == "momentum" {
            let momentum = Some(Momentum::Classic(0.9));
            let update = Sgd::new(&model, SgdConfig { lr: MOMENTUM_RATE, momentum, weight_decay: None });
            train(options, &mut model, update, loss, &data, batch)
        } else {
            let config = AdamConfig { lr: ADAM_RATE, betas: [0.9, 0.999], eps: 1e-7, weight_decay: None };
            let update = Adam::new(&model, config);
            train(options, &mut model, update, loss, &data, batch)
        };
        report(NAME, "train", name, Some(optimizer), batch, rate, Some(loss));
    }
    let model = build(&data.weights);
    for batch in options.predict(name) {
        let inputs: Rows<I> =
            Cpu::default().tensor_from_vec(data.inputs[..batch * I].to_vec(), (batch, Const));
        let rate = rate(batch, options.seconds, || {
            std::hint::black_box(head(model.forward(inputs.clone())));
        });
        report(NAME, "predict", name, None, batch, rate, None);
    }
}

/// Loss after the first steps, and the rate.
fn train<M, const I: usize, const O: usize>(
    options: &Options,
    model: &mut M,
    mut update: impl Optimizer<M, Cpu, f32>,
    loss: fn(Traced<O>, Rows<O>) -> Loss,
    data: &Data,
    batch: usize,
) -> (f64, f64)
where
    M: TensorCollection<f32, Cpu> + ModuleMut<Traced<I>, Output = Traced<O>>,
{
    let device = Cpu::default();
    let batches: Vec<(Rows<I>, Rows<O>)> = data
        .inputs
        .chunks(batch * I)
        .zip(data.labels.chunks(batch))
        .map(|(inputs, labels)| {
            // One column: the label itself. More: one-hot.
            let target = |&label: &u8| {
                (0..O)
                    .map(move |class| f32::from(u8::from(usize::from(label) == class + usize::from(O == 1))))
            };
            let targets: Vec<f32> = labels.iter().flat_map(target).collect();
            (
                device.tensor_from_vec(inputs.to_vec(), (batch, Const)),
                device.tensor_from_vec(targets, (batch, Const)),
            )
        })
        .collect();
    let mut gradients = Some(model.alloc_grads());
    let mut at = 0;
    let mut step = || {
        let (inputs, targets) = batches[at % batches.len()].clone();
        at += 1;
        let logits = model.forward_mut(inputs.traced(gradients.take().expect("gradients of the last step")));
        let loss = loss(logits, targets);
        let value = loss.array();
        let mut found = loss.backward();
        update.update(model, &found).expect("a gradient for every parameter");
        model.zero_grads(&mut found);
        gradients = Some(found);
        value
    };
    let mut last = f64::NAN;
    for _ in 0..CHECK_STEPS {
        last = f64::from(step());
    }
    let rate = rate(batch, options.seconds, || {
        step();
    });
    (last, rate)
}
