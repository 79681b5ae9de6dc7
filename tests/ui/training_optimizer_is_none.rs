use typenet::prelude::*;

model! {
    pub Digits <
        Dense(64 => 10, softmax),
    >
}

struct Descent;

fn train(images: &[[f32; 64]], labels: &[u8]) {
    let mut trainer = Digits::new(1).compile(Descent, CategoricalCrossEntropy, ());
    let _ = trainer.fit(images, labels).run();
}

fn main() {
    train(&[], &[]);
}
