use typenet::model;

model! {
    pub Net <
        Input(12, ..40),
        GlobalAvgPool,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
