use typenet::model;

type Hidden = typenet::typenum::U256;

model! {
    pub Mlp <
        Dense(784 => 512, relu),
        Dense(Hidden => 10, softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
