//! Trains a network on handwritten digits, shows how it does, and saves its weights.
//!
//! `cargo run --release --example mnist` uses the 8×8 digits that come with the library;
//! `cargo run --release --example mnist -- --data DIR` reads MNIST's four IDX files, plain or gzip, from `DIR`. With
//! `--features plots` it draws the run's curves and the confusion matrix beside the weights.

#[macro_use]
mod output;

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use lexopt::prelude::{Long, Short};
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

const HELP: &str = "\
Trains a network on handwritten digits and saves its weights.

Usage: mnist [OPTIONS]

Options:
      --data DIR         Folder with MNIST's four IDX files, plain or gzip; without it, the bundled 8×8 digits
      --epochs N         How often each sample is seen [default: 5 for MNIST, 20 for the digits]
      --batch N          Samples for each update [default: 64]
      --seed N           Seed of start values and of the order of samples [default: 1]
      --out FILE         Where the weights go [default: target/mnist.safetensors or target/digits.safetensors]
      --checkpoint FILE  Where the run's state goes after every epoch and on Ctrl-C, to be gone on from; it stays when the
                         run is done [default: beside the weights, as FILE.run.safetensors, until these are saved]
  -h, --help             This text";

/// What the command line asks for; see [`HELP`].
struct Options {
    data: Option<PathBuf>,
    epochs: Option<usize>,
    batch: usize,
    seed: u64,
    out: Option<PathBuf>,
    checkpoint: Option<PathBuf>,
}

impl Options {
    /// None where the command line asks for help.
    fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        let mut options = Self { data: None, epochs: None, batch: 64, seed: 1, out: None, checkpoint: None };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("data") => options.data = Some(arguments.value()?.into()),
                Long("epochs") => options.epochs = Some(number("--epochs", &arguments.value()?)?),
                Long("batch") => options.batch = number("--batch", &arguments.value()?)?,
                Long("seed") => options.seed = number("--seed", &arguments.value()?)?,
                Long("out") => options.out = Some(arguments.value()?.into()),
                Long("checkpoint") => options.checkpoint = Some(arguments.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                argument => return Err(format!("{}; see `--help`", argument.unexpected()).into()),
            }
        }
        Ok(Some(options))
    }
}

fn number<N: FromStr<Err: Display>>(option: &str, value: &OsStr) -> Result<N, String> {
    let value = value.to_string_lossy();
    value.parse().map_err(|error| format!("`{option}` takes a number, not `{value}`: {error}"))
}

/// How a training ended.
enum Outcome {
    Done,
    Interrupted,
}

pub(crate) fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Some(options)) => options,
        Ok(None) => {
            show!("{HELP}");
            return output::exit_code(Ok(()));
        }
        Err(error) => return output::exit_code(Err(error)),
    };
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
