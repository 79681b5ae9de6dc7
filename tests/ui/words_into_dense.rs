use typenet::model;

model! {
    pub Net <
        Input(40, u32),
        Dense(40 => 10),
    >
}

fn main() {}
