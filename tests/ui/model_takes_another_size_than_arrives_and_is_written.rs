use typenet::model;

model! {
    pub Encoder < Dense(784 => 64, relu) >
}

model! {
    pub Mlp <
        Dense(100 => 256),
        Encoder(256 => 64),
        Dense(64 => 10),
    >
}

fn main() {}
