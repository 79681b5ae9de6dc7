use typenet::model;

mod models {}

model! {
    pub Mlp <
        Dense(784 => 512),
        models::Encoder(512 => 64),
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
