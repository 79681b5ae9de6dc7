use typenet::model;

model! {
    Wide() < Dense(64 => 32, relu), Dense(33 => 64) >
    pub Net <
        Input(64),
        2 * Wide,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
