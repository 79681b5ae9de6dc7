//! Predicts with W1 by candle, weights in the binary: `candle_predict DATA`.

use candle_core::{Device, Result, Tensor};
use candle_nn::ops;

static WEIGHTS: &[u8] = include_bytes!("../../../target/cases/w1.weights");

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).expect("the folder of the data");
    let bytes = std::fs::read(format!("{folder}/w1.x")).expect("the data");
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let mut rest = WEIGHTS;
    let mut take = |shape: &[usize]| {
        let (head, tail) = rest.split_at(4 * shape.iter().product::<usize>());
        rest = tail;
        Tensor::from_vec(floats(head), shape, &Device::Cpu)
    };
    let x = Tensor::from_vec(floats(&bytes[..4 * 784]), (1, 784), &Device::Cpu)?;
    let x = x.matmul(&take(&[784, 512])?)?.broadcast_add(&take(&[512])?)?.relu()?;
    let logits = x.matmul(&take(&[512, 10])?)?.broadcast_add(&take(&[10])?)?;
    println!("{:?}", ops::softmax(&logits, 1)?.to_vec2::<f32>()?);
    Ok(())
}
