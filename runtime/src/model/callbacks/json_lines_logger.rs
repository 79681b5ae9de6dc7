//! Writes each epoch's record as a line of JSON.

use std::path::PathBuf;

use super::log::Log;
use super::{Callback, Context};
use crate::model::{EpochRecord, Error};

/// Writes a line for each epoch: an object with `epoch`, every score by its name, `learning_rate` and `seconds`.
///
/// Numbers have as many digits as give them back exactly; NaN and infinities, which JSON lacks, are `null`. Each line is
/// handed to the system at once. A resumed run writes the lines of the epochs before it anew. A missing folder is created. An
/// earlier file stays as it is until the first epoch has ended.
///
/// # Defaults
/// An earlier file is replaced, as [`CsvLogger`](super::CsvLogger) does.
///
/// # Errors
/// [`Error::LogContent`] before the first step if lines should be added to a file of something else; [`Error::Log`].
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
    log: Option<Log>,
    /// Epochs of a resumed run that are to be written before the first.
    before: Vec<EpochRecord>,
}

impl JsonLinesLogger {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), append: false, log: None, before: Vec::new() }
    }

    /// Whether lines go behind those of an earlier file; then a resumed run adds the epochs after its checkpoint alone.
    ///
    /// If a killed program or a full disk has left the last line without an end, it is completed where the object is whole, and cut
    /// where not.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    fn write(log: &mut Log, record: &EpochRecord) -> Result<(), Error> {
        let mut line = format!("{{\"epoch\":{}", record.epoch);
        let rest = [("learning_rate".into(), record.learning_rate), ("seconds".into(), record.seconds)];
        for (name, value) in record.scores().chain(rest) {
            line.push_str(&format!(",{}:{}", serde_json::json!(name), serde_json::json!(value)));
        }
        line.push_str("}\n");
        log.write(line.as_bytes())
    }

    /// Before the first line: the epochs before a resumed run.
    fn begin(&mut self, log: &mut Log) -> Result<(), Error> {
        log.begin(|line, _| is_object(line))?;
        core::mem::take(&mut self.before).iter().try_for_each(|record| Self::write(log, record))
    }
}

fn is_object(line: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}

impl Callback for JsonLinesLogger {
    fn name(&self) -> &'static str {
        "JsonLinesLogger"
    }

    fn on_train_begin(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        let log = Log::open(&self.path, self.append)?;
        let earlier = log.earlier()?;
        let mut lines = earlier.splitn(2, |&byte| byte == b'\n');
        let (first, others) = (lines.next().unwrap_or_default(), lines.next());
        // One without an end may be torn.
        let is_ours =
            is_object(first) || others.is_none() && b"{\"epoch\":".starts_with(&first[..first.len().min(9)]);
        if !is_ours {
            return Err(log.refuse(&earlier, "an object as JSON".into()));
        }
        self.before = if self.append { Vec::new() } else { context.history().epochs.clone() };
        self.log = Some(log);
        Ok(())
    }

    fn on_epoch_end(&mut self, _: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        let Some(mut log) = self.log.take() else { return Ok(()) };
        self.begin(&mut log)?;
        Self::write(&mut log, record)?;
        self.log = Some(log);
        Ok(())
    }

    fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        self.log.take().map_or(Ok(()), |mut log| if self.append { Ok(()) } else { self.begin(&mut log) })
    }
}
