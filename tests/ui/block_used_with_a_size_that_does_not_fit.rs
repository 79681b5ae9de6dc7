use typenet::model;

model! {
    Wide(c) < Dense(64 => c, relu), Dense(32 => 64) >
    pub Net <
        Input(64),
        Wide(32),
        Wide(48),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
