use typenet::prelude::*;

model! {
    pub Digits <
        Dense(64 => 10, sigmoid),
    >
}

fn train(images: &[[f32; 64]], labels: &[[f32; 10]]) {
    let mut trainer = Digits::new(1).compile(Adam::default(), KlDivergence, ());
    let _ = trainer.fit(images, labels).run();
}

fn main() {
    train(&[], &[]);
}
