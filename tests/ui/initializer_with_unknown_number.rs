use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 10, init = random_normal(std = 0.02)),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 10] { mlp.predict(&[0.0; 784]) };
}
