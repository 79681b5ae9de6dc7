use typenet::model;

model! {
    pub Mlp <
        Input(784),
        Dense(512),
        Dense(_ => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
