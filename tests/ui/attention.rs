use typenet::model;

model! {
    pub Net <
        Input(..40, 12),
        Add[ _ | MultiHeadAttention(heads = 3) ],
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
