use typenet::model;

type Width = typenet::typenum::U27;

model! {
    pub Net <
        Input(Width),
        first: Dense(Width => 10),
        Dense(10 => 10, weight = first),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 27]) };
}
