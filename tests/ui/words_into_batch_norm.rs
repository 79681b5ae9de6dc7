use typenet::model;

model! {
    pub Net <
        Input(40, u32),
        BatchNorm,
        Dense(40 => 10),
    >
}

fn main() {}
