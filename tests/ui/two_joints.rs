use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 512),
        Dense(256 => 128),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
