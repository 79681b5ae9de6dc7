use typenet::model;

model! {
    pub Mlp <
        Input,
        Dense(784 => 10),
    >
}

fn main() {}
