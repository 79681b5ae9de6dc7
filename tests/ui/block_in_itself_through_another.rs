use typenet::model;

model! {
    Left() < Dense(64 => 64), Right >
    Right() < Left, Dense(64 => 64) >
    pub Net <
        Input(64),
        Left,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
