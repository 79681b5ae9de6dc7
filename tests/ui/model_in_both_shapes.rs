use typenet::model;

model! {
    pub Encoder < Dense(784 => 64, relu) >
}

model! {
    pub Mlp <
        Encoder(700 => 32),
        Dense(32 => 10),
    >
}

fn main() {}
