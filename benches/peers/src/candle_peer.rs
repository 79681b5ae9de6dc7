//! candle: eager tensors with reverse-mode gradients.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Optimizer, ParamsAdamW, loss, ops};

use crate::cases::{ADAM_RATE, CHECK_STEPS, Data, MOMENTUM_RATE, Options, W1, W2, rate, report};

const NAME: &str = "candle";

pub fn run(options: &Options) {
    workload(options, "w1", W1).expect("candle computes w1");
    workload(options, "w2", W2).expect("candle computes w2");
}

fn variables(widths: &[usize], weights: &[f32]) -> candle_core::Result<Vec<Var>> {
    let mut rest = weights;
    let mut variables = Vec::new();
    for pair in widths.windows(2) {
        let (weight, after) = rest.split_at(pair[0] * pair[1]);
        let (bias, after) = after.split_at(pair[1]);
        rest = after;
        variables.push(Var::from_slice(weight, (pair[0], pair[1]), &Device::Cpu)?);
        variables.push(Var::from_slice(bias, pair[1], &Device::Cpu)?);
    }
    Ok(variables)
}

fn logits(variables: &[Var], x: &Tensor) -> candle_core::Result<Tensor> {
    let mut x = x.clone();
    for (i, pair) in variables.chunks(2).enumerate() {
        x = x.matmul(pair[0].as_tensor())?.broadcast_add(pair[1].as_tensor())?;
        if 2 * (i + 1) < variables.len() {
            x = x.relu()?;
        }
    }
    Ok(x)
}

fn workload(options: &Options, name: &str, widths: &[usize]) -> candle_core::Result<()> {
    let data = Data::load(options, name);
    let binary = widths[widths.len() - 1] == 1;
    let rows = data.labels.len();
    let inputs = Tensor::from_slice(&data.inputs, (rows, widths[0]), &Device::Cpu)?;
    let labels = Tensor::from_slice(&data.labels, rows, &Device::Cpu)?;
    let labels =
        if binary { labels.to_dtype(DType::F32)?.unsqueeze(1)? } else { labels.to_dtype(DType::U32)? };
    for (optimizer, batch) in options.train(name) {
        let variables = variables(widths, &data.weights)?;
        let mut adam = candle_nn::AdamW::new(
            variables.clone(),
            ParamsAdamW { lr: ADAM_RATE, beta1: 0.9, beta2: 0.999, eps: 1e-7, weight_decay: 0.0 },
        )?;
        let mut velocities: Vec<Tensor> =
            variables.iter().map(|variable| variable.zeros_like()).collect::<candle_core::Result<_>>()?;
        let mut at = 0;
        let mut step = || -> candle_core::Result<Tensor> {
            let first = at % (rows / batch) * batch;
            at += 1;
            let logits = logits(&variables, &inputs.narrow(0, first, batch)?)?;
            let labels = labels.narrow(0, first, batch)?;
            let loss = if binary {
                loss::binary_cross_entropy_with_logit(&logits, &labels)?
            } else {
                loss::cross_entropy(&logits, &labels)?
            };
            if optimizer == "adam" {
                adam.backward_step(&loss)?;
            } else {
                let gradients = loss.backward()?;
                for (variable, velocity) in variables.iter().zip(&mut velocities) {
                    let gradient = gradients.get(variable).expect("a gradient for every variable");
                    *velocity = ((&*velocity * 0.9)? - (gradient * MOMENTUM_RATE)?)?;
                    variable.set(&(variable.as_tensor() + &*velocity)?)?;
                }
            }
            Ok(loss)
        };
        let mut last = 0.0;
        for _ in 0..CHECK_STEPS {
            last = f64::from(step()?.to_scalar::<f32>()?);
        }
        let rate = rate(batch, options.seconds, || {
            step().expect("a step");
        });
        report(NAME, "train", name, Some(optimizer), batch, rate, Some(last));
    }
    let variables = variables(widths, &data.weights)?;
    for batch in options.predict(name) {
        let x = inputs.narrow(0, 0, batch)?.contiguous()?;
        let rate = rate(batch, options.seconds, || {
            let logits = logits(&variables, &x).expect("logits");
            let head = if binary { ops::sigmoid(&logits) } else { ops::softmax(&logits, 1) };
            std::hint::black_box(head.expect("a prediction"));
        });
        report(NAME, "predict", name, None, batch, rate, None);
    }
    Ok(())
}
