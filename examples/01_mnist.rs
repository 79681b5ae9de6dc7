//! Trains a network on handwritten digits, shows how it does, and saves its weights.
//!
//! `cargo run --release --example mnist` uses the 8×8 digits that come with the library;
//! `cargo run --release --example mnist -- --data DIR` reads MNIST's four IDX files, plain or gzip, from `DIR`. With
//! `--features plots` it draws the run's curves and the confusion matrix beside the weights.

#[macro_use]
mod output;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use typenet::callbacks::escape_braces;
use typenet::data::{Split, digits, mnist};
use typenet::io::check_replaceable;
use typenet::layers::activation::Softmax;
use typenet::metrics::ConfusionMatrix;
use typenet::model::{self, History};
use typenet::prelude::*;

model! {
    /// Handwritten digits: 28×28 grey pixels to ten classes.
    pub MnistMlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) >
}

model! {
    /// Handwritten digits: 8×8 grey pixels to ten classes.
    pub DigitsMlp < Dense(64 => 512, relu), Dense(512 => 10, softmax) >
}

/// Trains a network on handwritten digits and saves its weights.
#[derive(Parser)]
#[command(name = "mnist")]
struct Options {
    /// Folder with MNIST's four IDX files, plain or gzip; without it, the bundled 8×8 digits
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How often each sample is seen [default: 5 for MNIST, 20 for the digits]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Samples for each update
    #[arg(long, value_name = "N", default_value_t = 64)]
    batch: usize,
    /// Seed of start values and of the order of samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where the weights go [default: target/mnist.safetensors or target/digits.safetensors]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the run's state goes after every epoch and on Ctrl-C, to be gone on from; it stays when the run is done
    /// [default: beside the weights, as FILE.run.safetensors, until these are saved]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// How a training ended.
enum Outcome {
    Done,
    Interrupted,
}

pub(crate) fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.data {
        Some(folder) => mnist::load(folder)
            .map_err(Box::from)
            .and_then(|data| train::<MnistMlp, _>(data, &options, 5, "mnist")),
        None => train::<DigitsMlp, _>(digits::load(), &options, 20, "digits"),
    };
    match result {
        // 128 and the number of the signal, as shells have it.
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        result => output::exit_code(result.map(drop)),
    }
}

fn train<M, const PIXELS: usize>(
    data: Split<PIXELS>,
    options: &Options,
    epochs: usize,
    name: &str,
) -> Result<Outcome, Box<dyn Error>>
where
    M: Model<Sample = [f32; PIXELS], Prediction = [f32; 10]> + Layer<Head = Softmax>,
{
    let Split { train, test } = data;
    let out = options.out.clone().unwrap_or_else(|| format!("target/{name}.safetensors").into());
    // Found out before the training rather than after it.
    check_replaceable(&out)?;
    for picture in pictures(&out) {
        check_replaceable(picture)?;
    }
    show!("{}", M::summary());
    show!("{} images to train on, {} to test with", train.len(), test.len());

    let mut trainer =
        M::new(options.seed).compile(AdamW::default(), CategoricalCrossEntropy, (Accuracy::new(),));
    // The first Ctrl-C ends the training after the present step, the second ends the program.
    let mut stop = Stop::new();
    let handle = stop.handle();
    ctrlc::set_handler(move || {
        if handle.is_stopping() {
            std::process::exit(130);
        }
        handle.stop();
    })?;
    // What a run leaves behind that does not come to its end, the same command goes on from.
    let state = options.checkpoint.clone().unwrap_or_else(|| out.with_extension("run.safetensors"));
    // Deleted once the weights are saved.
    let mut backup = BackupAndRestore::new(escape_braces(&state)).delete_checkpoint(false);
    let history = trainer
        .fit(&train.inputs, &train.labels)
        .epochs(options.epochs.unwrap_or(epochs))
        .batch_size(options.batch)
        .seed(options.seed)
        .validation(&test.inputs, &test.labels)
        .callback(&mut stop)
        .callback(&mut backup)
        .run()
        .map_err(|error| match error {
            model::Error::Checkpoint { .. } | model::Error::CheckpointVersion { .. } => {
                format!("{error}; without that file, the run begins anew").into()
            }
            error => Box::<dyn Error>::from(error),
        })?;
    if let Some(reason) = &history.stopped {
        show!("{reason}; the same command goes on from {}", state.display());
        return Ok(Outcome::Interrupted);
    }

    let mut confusion = ConfusionMatrix::<10>::new();
    confusion.update(&trainer.predict_batch(&test.inputs), &test.labels);
    show!("{confusion}");

    let scores = trainer.evaluate(&test.inputs, &test.labels)?;
    let go_on = |error| format!("{error}; the same command goes on from {}", state.display());
    trainer.model().save(&out).map_err(go_on)?;
    show!("weights: {}", out.display());
    draw(&history, &confusion, &out)?;
    if options.checkpoint.is_none() {
        backup.delete()?;
    }
    show!("test accuracy: {:.2} %", 100.0 * scores.get("accuracy").expect("compiled with accuracy"));
    Ok(Outcome::Done)
}

/// Where the curves and the confusion matrix are drawn.
#[cfg(feature = "plots")]
fn pictures(weights: &Path) -> [PathBuf; 2] {
    ["curves.svg", "confusion.svg"].map(|name| weights.with_extension(name))
}

#[cfg(not(feature = "plots"))]
fn pictures(_: &Path) -> [PathBuf; 0] {
    []
}

#[cfg(feature = "plots")]
fn draw(history: &History, confusion: &ConfusionMatrix<10>, weights: &Path) -> Result<(), Box<dyn Error>> {
    let [curves, matrix] = pictures(weights);
    history.plot(&curves)?;
    confusion.plot(&matrix, &std::array::from_fn(|digit| digit))?;
    show!("pictures: {}, {}", curves.display(), matrix.display());
    Ok(())
}

#[cfg(not(feature = "plots"))]
fn draw(_: &History, _: &ConfusionMatrix<10>, _: &Path) -> Result<(), Box<dyn Error>> {
    show!("pictures: none; `--features plots` draws them");
    Ok(())
}
