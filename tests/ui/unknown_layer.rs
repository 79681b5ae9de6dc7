use typenet::model;

model! {
    pub Mlp <
        Desne(784 => 512),
        Dense(_ => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
