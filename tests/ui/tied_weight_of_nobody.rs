use typenet::model;

model! {
    pub Net <
        Input(..40, u32),
        words: Embedding(10 => 8),
        GlobalAvgPool,
        Dense(8 => 10, weight = wrds),
    >
}

fn main() {}
