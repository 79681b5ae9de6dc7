use typenet::model;

model! {
    pub Net <
        hidden: Dense(64 => 32, relu),
        Dense(32 => 32, relu),
        (_, hidden.state) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
