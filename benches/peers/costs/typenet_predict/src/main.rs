//! Predicts with W1 in the binary's read-only data: `typenet_predict DATA`.

use typenet::prelude::*;

model! { pub W1 < Dense(784 => 512, relu), Dense(512 => 10, softmax) > }

static MODEL: &W1 = embed!(W1, "../../../target/cases/w1.safetensors");

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the data");
    let bytes = std::fs::read(format!("{folder}/w1.x")).expect("the data");
    let inputs: Vec<f32> = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    println!("{:?}", MODEL.predict(&inputs.as_chunks::<784>().0[0]));
}
