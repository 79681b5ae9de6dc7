use typenet::model;

type Depth = typenet::typenum::U6;

model! {
    pub Net <
        Input(64),
        Depth * Dense(64 => 64, relu),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
