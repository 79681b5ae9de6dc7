use typenet::model;

model! {
    pub Net <
        seen: Dense(64 => 32, relu),
        class: Dense(32 => 10),
        lost: seen -> Dense(32 => 2),
        price: seen -> Dense(32 => 1),
        (class, price),
    >
}

fn main() {}
