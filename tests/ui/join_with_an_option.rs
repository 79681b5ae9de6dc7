use typenet::model;

model! {
    pub Net <
        Input(64),
        Concat(axis = 1)[ _ | Dense(64 => 64) ],
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
