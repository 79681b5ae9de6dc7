use typenet::model;

model! {
    Heads() < class: Dense(10 => 10), price: Dense(10 => 10), (class, price) >
    pub Net <
        Dense(64 => 10, relu),
        Heads,
    >
}

fn main() {}
