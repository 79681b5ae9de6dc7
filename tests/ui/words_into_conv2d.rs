use typenet::model;

model! {
    pub Net <
        Input(..40, u32),
        Conv2d(1 => 8, kernel = 3),
        Flatten,
        Dense(_ => 10, softmax),
    >
}

fn main() {}
