use typenet::model;

model! {
    Wide(c) < Dense(_ => c, relu) >
    pub Net <
        Input(64),
        Wide(64 => 32),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
