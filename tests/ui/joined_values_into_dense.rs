use typenet::model;

model! {
    pub Net <
        Input(64),
        Concat[ _ | Dense(64 => 32, relu) ],
        Dense(64 => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
