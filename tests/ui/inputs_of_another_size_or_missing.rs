use typenet::prelude::*;

model! {
    Product <
        image: Input(4), text: Input(3), both: (image, text) -> Concat,
        class: Dense(7 => 3, softmax), price: both -> Dense(7 => 1), (class, price),
    >
}

fn main() {
    let _ = Product::new(1).predict_batch(ProductInputs { image: &[[0.0; 4]], text: &[[0.0; 2]] });
    let _ = Product::new(1).predict(ProductInputs { image: &[0.0; 4] });
}
