//! Writes each epoch's record as a row of delimited text.

use core::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::{Callback, Context, open_log, setting};
use crate::model::{EpochRecord, Error};

/// Writes a row for each epoch: `epoch`, every score, `learning_rate`, `seconds`. The first row has the names.
///
/// Numbers have as many digits as give them back exactly; a score that an epoch lacks is `NA`. Each row is handed
/// to the system at once. A resumed run writes the rows of the epochs before it anew, so that the file is that of a run
/// without interruption.
///
/// # Defaults
/// Separated by commas, an earlier file is replaced (`keras.callbacks.CSVLogger`, 3.15, which counts epochs from 0).
///
/// # Errors
/// [`Error::Log`]; [`Error::CallbackSetting`] for a separator that is no ASCII character.
///
/// # Example
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("training.csv");
/// let mut log = CsvLogger::new(&path).separator(';').append(true);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(2).callback(&mut log).progress(false).run()?;
/// let text = std::fs::read_to_string(&path)?;
/// let rows: Vec<&str> = text.lines().collect();
/// assert_eq!(rows[0], "epoch;loss;learning_rate;seconds");
/// assert!(rows[1].starts_with("1;10;0.125;") && rows[2].starts_with("2;0.28125;0.125;"), "{text}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "CSVLogger")]
pub struct CsvLogger {
    path: PathBuf,
    separator: char,
    append: bool,
    writer: Option<csv::Writer<File>>,
    /// Names of the scores, once they are known.
    columns: Vec<String>,
    needs_header: bool,
}

impl fmt::Debug for CsvLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvLogger").field("path", &self.path).finish_non_exhaustive()
    }
}

const NAME: &str = "CsvLogger";

impl CsvLogger {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            separator: ',',
            append: false,
            writer: None,
            columns: Vec::new(),
            needs_header: true,
        }
    }

    /// What stands between values.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Whether rows go behind those of an earlier file; then a resumed run adds the epochs after its checkpoint alone.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    fn write(&mut self, record: &EpochRecord) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if self.columns.is_empty() {
            self.columns = record.scores().map(|(name, _)| name.into_owned()).collect();
        }
        if core::mem::take(&mut self.needs_header) {
            let scores = self.columns.iter().map(String::as_str);
            writer.write_record(["epoch"].into_iter().chain(scores).chain(["learning_rate", "seconds"]))?;
        }
        let mut row = vec![record.epoch.to_string()];
        row.extend(self.columns.iter().map(|name| record.get(name).map_or("NA".into(), |v| v.to_string())));
        row.extend([record.learning_rate.to_string(), record.seconds.to_string()]);
        writer.write_record(&row)?;
        writer.flush()
    }
}

impl Callback for CsvLogger {
    fn name(&self) -> &'static str {
        NAME
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let code = u32::from(self.separator);
        setting(
            NAME,
            "separator",
            f64::from(code),
            self.separator.is_ascii(),
            "the code of an ASCII character",
        )?;
        let file = open_log(&self.path, self.append)?;
        self.needs_header = file.metadata().map_or(true, |metadata| metadata.len() == 0);
        self.columns = context.score_names().unwrap_or_default().to_vec();
        self.writer = Some(csv::WriterBuilder::new().delimiter(code as u8).from_writer(file));
        if !self.append {
            for record in &context.history().epochs {
                self.write(record).map_err(|error| Error::log(&self.path, error))?;
            }
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, _: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        self.write(record).map_err(|error| Error::log(&self.path, error))
    }

    fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        self.writer = None;
        Ok(())
    }
}
