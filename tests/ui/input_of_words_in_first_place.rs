use typenet::model;

model! {
    pub Net <
        Input(u32, ..40),
        Embedding(100 => 8),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
