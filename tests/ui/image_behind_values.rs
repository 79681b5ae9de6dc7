use typenet::model;

model! {
    pub Image < Input(28, 28), Flatten, Dense(784 => 64) >
}

model! {
    pub Mlp <
        Dense(784 => 784),
        Image((28, 28) => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
