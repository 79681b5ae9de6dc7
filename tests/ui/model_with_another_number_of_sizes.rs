use typenet::model;

model! {
    pub Encoder < Dense(784 => 64, relu) >
}

model! {
    pub Mlp <
        Input(28, 28),
        Encoder((28, 28) => 64),
        Dense(64 => 10),
    >
}

fn main() {}
