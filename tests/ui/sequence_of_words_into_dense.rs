use typenet::model;

model! {
    pub Net <
        Input(..40, u32),
        Dense(_ => 10),
    >
}

fn main() {}
