use typenet::model;

model! {
    pub Encoder < Dense(784 => 64, relu) >
}

model! {
    pub Mlp <
        Dense(784 => 700),
        Encoder(_ => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
