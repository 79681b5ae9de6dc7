//! Code for any model: one function trains several, and which of them is used is known at run time alone.
//!
//! `cargo run --release --example any_model -- wide`

#[macro_use]
mod output;

use std::error::Error;
use std::process::ExitCode;

use typenet::data::{Samples, digits};
use typenet::kernels::reduce::argmax;
use typenet::losses::Loss;
use typenet::metrics::Metrics;
use typenet::prelude::*;

model! { pub Plain < Dense(64 => 10, softmax) > }
model! { pub Deep < Dense(64 => 32, relu), Dense(_ => 32, relu), Dense(_ => 10, softmax) > }
model! { pub Wide < Dense(64 => 128, relu), Dropout(0.2), Dense(_ => 10, softmax) > }

/// Trains any model of 64 pixels to ten classes. Its size and its layers are known to the compiler here as well; that the
/// loss and the metrics fit its last activation is what the bounds ask for.
pub fn train<M>(data: &Samples<64>, seed: u64) -> Result<Box<M>, Box<dyn Error>>
where
    M: Model<Sample = [f32; 64], Prediction = [f32; 10]>,
    CategoricalCrossEntropy: Loss<M::Head, [f32; 10], u8>,
    (Accuracy,): Metrics<M::Head, [f32; 10], u8>,
{
    let mut trainer = M::new(seed).compile(Adam::default(), CategoricalCrossEntropy, (Accuracy::new(),));
    trainer.fit(&data.inputs, &data.labels).epochs(10).seed(seed).progress(false).run()?;
    Ok(trainer.into_model())
}

/// The share of digits that any model of one type gets right, one inference at a time, without allocation.
pub fn accuracy<M>(model: &M, data: &Samples<64>) -> f64
where
    M: Model<Sample = [f32; 64], Prediction = [f32; 10]>,
{
    let pairs = data.inputs.iter().zip(&data.labels);
    let right = pairs.filter(|(image, label)| argmax(&model.predict(image)) == usize::from(**label));
    right.count() as f64 / data.len() as f64
}

/// The model of this name, trained; its type is forgotten.
pub fn chosen(name: &str, data: &Samples<64>) -> Result<Box<dyn DynModel>, Box<dyn Error>> {
    Ok(match name {
        "plain" => train::<Plain>(data, 1)?,
        "deep" => train::<Deep>(data, 1)?,
        "wide" => train::<Wide>(data, 1)?,
        _ => return Err(format!("no model is called `{name}`, expected plain, deep or wide").into()),
    })
}

fn run() -> Result<(), Box<dyn Error>> {
    let data = digits::load();

    // The type is written where it is known.
    let deep = train::<Deep>(&data.train, 1)?;
    show!("{}: {:.1} % right", Deep::NAME, 100.0 * accuracy(&*deep, &data.test));

    // And where it is not, the same model stands behind a pointer.
    let name = std::env::args().nth(1).unwrap_or_else(|| "plain".to_owned());
    let model = chosen(&name, &data.train)?;
    show!("{}", model.summary());
    let mut probabilities = [0.0; 10];
    model.predict_into(&data.test.inputs[0], &mut probabilities)?;
    show!(
        "{} takes the first test digit, a {}, for a {}",
        model.name(),
        data.test.labels[0],
        argmax(&probabilities)
    );
    Ok(())
}

pub(crate) fn main() -> ExitCode {
    output::exit_code(run())
}
