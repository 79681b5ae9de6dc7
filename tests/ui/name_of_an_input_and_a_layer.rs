use typenet::model;

model! {
    pub Net <
        image: Input(64),
        other: Input(64),
        image: (image, other) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
