use typenet::model;

model! {
    Back() < Dense(32 => 32, relu), (_, seen) -> Add >
    pub Net <
        seen: Dense(64 => 32, relu),
        2 * Back,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
