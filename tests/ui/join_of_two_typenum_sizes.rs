use typenet::model;

type Wide = typenet::typenum::U96;
type Narrow = typenet::typenum::U48;

model! {
    pub Net <
        Input(64),
        Add[ Dense(64 => Wide) | Dense(64 => Narrow) ],
        Dense(Wide => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
