use typenet::model;

model! {
    pub Mlp <
        784,
        Dense(784 => 10),
    >
}

fn main() {}
