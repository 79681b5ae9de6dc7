use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 10, rleu),
    >
}

fn main() {
    static MLP: &Mlp = typenet::embed!(Mlp, "embedded_model_with_a_mistake.rs");
    let _ = MLP.predict(&[0.0; 784]);
}
