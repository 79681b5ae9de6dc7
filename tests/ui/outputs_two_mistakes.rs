use typenet::prelude::*;

model! {
    Product <
        image: Input(4), text: Input(3), both: (image, text) -> Concat,
        class: Dense(7 => 3, softmax), price: both -> Dense(7 => 1), (class, price),
    >
}

fn main() {
    let losses = ProductOutputs { class: CategoricalCrossEntropy, price: BinaryCrossEntropy };
    let metrics = ProductOutputs { class: (Accuracy::new(),), price: Accuracy::new() };
    let mut trainer = Product::new(1).compile(Sgd::new(0.1), losses, metrics);
    let samples = ProductInputs { image: &[[0.0; 4]][..], text: &[[0.0; 3]][..] };
    let _ = trainer.evaluate(samples, ProductOutputs { class: &[1_u8], price: &[1.0_f32] });
}
