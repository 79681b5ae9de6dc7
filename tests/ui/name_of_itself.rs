use typenet::model;

model! {
    pub Net <
        first: Dense(64 => 32, relu),
        both: (first, both) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
