use typenet::model;

model! {
    pub Net <
        BatchNorm,
        Dense(64 => 10),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
