use typenet::model;

model! {
    pub Net <
        Input(64),
        3 * Dense(64 => 32, relu),
        Dense(32 => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
