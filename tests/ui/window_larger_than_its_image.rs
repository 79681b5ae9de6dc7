use typenet::model;

model! {
    pub Net <
        Input(3, 8, 8),
        Conv2d(3 => 4, kernel = 9),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 8]; 8]; 3]) };
}
