use typenet::model;

model! {
    pub Net <
        image: Input(64),
        Input(64),
        (image, _) -> Add,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
