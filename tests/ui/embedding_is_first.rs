use typenet::model;

model! {
    pub Net <
        Embedding(1000 => 64),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
