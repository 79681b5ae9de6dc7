use typenet::model;

model! {
    Wide(c, by) < Dense(_ => c, by) >
    pub Net <
        Input(64),
        Wide(32, rleu),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
