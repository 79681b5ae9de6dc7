use typenet::model;

model! {
    pub Net <
        Dense(64 => 32, relu),
        Add[ image -> Dense(32 => 32) | _ ],
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
