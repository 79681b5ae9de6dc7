use typenet::model;

model! {
    pub Net <
        type: Input(64),
        other: Input(64),
        (type, other) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
