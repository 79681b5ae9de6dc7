//! Writes each epoch's record as a line of JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use super::{Callback, Context, open_log};
use crate::model::{EpochRecord, Error};

/// Writes a line for each epoch: an object with `epoch`, every score by its name, `learning_rate` and `seconds`.
///
/// Numbers have as many digits as give them back exactly; NaN and infinities, which JSON lacks, are `null`. Each line is
/// handed to the system at once. A resumed run writes the lines of the epochs before it anew.
///
/// # Defaults
/// An earlier file is replaced, as [`CsvLogger`](super::CsvLogger) does.
///
/// # Errors
/// [`Error::Log`].
///
/// # Example
/// ```
/// use typenet::callbacks::JsonLinesLogger;
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("training.jsonl");
/// let mut log = JsonLinesLogger::new(&path).append(true);
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut log).progress(false).run()?;
/// let line = std::fs::read_to_string(&path)?;
/// assert!(line.starts_with(r#"{"epoch":1,"loss":10.0,"learning_rate":0.125,"#), "{line}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonLinesLogger {
    path: PathBuf,
    append: bool,
    file: Option<File>,
}

impl JsonLinesLogger {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), append: false, file: None }
    }

    /// Whether lines go behind those of an earlier file; then a resumed run adds the epochs after its checkpoint alone.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    fn write(&mut self, record: &EpochRecord) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut line = format!("{{\"epoch\":{}", record.epoch);
        let rest = [("learning_rate".into(), record.learning_rate), ("seconds".into(), record.seconds)];
        for (name, value) in record.scores().chain(rest) {
            line.push_str(&format!(",{}:{}", serde_json::json!(name), serde_json::json!(value)));
        }
        line.push_str("}\n");
        file.write_all(line.as_bytes())
    }
}

impl Callback for JsonLinesLogger {
    fn name(&self) -> &'static str {
        "JsonLinesLogger"
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        self.file = Some(open_log(&self.path, self.append)?);
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
        self.file = None;
        Ok(())
    }
}
