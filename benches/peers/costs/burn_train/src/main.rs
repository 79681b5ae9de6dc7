//! Trains W1 with burn on flex: `burn_train DATA STEPS`.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

const BATCH: usize = 128;

#[derive(Module, Debug)]
struct W1 {
    hidden: Linear,
    out: Linear,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let read = |end: &str| std::fs::read(format!("{}/w1.{end}", arguments[1])).expect("the data");
    let floats = |end: &str| -> Vec<f32> {
        read(end).as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let device = Device::flex().autodiff();
    let labels: Vec<i64> = read("y").into_iter().map(i64::from).collect();
    let rows = labels.len();
    let inputs = Tensor::<2>::from_data(TensorData::new(floats("x"), [rows, 784]), &device);
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [rows]), &device);
    let weights = floats("weights");
    let mut rest = &weights[..];
    let mut linear = |inputs: usize, units: usize| {
        let (weight, after) = rest.split_at(inputs * units);
        let (bias, after) = after.split_at(units);
        rest = after;
        Linear {
            weight: Param::from_data(TensorData::new(weight.to_vec(), [inputs, units]), &device),
            bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [units]), &device)),
        }
    };
    let mut model = W1 { hidden: linear(784, 512), out: linear(512, 10) };
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut update = SgdConfig::new().with_momentum(Some(momentum)).init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    for step in 0..arguments[2].parse().expect("a number of steps") {
        let first = step * BATCH % rows;
        let hidden = activation::relu(model.hidden.forward(inputs.clone().narrow(0, first, BATCH)));
        let loss = cross_entropy.forward(model.out.forward(hidden), labels.clone().narrow(0, first, BATCH));
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = update.step(0.01, model, gradients);
        if step == 0 {
            println!("{{\"first_step\": {}}}", loss.into_scalar::<f32>());
        }
    }
}
