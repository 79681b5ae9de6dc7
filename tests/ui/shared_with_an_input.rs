use typenet::model;

model! {
    pub Net <
        image: Input(64),
        image -> Dense(64 => 64),
        Shared(image),
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
