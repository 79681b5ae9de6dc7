use typenet::model;

model! {
    pub Net <
        Input(..0, u32),
        Embedding(100 => 8),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
