use typenet::prelude::*;

model! {
    Product <
        image: Input(4), text: Input(3), both: (image, text) -> Concat,
        class: Dense(7 => 3, softmax), price: both -> Dense(7 => 1), (class, price),
    >
}

fn main() {
    let losses = ProductOutputs { class: CategoricalCrossEntropy, price: MeanSquaredError };
    let mut trainer = Product::new(1).compile(Sgd::new(0.1), losses, ProductOutputs { class: (), price: () });
    let samples = ProductInputs { image: &[[0.0; 4]][..], text: &[[0.0; 3]][..] };
    let _ = trainer.fit(samples, ProductOutputs { class: &[1_u8], cost: &[1.0_f32] }).run();
}
