use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 1),
        Activation(log_softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 1] { mlp.predict(&[0.0; 784]) };
}
