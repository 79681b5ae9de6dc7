use typenet::prelude::*;

model! {
    /// Handwritten digits: 28×28 grey pixels to ten classes.
    pub Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) >
}

fn main() {
    let _: fn(&Mlp, &[f32; 784]) -> [f32; 10] = Mlp::predict;
}
