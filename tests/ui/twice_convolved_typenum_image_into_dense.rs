use typenet::model;

type Width = typenet::typenum::U27;
type Filters = typenet::typenum::U16;

model! {
    pub Net <
        Input(1, Width, Width),
        Conv2d(1 => 6, kernel = 5, padding = 2, tanh),
        AvgPool2d(2),
        Conv2d(6 => Filters, kernel = 5, tanh),
        AvgPool2d(2),
        Flatten,
        Dense(400 => 120, tanh),
        Dense(120 => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[[[0.0; 27]; 27]; 1]) };
}
