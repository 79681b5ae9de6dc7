use typenet::model;

model! {
    pub Net <
        Input(64),
        flat: Flatten,
        Dense(64 => 10, weight = flat),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
