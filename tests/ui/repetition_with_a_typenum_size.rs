use typenet::model;

type Narrow = typenet::typenum::U48;

model! {
    pub Net <
        Input(64),
        2 * Dense(64 => Narrow),
        Dense(Narrow => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
