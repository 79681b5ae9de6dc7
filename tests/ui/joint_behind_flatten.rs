use typenet::model;

model! {
    pub Mlp <
        Input(28, 28),
        Flatten,
        Dense(780 => 10),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[[0.0; 28]; 28]) };
}
