use typenet::model;

model! {
    pub Net <
        Input(3, 8, 8),
        Add[ _ | Conv2d(3 => 6, kernel = 3, padding = 1) ],
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 8]; 8]; 3]) };
}
