use typenet::model;

model! {
    pub Mlp
}

fn main() {
    let _ = |mlp: &Mlp| mlp.predict(&[0.0; 784]);
}
