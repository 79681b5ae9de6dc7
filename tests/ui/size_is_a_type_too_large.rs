use typenet::model;

type Huge = typenet::typenum::Prod<typenet::typenum::U1000000, typenet::typenum::U1000000>;

model! {
    pub Mlp <
        Dense(784 => Huge), Dense(Huge => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
