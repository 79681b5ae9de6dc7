use typenet::model;

model! {
    pub Net <
        Input(..40, 12),
        BatchNorm,
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
