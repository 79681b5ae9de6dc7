use typenet::prelude::*;

model! {
    Product <
        image: Input(4), text: Input(3), both: (image, text) -> Concat,
        class: Dense(7 => 3, softmax), price: both -> Dense(7 => 1), (class, price),
    >
}

fn main() {
    let losses = ProductOutputs { class: CategoricalCrossEntropy };
    let _ = Product::new(1).compile(Sgd::new(0.1), losses, ProductOutputs { class: (), price: () });
}
