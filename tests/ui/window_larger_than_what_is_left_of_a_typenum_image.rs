use typenet::model;

type Width = typenet::typenum::U27;

model! {
    pub Net <
        Input(3, 27, Width),
        Conv2d(3 => 4, kernel = 5, stride = 3),
        MaxPool2d(2),
        Conv2d(4 => 4, kernel = 5),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 27]; 27]; 3]) };
}
