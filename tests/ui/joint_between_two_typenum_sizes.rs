use typenet::model;

mod sizes {
    pub type Wide = typenet::typenum::Prod<typenet::typenum::U40, typenet::typenum::U40>;
    pub type Narrow = typenet::typenum::U7;
}

model! {
    pub Mlp <
        Dense(784 => sizes::Wide),
        Dense(sizes::Narrow => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
