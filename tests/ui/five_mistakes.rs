use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 0),
        Dropout(1.5),
        hidden: Dnese(512 => 256),
        hidden: Dense(256 => 128, bias = maybe),
        Dense(128 => 10, softmx),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
    let _ = |mlp: &Mlp| mlp.hidden().weight()[0][0];
}
