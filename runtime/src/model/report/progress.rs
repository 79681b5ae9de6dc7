//! Progress of a run: a bar in a terminal, a line for each epoch everywhere. What cannot be shown does not end the run.

use core::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::EpochRecord;

/// Where a run reports to.
#[derive(Debug)]
pub(in crate::model) struct Progress {
    epochs: usize,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Reports of a run up to epoch `epochs`; none if not `shown`.
    pub(in crate::model) fn new(epochs: usize, shown: bool) -> Self {
        // A bar draws itself in a terminal only, on standard error, at most ten times a second.
        let bar = shown.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)));
        if let Some(bar) = &bar {
            let style = "{prefix} {wide_bar:.cyan/black} {pos}/{len} {eta} left  {msg}";
            bar.set_style(ProgressStyle::with_template(style).expect("a constant template"));
        }
        Self { epochs, bar }
    }

    /// Epoch number `epoch` begins with `samples` samples.
    pub(in crate::model) fn begin(&self, epoch: usize, samples: usize) {
        if let Some(bar) = &self.bar {
            bar.reset();
            bar.set_length(samples as u64);
            bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
        }
    }

    /// Whether somebody watches, so that texts are worth making.
    pub(in crate::model) fn is_watched(&self) -> bool {
        self.bar.as_ref().is_some_and(|bar| !bar.is_hidden())
    }

    /// `samples` more are done.
    pub(in crate::model) fn advance(&self, samples: usize) {
        if let Some(bar) = &self.bar
            && !bar.is_hidden()
        {
            bar.inc(samples as u64);
        }
    }

    /// What stands behind the bar.
    pub(in crate::model) fn message(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text);
        }
    }

    /// The epoch is over: its line goes to standard output.
    pub(in crate::model) fn end(&self, record: &EpochRecord) {
        if let Some(bar) = &self.bar {
            let line = format!("epoch {}/{}  {record}", record.epoch, self.epochs);
            bar.suspend(|| show(line));
        }
    }

    /// What callbacks have warned of goes to standard output.
    pub(in crate::model) fn warn(&self, warnings: &[String]) {
        if let Some(bar) = &self.bar {
            bar.suspend(|| warnings.iter().for_each(|warning| show(format_args!("warning: {warning}"))));
        }
    }

    /// Takes the bar away.
    pub(in crate::model) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Shows a line on standard output if it can be shown. A full disk or a pipe that nobody reads any more costs the line alone:
/// `println!` would panic, and the run be lost.
pub(in crate::model) fn show(line: impl Display) {
    let _ = io::stdout().write_all(format!("{line}\n").as_bytes());
}

/// How often the text behind the bar changes.
pub(in crate::model) const MESSAGE_INTERVAL: Duration = Duration::from_millis(200);
