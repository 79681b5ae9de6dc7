use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 32, relu),
        Dense(32 => 1, softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 1] { mlp.predict(&[0.0; 784]) };
}
