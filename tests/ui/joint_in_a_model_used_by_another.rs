use typenet::model;

model! {
    pub Broken < Dense(784 => 512), Dense(500 => 64) >
}

model! {
    pub Mlp <
        Broken(784 => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
