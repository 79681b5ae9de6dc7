use typenet::model;

model! {
    pub Net <
        left: Input(64),
        right: Input(32),
        tower: left -> Dense(_ => 16, relu),
        other: right -> Shared(tower),
        (tower, other) -> Concat,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
