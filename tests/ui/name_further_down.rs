use typenet::model;

model! {
    pub Net <
        first: Dense(64 => 32, relu),
        (first, second) -> Add,
        second: Dense(32 => 32),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
