use typenet::model;

type Height = typenet::typenum::U27;

model! {
    pub Net <
        Input(3, Height, 8),
        Concat[ _ | Conv2d(3 => 2, kernel = 3, padding = (0, 1)) ],
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 8]; 27]; 3]) };
}
