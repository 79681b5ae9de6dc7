use typenet::prelude::*;

model! {
    pub Price <
        Dense(8 => 1),
    >
}

fn train(houses: &[[f32; 8]], prices: &[f32]) {
    let mut trainer = Price::new(1).compile(Adam::default(), MeanSquaredError, ());
    let _ = trainer.fit(houses, prices).class_weights(&[1.0, 2.0]).run();
}

fn main() {
    train(&[], &[]);
}
