use typenet::model;

type Height = typenet::typenum::U27;
type Width = typenet::typenum::U27;

model! {
    pub Net <
        Input(3, Height, Width),
        Conv2d(3 => 4, kernel = 28),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 27]; 27]; 3]) };
}
