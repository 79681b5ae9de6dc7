use typenet::model;

model! {
    pub Net <
        Input(64),
        Dense(64 => 64, relu) * 3,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
