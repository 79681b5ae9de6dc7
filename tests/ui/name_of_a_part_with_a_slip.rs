use typenet::model;

model! {
    Wide() < inner: Dense(32 => 32, relu), Dense(32 => 32) >
    pub Net <
        Dense(64 => 32, relu),
        wide: Wide,
        (wide, wide.iner) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
