use typenet::model;

const CLASSES: usize = 1;

model! {
    pub Mlp <
        Dense(784 => CLASSES, softmax),
    >
}

fn main() {
    let _ = |mlp: &Mlp| -> [f32; 1] { mlp.predict(&[0.0; 784]) };
}
