use typenet::model;

model! {
    Narrow(c) < Dense(_ => 64, relu), Dense(64 => c) >
    pub Net <
        Input(64),
        3 * Narrow(32),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
