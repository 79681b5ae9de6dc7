use typenet::model;

model! {
    pub Net <
        Input(64),
        LayerNorm(epsilon = 0),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
