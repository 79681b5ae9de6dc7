//! Predicts with W1 by burn on flex, weights in the binary: `burn_predict DATA`.

use burn::tensor::{Device, Tensor, TensorData, activation};

static WEIGHTS: &[u8] = include_bytes!("../../../target/cases/w1.weights");

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the data");
    let bytes = std::fs::read(format!("{folder}/w1.x")).expect("the data");
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let device = Device::flex();
    let mut rest = WEIGHTS;
    let mut take = |rows: usize, columns: usize| {
        let (head, tail) = rest.split_at(4 * rows * columns);
        rest = tail;
        Tensor::<2>::from_data(TensorData::new(floats(head), [rows, columns]), &device)
    };
    let x = Tensor::<2>::from_data(TensorData::new(floats(&bytes[..4 * 784]), [1, 784]), &device);
    let hidden = activation::relu(x.matmul(take(784, 512)) + take(1, 512));
    let logits = hidden.matmul(take(512, 10)) + take(1, 10);
    println!("{}", activation::softmax(logits, 1));
}
