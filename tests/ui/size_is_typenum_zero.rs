use typenet::model;

type Nothing = typenet::typenum::U0;

model! {
    pub Mlp <
        Dense(784 => Nothing),
        Dense(Nothing => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
