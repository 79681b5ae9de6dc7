use typenet::metrics;
use typenet::prelude::*;

model! {
    pub Price <
        Dense(8 => 1),
    >
}

fn main() {
    let price = || Price::new(1);
    price().compile(Adam::default(), MeanSquaredError, ()).fit(&[[0.0; 8]], &[0.0_f32]);
    let tuple = (Accuracy::new(),);
    price().compile(Adam::default(), MeanSquaredError, tuple).fit(&[[0.0; 8]], &[0.0_f32]);
    let tuple = (Accuracy::new(), LossMetric::new(MeanSquaredError));
    price().compile(Adam::default(), MeanSquaredError, tuple).fit(&[[0.0; 8]], &[0.0_f32]);
    let tuple = (LossMetric::new(MeanAbsoluteError), metrics::MeanAbsoluteError::new().named("by_itself"));
    price().compile(Adam::default(), MeanSquaredError, tuple).fit(&[[0.0; 8]], &[0.0_f32]);
}
