use typenet::model;

type Wide = typenet::typenum::U96;
type Narrow = typenet::typenum::U48;

model! {
    pub Net <
        Input(64),
        Add[ _ | Dense(64 => Wide, relu), Dense(Wide => Narrow) ],
        Dense(_ => 10, softmax),
    >
}

fn main() {
    let _ = |net: &Net| -> [f32; 10] { net.predict(&[0.0; 64]) };
}
