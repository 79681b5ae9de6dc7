//! Writes each epoch's record as a row of delimited text.

use std::path::PathBuf;

use super::log::Log;
use super::{Callback, Context, setting};
use crate::model::{EpochRecord, Error};

/// Writes a row for each epoch: `epoch`, every score, `learning_rate`, `seconds`. The first row has the names.
///
/// Numbers have as many digits as give them back exactly; a score that an epoch lacks is `NA`. Each row is handed
/// to the system at once. A resumed run writes the rows of the epochs before it anew, so that the file is that of a run
/// without interruption. A missing folder is created. An earlier file stays as it is until the first epoch has ended.
///
/// # Defaults
/// Separated by commas, an earlier file is replaced (`keras.callbacks.CSVLogger`, 3.15, which counts epochs from 0).
///
/// # Errors
/// Before the first step: [`Error::CallbackSetting`] for a separator that is no ASCII character, [`Error::LogContent`] if rows should
/// be added to a file of other columns (after the first epoch where the scores are not known before, in a loop written by hand).
/// [`Error::Log`].
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
#[derive(Debug)]
pub struct CsvLogger {
    path: PathBuf,
    separator: char,
    append: bool,
    log: Option<Log>,
    /// Names of the scores, once they are known.
    columns: Vec<String>,
    /// Epochs of a resumed run that are to be written before the first.
    before: Vec<EpochRecord>,
}

const NAME: &str = "CsvLogger";

impl CsvLogger {
    /// Writes to this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            separator: ',',
            append: false,
            log: None,
            columns: Vec::new(),
            before: Vec::new(),
        }
    }

    /// What stands between values.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Whether rows go behind those of an earlier file; then a resumed run adds the epochs after its checkpoint alone.
    ///
    /// The file must have the same columns. If a killed program or a full disk has left its last row without an end, the row is
    /// completed where all columns are there, and cut where not.
    ///
    /// ```
    /// use typenet::model::Error;
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(1 => 1) > }
    ///
    /// let folder = tempfile::tempdir()?;
    /// let run = |content: &str| {
    ///     let path = folder.path().join("log.csv");
    ///     std::fs::write(&path, content)?;
    ///     let mut log = CsvLogger::new(&path).append(true);
    ///     let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    ///     trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).callback(&mut log).progress(false).run()?;
    ///     Ok::<String, Box<dyn std::error::Error>>(std::fs::read_to_string(path)?)
    /// };
    /// let log = run("epoch,loss,learning_rate,seconds\n1,10,0.125,0.5\n2,0.28")?;
    /// assert!(log.starts_with("epoch,loss,learning_rate,seconds\n1,10,0.125,0.5\n1,10,0.125,"), "{log}");
    /// let error = run("epoch,accuracy\n").unwrap_err().to_string();
    /// assert!(error.contains("`epoch,accuracy`") && error.contains("`epoch,loss,learning_rate,seconds`"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    /// The fields as a line.
    fn row(&self, fields: &[String]) -> Vec<u8> {
        let mut line = csv::WriterBuilder::new().delimiter(self.separator as u8).from_writer(Vec::new());
        line.write_record(fields).expect("a vector takes every row");
        line.into_inner().expect("a vector takes every row")
    }

    /// The fields of the first line.
    fn fields(&self, line: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.has_headers(false).delimiter(self.separator as u8).from_reader(line);
        let first = reader.byte_records().next().and_then(Result::ok).unwrap_or_default();
        first.iter().map(<[u8]>::to_vec).collect()
    }

    fn header(&self) -> Vec<String> {
        let scores = self.columns.iter().map(String::as_str);
        ["epoch"].into_iter().chain(scores).chain(["learning_rate", "seconds"]).map(String::from).collect()
    }

    fn is_header(&self, line: &[u8]) -> bool {
        self.fields(line).iter().map(Vec::as_slice).eq(self.header().iter().map(String::as_bytes))
    }

    /// Whether rows of the columns fit behind what is there.
    fn check(&self, log: &Log) -> Result<(), Error> {
        let earlier = log.earlier()?;
        let header = self.row(&self.header());
        // A beginning of the header is a torn one.
        if header.starts_with(&earlier) || self.is_header(&earlier) {
            return Ok(());
        }
        Err(log.refuse(&earlier, format!("`{}`", String::from_utf8_lossy(&header).trim_end())))
    }

    fn write(&self, log: &mut Log, record: &EpochRecord) -> Result<(), Error> {
        let mut row = vec![record.epoch.to_string()];
        row.extend(self.columns.iter().map(|name| record.get(name).map_or("NA".into(), |v| v.to_string())));
        row.extend([record.learning_rate.to_string(), record.seconds.to_string()]);
        log.write(&self.row(&row))
    }

    /// Before the first row: the header, if there is none, and the epochs before a resumed run.
    fn begin(&mut self, log: &mut Log) -> Result<(), Error> {
        let columns = self.header().len();
        let is_whole = |line: &[u8], is_first: bool| {
            if is_first { self.is_header(line) } else { self.fields(line).len() == columns }
        };
        let Some(is_empty) = log.begin(is_whole)? else { return Ok(()) };
        // The scores of a run without a record are not always known.
        if is_empty && !self.columns.is_empty() {
            log.write(&self.row(&self.header()))?;
        }
        core::mem::take(&mut self.before).iter().try_for_each(|record| self.write(log, record))
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
        let log = Log::open(&self.path, self.append)?;
        self.columns = context.score_names().unwrap_or_default().to_vec();
        self.before = if self.append { Vec::new() } else { context.history().epochs.clone() };
        if !self.columns.is_empty() {
            self.check(&log)?;
        }
        self.log = Some(log);
        Ok(())
    }

    fn on_epoch_end(&mut self, _: &mut Context<'_>, record: &EpochRecord) -> Result<(), Error> {
        let Some(mut log) = self.log.take() else { return Ok(()) };
        if self.columns.is_empty() {
            let first = self.before.first().unwrap_or(record);
            self.columns = first.scores().map(|(name, _)| name.into_owned()).collect();
            self.check(&log)?;
        }
        self.begin(&mut log)?;
        self.write(&mut log, record)?;
        self.log = Some(log);
        Ok(())
    }

    fn on_train_end(&mut self, _: &mut Context<'_>) -> Result<(), Error> {
        self.log.take().map_or(Ok(()), |mut log| if self.append { Ok(()) } else { self.begin(&mut log) })
    }
}
