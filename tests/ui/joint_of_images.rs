use typenet::model;

model! {
    pub Image < Input(28, 28), Flatten, Dense(784 => 64) >
}

model! {
    pub Mlp <
        Input(28, 27),
        Image((28, 28) => 64),
    >
}

fn main() {}
