use typenet::model;

model! {
    pub Mlp <
        Flatten,
        Dense(784 => 10),
    >
}

fn main() {}
