//! Names of files with the number of the epoch or of the step in them.

use std::path::{Path, PathBuf};

use super::Context;
use crate::model::Error;

/// A path with places for numbers: `{epoch}`, `{step}`, with leading zeros `{epoch:03}`.
#[derive(Debug, Clone)]
pub(super) struct Template {
    path: PathBuf,
}

impl Template {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path for an epoch and a step.
    fn fill(&self, epoch: usize, step: u64) -> Result<PathBuf, Error> {
        // What is no text has no places.
        let Some(text) = self.path.to_str() else { return Ok(self.path.clone()) };
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, place)) = rest.split_once('{') {
            let wrong = || Error::Template { path: self.path.clone() };
            let (place, after) = place.split_once('}').ok_or_else(wrong)?;
            let (name, width) = place.split_once(':').unwrap_or((place, "0"));
            let value = match name {
                "epoch" => epoch as u64,
                "step" => step,
                _ => return Err(wrong()),
            };
            let width: usize = width.parse().ok().filter(|&width| width <= 20).ok_or_else(wrong)?;
            filled.push_str(&format!("{before}{value:0width$}"));
            rest = after;
        }
        Ok(PathBuf::from(filled + rest))
    }

    /// Whether every place has a number.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.fill(0, 0).map(|_| ())
    }

    /// The path of this moment.
    pub(super) fn now(&self, context: &Context<'_>) -> Result<PathBuf, Error> {
        self.fill(context.epoch(), context.step())
    }

    /// The path as it was given.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled() {
        let fill = |path: &str| Template::new(path).fill(7, 1234).map_err(|error| error.to_string());
        assert_eq!(fill("run.safetensors"), Ok("run.safetensors".into()));
        assert_eq!(fill("a/{epoch}-{step:06}.st"), Ok("a/7-001234.st".into()));
        assert_eq!(fill("{epoch:03}"), Ok("007".into()));
        for wrong in ["{epoche}", "{epoch", "{}", "{epoch:x}", "{epoch:99}"] {
            let error = fill(wrong).expect_err("an unknown place");
            assert!(error.contains(wrong) && error.contains("{epoch}"), "{error}");
        }
    }
}
