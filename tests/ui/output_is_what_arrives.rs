use typenet::model;

model! {
    pub Mlp <
        Dense(784 => _),
    >
}

fn main() {}
