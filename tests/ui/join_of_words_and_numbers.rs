use typenet::model;

model! {
    pub Net <
        words: Input(4, u32),
        values: Input(4),
        (words, values) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
