use typenet::prelude::*;

model! {
    pub Product <
        Input(64),
        seen: Dense(64 => 32, relu),
        class: Dense(32 => 10, softmax),
        price: seen -> Dense(32 => 1),
        (class, price),
    >
}

fn train(images: &[[f32; 64]], classes: &[u8], prices: &[f32]) {
    let losses = ProductOutputs { class: CategoricalCrossEntropy, prize: MeanSquaredError };
    let metrics = ProductOutputs { class: (), price: () };
    let mut trainer = Product::new(1).compile(Adam::default(), losses, metrics);
    let _ = trainer.fit(images, ProductOutputs { class: classes, price: prices }).run();
}

fn main() {
    train(&[], &[], &[]);
}
