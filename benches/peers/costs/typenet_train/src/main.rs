//! Trains W1 with typenet: `typenet_train DATA STEPS [FILE]`, and saves it to the file.

use typenet::kernels::Rng;
use typenet::prelude::*;

model! { pub W1 < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }

const BATCH: usize = 128;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let read = |end: &str| std::fs::read(format!("{}/w1.{end}", arguments[1])).expect("the data");
    let floats = |end: &str| -> Vec<f32> {
        read(end).as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let (inputs, labels) = (floats("x"), read("y"));
    let samples = inputs.as_chunks::<784>().0;
    let mut model = W1::new(0);
    model.block_mut().copy_from_slice(&floats("weights"));
    let mut trainer = model.compile(Sgd::new(0.01).momentum(0.9), CategoricalCrossEntropy, ());
    for step in 0..arguments[2].parse().expect("a number of steps") {
        let first = step * BATCH % samples.len();
        let batch = first..first + BATCH;
        let loss =
            trainer.train_on_batch(&samples[batch.clone()], &labels[batch], &Rng::seed(0)).expect("a step");
        if step == 0 {
            println!("{{\"first_step\": {loss}}}");
        }
    }
    if let Some(file) = arguments.get(3) {
        trainer.model().save(file).expect("a file");
    }
}
