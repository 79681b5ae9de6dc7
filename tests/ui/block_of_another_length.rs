use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 10),
    >
}

fn main() {
    let _ = Mlp::from_block([0.0; 3]);
}
