use typenet::model;

type Classes = typenet::typenum::U1;

model! {
    pub Mlp <
        Dense(784 => Classes, softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 1] { mlp.predict(&[0.0; 784]) };
}
