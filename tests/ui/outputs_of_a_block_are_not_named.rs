use typenet::model;

model! {
    Heads() < class: Dense(32 => 10), price: Dense(10 => 1), (class, price) >
    pub Net <
        Dense(64 => 32),
        Heads,
    >
}

fn main() {}
