use typenet::model;

const HIDDEN: u32 = 7;

model! {
    pub Mlp <
        Dense(784 => HIDDEN), Dense(HIDDEN => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
