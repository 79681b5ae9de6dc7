use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 1),
        Dense(2 => 10),
    >
}

fn main() {}
