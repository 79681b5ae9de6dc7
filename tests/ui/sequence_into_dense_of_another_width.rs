use typenet::model;

model! {
    pub Net <
        Input(..40, 12),
        GlobalAvgPool,
        Dense(40 => 10),
    >
}

fn main() {}
