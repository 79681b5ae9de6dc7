//! burn on flex, its backend for processors, with its own layers, losses and optimizers.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

use crate::cases::{ADAM_RATE, CHECK_STEPS, Data, MOMENTUM_RATE, Options, W1, W2, rate, report};

const NAME: &str = "burn flex";

#[derive(Module, Debug)]
struct Network {
    layers: Vec<Linear>,
}

impl Network {
    fn new(widths: &[usize], weights: &[f32], device: &Device) -> Self {
        let mut rest = weights;
        let mut take = |length: usize| {
            let (head, tail) = rest.split_at(length);
            rest = tail;
            head.to_vec()
        };
        let layers = widths.windows(2).map(|pair| Linear {
            weight: Param::from_data(TensorData::new(take(pair[0] * pair[1]), [pair[0], pair[1]]), device),
            bias: Some(Param::from_data(TensorData::new(take(pair[1]), [pair[1]]), device)),
        });
        Self { layers: layers.collect() }
    }

    fn logits(&self, mut x: Tensor<2>) -> Tensor<2> {
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x);
            if i + 1 < self.layers.len() {
                x = activation::relu(x);
            }
        }
        x
    }
}

pub fn run(options: &Options) {
    workload(options, "w1", W1);
    workload(options, "w2", W2);
}

fn workload(options: &Options, name: &str, widths: &[usize]) {
    let data = Data::load(options, name);
    let binary = widths[widths.len() - 1] == 1;
    for (optimizer, batch) in options.train(name) {
        let (loss, rate) = train(options, widths, &data, optimizer, batch);
        report(NAME, "train", name, Some(optimizer), batch, rate, Some(loss));
    }
    let device = Device::flex();
    let network = Network::new(widths, &data.weights, &device);
    for batch in options.predict(name) {
        let inputs = data.inputs[..batch * widths[0]].to_vec();
        let x = Tensor::<2>::from_data(TensorData::new(inputs, [batch, widths[0]]), &device);
        let rate = rate(batch, options.seconds, || {
            let logits = network.logits(x.clone());
            std::hint::black_box(if binary {
                activation::sigmoid(logits)
            } else {
                activation::softmax(logits, 1)
            });
        });
        report(NAME, "predict", name, None, batch, rate, None);
    }
}

/// Loss after the first steps, and the rate.
fn train(options: &Options, widths: &[usize], data: &Data, optimizer: &str, batch: usize) -> (f64, f64) {
    let device = Device::flex().autodiff();
    let binary = widths[widths.len() - 1] == 1;
    let batches: Vec<(Tensor<2>, Tensor<1, Int>)> = data
        .inputs
        .chunks(batch * widths[0])
        .zip(data.labels.chunks(batch))
        .map(|(inputs, labels)| {
            let labels: Vec<i64> = labels.iter().copied().map(i64::from).collect();
            (
                Tensor::from_data(TensorData::new(inputs.to_vec(), [batch, widths[0]]), &device),
                Tensor::from_data(TensorData::new(labels, [batch]), &device),
            )
        })
        .collect();
    let binary_loss = BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
    let categorical_loss = CrossEntropyLossConfig::new().init(&device);
    let (mut update, step_size) = if optimizer == "momentum" {
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        (SgdConfig::new().with_momentum(Some(momentum)).init(), MOMENTUM_RATE)
    } else {
        (AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-7).init(), ADAM_RATE)
    };
    let mut network = Some(Network::new(widths, &data.weights, &device));
    let mut at = 0;
    let mut step = || {
        let (inputs, labels) = batches[at % batches.len()].clone();
        at += 1;
        let model = network.take().expect("the network of the last step");
        let logits = model.logits(inputs);
        let loss = if binary {
            binary_loss.forward(logits.reshape([batch]), labels)
        } else {
            categorical_loss.forward(logits, labels)
        };
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        network = Some(update.step(step_size, model, gradients));
        loss
    };
    let mut last = f64::NAN;
    for _ in 0..CHECK_STEPS {
        last = f64::from(step().into_scalar::<f32>());
    }
    let rate = rate(batch, options.seconds, || {
        step();
    });
    (last, rate)
}
