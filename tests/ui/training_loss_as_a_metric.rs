use typenet::prelude::*;

model! {
    pub Price <
        Dense(8 => 1),
    >
}

fn train(houses: &[[f32; 8]], prices: &[f32]) {
    let mut trainer = Price::new(1).compile(Adam::default(), MeanSquaredError, (MeanAbsoluteError,));
    let _ = trainer.fit(houses, prices).run();
}

fn main() {
    train(&[], &[]);
}
