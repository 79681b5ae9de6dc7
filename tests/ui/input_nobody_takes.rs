use typenet::model;

model! {
    pub Net <
        image: Input(64),
        text: Input(32),
        image -> Dense(64 => 10),
    >
}

fn main() {}
