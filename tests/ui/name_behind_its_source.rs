use typenet::model;

model! {
    pub Net <
        seen: Dense(64 => 32, relu),
        Dense(32 => 32),
        (_, seen) -> both: Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
