use typenet::model;

model! {
    pub Net <
        Conv2d(3 => 4, kernel = 3),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
