//! Who survived the Titanic: a table with words, numbers and gaps becomes columns that a network takes.
//!
//! `cargo run --release --example titanic -- --data DIR` reads `train.csv` and `test.csv` from `DIR`, in the form of Kaggle's
//! competition with survivors in both (as in github.com/lyhue1991/eat_tensorflow2_in_30_days, 712 and 179 passengers). It
//! trains with the columns as they are and with standardised ones, with nine seeds each: single runs differ a lot.

#[macro_use]
mod output;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::{Long, Short};
use serde::Deserialize;
use typenet::data::{Samples, Split, Standardizer};
use typenet::metrics::Auc;
use typenet::prelude::*;

model! {
    /// Fifteen columns of a passenger to the probability of survival.
    pub Titanic < Dense(15 => 20, relu), Dense(20 => 10, relu), Dense(10 => 1, sigmoid) >
}

/// A row of the files. Name, ticket and number say little about others.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Passenger {
    survived: u8,
    pclass: Class,
    sex: Sex,
    age: Option<f32>,
    sib_sp: f32,
    parch: f32,
    fare: f32,
    cabin: Option<String>,
    embarked: Option<Port>,
}

#[derive(Deserialize, Clone, Copy)]
enum Class {
    #[serde(rename = "1")]
    First,
    #[serde(rename = "2")]
    Second,
    #[serde(rename = "3")]
    Third,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Sex {
    Female,
    Male,
}

#[derive(Deserialize, Clone, Copy)]
enum Port {
    #[serde(rename = "C")]
    Cherbourg,
    #[serde(rename = "Q")]
    Queenstown,
    #[serde(rename = "S")]
    Southampton,
}

impl Passenger {
    /// A word becomes a one among zeros, a number stays, and a gap becomes zero with a column that says so.
    fn columns(&self) -> [f32; 15] {
        let [first, second, third] = one_hot(self.pclass as usize);
        let [female, male] = one_hot(self.sex as usize);
        let [cherbourg, queenstown, southampton, nowhere] =
            one_hot(self.embarked.map_or(3, |port| port as usize));
        let age = self.age.unwrap_or(0.0);
        let (no_age, no_cabin) = (self.age.is_none().into(), self.cabin.is_none().into());
        #[rustfmt::skip]
        let columns = [
            first, second, third, female, male, age, no_age, self.sib_sp, self.parch, self.fare, no_cabin,
            cherbourg, queenstown, southampton, nowhere,
        ];
        columns
    }
}

fn one_hot<const N: usize>(class: usize) -> [f32; N] {
    std::array::from_fn(|i| (i == class).into())
}

/// The passengers of a file.
pub fn read(path: &Path) -> Result<Samples<15>, Box<dyn Error>> {
    let at = |error| format!("{}: {error}", path.display());
    let mut samples = Samples::default();
    for row in csv::Reader::from_path(path).map_err(at)?.deserialize() {
        let passenger: Passenger = row.map_err(at)?;
        samples.inputs.push(passenger.columns());
        samples.labels.push(passenger.survived);
    }
    Ok(samples)
}

/// Both files of a folder.
pub fn load(folder: &Path) -> Result<Split<15>, Box<dyn Error>> {
    Ok(Split { train: read(&folder.join("train.csv"))?, test: read(&folder.join("test.csv"))? })
}

/// The area under the ROC curve of the test's passengers: how often one who survived is put before one who did not.
pub fn test_auc(data: &Split<15>, seed: u64) -> Result<f64, Box<dyn Error>> {
    let mut trainer = Titanic::new(seed).compile(Adam::default(), BinaryCrossEntropy, (Auc::new(),));
    trainer
        .fit(&data.train.inputs, &data.train.labels)
        .epochs(30)
        .batch_size(64)
        .validation_split(0.2)
        .seed(seed)
        .progress(false)
        .run()?;
    let scores = trainer.evaluate(&data.test.inputs, &data.test.labels)?;
    Ok(scores.get("auc").expect("compiled with it"))
}

/// Every column with mean 0 and deviation 1 among those to train on.
pub fn standardized(data: &Split<15>) -> Split<15> {
    let mut data = data.clone();
    let standardizer = Standardizer::fit(&data.train.inputs);
    standardizer.apply(&mut data.train.inputs);
    standardizer.apply(&mut data.test.inputs);
    data
}

/// The middle one of an odd number of values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const HELP: &str = "\
Predicts who survived the Titanic.

Usage: titanic --data DIR

Options:
      --data DIR  Folder with train.csv and test.csv
  -h, --help      This text";

/// The folder that the command line names; none where it asks for help.
fn folder() -> Result<Option<PathBuf>, Box<dyn Error>> {
    let (mut data, mut arguments) = (None, lexopt::Parser::from_env());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("data") => data = Some(arguments.value()?.into()),
            Short('h') | Long("help") => return Ok(None),
            argument => return Err(format!("{}; see `--help`", argument.unexpected()).into()),
        }
    }
    data.map(Some).ok_or_else(|| "`--data DIR` is missing, the folder with train.csv and test.csv".into())
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder()? else {
        show!("{HELP}");
        return Ok(());
    };
    let raw = load(&folder)?;
    let scaled = standardized(&raw);
    show!("{}", Titanic::summary());
    show!("{} passengers to train on, {} to test with", raw.train.len(), raw.test.len());
    show!("\n          test AUC\nseed     raw  standardised");
    let (mut of_raw, mut of_scaled) = (Vec::new(), Vec::new());
    for seed in 1..=9 {
        of_raw.push(test_auc(&raw, seed)?);
        of_scaled.push(test_auc(&scaled, seed)?);
        show!("{seed:>4}  {:.4}  {:.4}", of_raw.last().unwrap(), of_scaled.last().unwrap());
    }
    let (of_raw, of_scaled) = (median(of_raw), median(of_scaled));
    show!("median {of_raw:.4}  {of_scaled:.4}");
    show!("standardising adds {:.4}", of_scaled - of_raw);
    Ok(())
}

fn main() -> ExitCode {
    output::exit_code(run())
}
