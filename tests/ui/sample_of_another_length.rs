use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| mlp.predict(&[0.0; 783]);
}
