use typenet::model;

model! {
    pub Net <
        words: Input(..40, u32),
        seen: words -> Embedding(100 => 8),
        GlobalAvgPool,
        (_, seen) -> Add,
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
