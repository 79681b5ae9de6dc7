use typenet::model;

model! {
    pub Mlp <
        Input(784),
    >
}

fn main() {
    let _ = |mlp: &Mlp| mlp.predict(&[0.0; 784]);
}
