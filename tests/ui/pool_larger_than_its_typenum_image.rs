use typenet::model;

type Width = typenet::typenum::U27;

model! {
    pub Net <
        Input(3, 8, Width),
        MaxPool2d((2, 28)),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 27]; 8]; 3]) };
}
