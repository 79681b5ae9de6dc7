use typenet::model;

model! {
    pub Mlp <
        Dense(784 => "ten"),
    >
}

fn main() {}
