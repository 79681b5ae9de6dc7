use typenet::model;

type Hidden = typenet::typenum::U512;

model! {
    pub Mlp <
        Dense(784 => Hidden, relu),
        Dense(256 => 10, softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
