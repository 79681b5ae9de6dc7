use typenet::model;

model! {
    pub Encoder < Dense(784 => 64, relu) >
}

model! {
    pub Mlp <
        Encoder(256 => 64),
        Dense(64 => 10),
    >
}

fn main() {}
