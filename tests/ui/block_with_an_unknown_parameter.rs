use typenet::model;

model! {
    Wide(c, rate = 0.1) < Dense(_ => c, relu), Dropout(rate) >
    pub Net <
        Input(64),
        Wide(32, rat = 0.5),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
