use typenet::model;

type Large = typenet::typenum::U1000000000;

model! {
    pub Mlp <
        Dense(784 => Large), Dense(Large => Large), Dense(_ => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
