use typenet::model;

model! {
    pub Net <
        Input(..40, u32),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
