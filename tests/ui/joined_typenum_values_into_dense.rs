use typenet::model;

type Width = typenet::typenum::U27;

model! {
    pub Net <
        Input(Width),
        Concat[ _ | Dense(Width => 32, relu) ],
        Dense(64 => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 27]) };
}
