use typenet::model;

model! {
    pub Mlp <
        Dense((28, 28) => 10),
    >
}

fn main() {}
