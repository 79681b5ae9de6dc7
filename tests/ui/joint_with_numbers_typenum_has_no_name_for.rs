use typenet::model;

model! {
    pub Mlp <
        Dense(784 => 1600),
        Dense(70000 => 10),
    >
}

fn main() {}
