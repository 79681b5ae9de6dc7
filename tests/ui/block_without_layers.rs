use typenet::model;

model! {
    Nothing() < >
    pub Net <
        Input(64),
        Nothing,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
