//! A network that is no chain: residual blocks with batch normalisation (He et al., "Deep residual learning for image
//! recognition", CVPR 2016), on handwritten digits.
//!
//! `cargo run --release --example residual` uses the 8×8 digits that come with the library;
//! `cargo run --release --example residual -- --data DIR` reads MNIST's four IDX files, plain or gzip, from `DIR`, and trains on
//! 6,000 of its images: convolutions take their time.

#[macro_use]
mod output;

use std::array::from_fn;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::Long;
use typenet::data::{digits, mnist};
use typenet::layers::activation::Softmax;
use typenet::prelude::*;

/// One network for images of any size. A block is a template: each use has numbers of its own.
macro_rules! residual {
    ($(#[$doc:meta])* $name:ident, $side:tt) => {
        model! {
            Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
            // What the block adds to its input: with a branch of nothing but `_`, the input itself.
            Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
            // Half the height and width, so that the input needs a convolution too.
            Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                         | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
            $(#[$doc])*
            pub $name <
                Input(1, $side, $side),
                Unit(16), Activation(relu),
                2 * Plain(16), Down(32), Plain(32),
                GlobalAvgPool, Dense(_ => 10, softmax),
            >
        }
    };
}

residual! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    DigitsResNet, 8
}

residual! {
    /// Handwritten digits: 28×28 grey pixels to ten classes.
    MnistResNet, 28
}

/// Images with one channel.
type Image<const SIDE: usize> = [[[f32; SIDE]; SIDE]; 1];

fn images<const PIXELS: usize, const SIDE: usize>(rows: &[[f32; PIXELS]]) -> Vec<Image<SIDE>> {
    rows.iter().map(|pixels| [from_fn(|y| from_fn(|x| pixels[y * SIDE + x]))]).collect()
}

/// Trains with a learning rate that falls to zero, and says which share of the images to test with is then told right.
pub fn train<M, const PIXELS: usize, const SIDE: usize>(
    data: &typenet::data::Split<PIXELS>,
    samples: usize,
    epochs: usize,
    seed: u64,
) -> Result<f64, Box<dyn Error>>
where
    M: Model<Sample = Image<SIDE>, Prediction = [f32; 10]> + Layer<Head = Softmax>,
{
    let (train, labels) = (images(&data.train.inputs[..samples]), &data.train.labels[..samples]);
    let test = images(&data.test.inputs);
    let steps = epochs * train.len().div_ceil(32);
    let optimizer = Adam::default().schedule(schedules::CosineDecay::new(3e-3, steps as u64));
    let mut trainer = M::new(seed).compile(optimizer, CategoricalCrossEntropy, (Accuracy::new(),));
    trainer.fit(&train, labels).epochs(epochs).batch_size(32).seed(seed).run()?;
    let scores = trainer.evaluate(&test, &data.test.labels)?;
    Ok(scores.get("accuracy").expect("compiled with accuracy"))
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut folder: Option<PathBuf> = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("data") => folder = Some(arguments.value()?.into()),
            argument => return Err(argument.unexpected().into()),
        }
    }
    let accuracy = match folder {
        Some(folder) => {
            show!("{}", MnistResNet::summary());
            train::<MnistResNet, _, _>(&mnist::load(folder)?, 6_000, 3, 1)?
        }
        None => {
            show!("{}", DigitsResNet::summary());
            let data = digits::load();
            train::<DigitsResNet, _, _>(&data, data.train.len(), 15, 1)?
        }
    };
    show!("test accuracy: {:.2} %", 100.0 * accuracy);
    Ok(())
}

pub(crate) fn main() -> ExitCode {
    output::exit_code(run())
}
