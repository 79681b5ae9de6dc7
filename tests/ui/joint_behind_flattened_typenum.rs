use typenet::model;

type Width = typenet::typenum::U27;

model! {
    pub Mlp <
        Input(28, Width),
        Flatten,
        Dense(784 => 10),
    >
}

fn main() {}
