use typenet::model;

model! {
    pub Net <
        Input(..40, u64),
        Embedding(100 => 8),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
