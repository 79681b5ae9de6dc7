use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 512),
        Dense(1 => 10),
    >
}

fn main() {}
