use typenet::model;

model! {
    pub Net <
        image: Input(64),
        image -> Dense(64 => 10, weight = image),
    >
}

fn main() {}
