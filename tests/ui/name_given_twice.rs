use typenet::model;

model! {
    pub Mlp <
        hidden: Dense(784 => 512),
        hidden: Dense(512 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
    let _ = |mlp: &Mlp| mlp.hidden().weight()[0][0];
}
