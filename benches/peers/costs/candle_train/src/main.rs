//! Trains W1 with candle: `candle_train DATA STEPS`.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::loss;

const BATCH: usize = 128;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let read = |end: &str| std::fs::read(format!("{}/w1.{end}", arguments[1])).expect("the data");
    let floats = |end: &str| -> Vec<f32> {
        read(end).as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let labels = read("y");
    let rows = labels.len();
    let inputs = Tensor::from_vec(floats("x"), (rows, 784), &Device::Cpu)?;
    let labels = Tensor::from_vec(labels, rows, &Device::Cpu)?.to_dtype(DType::U32)?;
    let weights = floats("weights");
    let mut at = 0;
    let mut variables = Vec::new();
    for shape in [&[784, 512][..], &[512], &[512, 10], &[10]] {
        let size: usize = shape.iter().product();
        variables.push(Var::from_slice(&weights[at..at + size], shape, &Device::Cpu)?);
        at += size;
    }
    let mut velocities =
        variables.iter().map(|variable| variable.zeros_like()).collect::<Result<Vec<_>>>()?;
    for step in 0..arguments[2].parse().expect("a number of steps") {
        let first = step * BATCH % rows;
        let x = inputs.narrow(0, first, BATCH)?;
        let x = x.matmul(&variables[0])?.broadcast_add(&variables[1])?.relu()?;
        let logits = x.matmul(&variables[2])?.broadcast_add(&variables[3])?;
        let loss = loss::cross_entropy(&logits, &labels.narrow(0, first, BATCH)?)?;
        let gradients = loss.backward()?;
        for (variable, velocity) in variables.iter().zip(&mut velocities) {
            let gradient = gradients.get(variable).expect("a gradient for every variable");
            *velocity = ((&*velocity * 0.9)? - (gradient * 0.01)?)?;
            variable.set(&(variable.as_tensor() + &*velocity)?)?;
        }
        if step == 0 {
            println!("{{\"first_step\": {}}}", loss.to_scalar::<f32>()?);
        }
    }
    Ok(())
}
