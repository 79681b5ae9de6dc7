use typenet::model;

model! {
    Wide(c) < Dense(_ => c, relu), Wide(c) >
    pub Net <
        Input(64),
        Wide(64),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
