use typenet::prelude::*;

model! {
    pub Digits <
        Dense(784 => 10, softmax),
    >
}

fn main() {
    let digits = Digits::new(1);
    let _ = digits.predict(&[0.0; 783]);
}
