use typenet::model;

model! {
    pub Net <
        Input(40),
        Embedding(100 => 8),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 40]) };
}
