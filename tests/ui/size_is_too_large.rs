use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 4000000000),
        Dense(_ => 4000000000),
    >
}

fn main() {}
