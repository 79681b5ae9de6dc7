//! Text files to which a row is added after each epoch.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::model::Error;

/// A log's file. It is opened before the first step, so that a run does not begin whose log cannot be written, and changed when its
/// first row is there, so that a run that is refused leaves it as it was.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    append: bool,
    has_begun: bool,
}

impl Log {
    /// The file at `path`, whose rows stay if it is to `append`. A missing folder is created.
    pub(super) fn open(path: &Path, append: bool) -> Result<Self, Error> {
        let open = || {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                fs::create_dir_all(folder)?;
            }
            OpenOptions::new().create(true).write(true).append(append).truncate(false).open(path)
        };
        let file = open().map_err(|error| Error::log(path, error))?;
        Ok(Self { path: path.to_owned(), file, append, has_begun: false })
    }

    /// What is there to be added to: nothing in a file that will be replaced, nor in a pipe or a terminal.
    pub(super) fn earlier(&self) -> Result<Vec<u8>, Error> {
        if !self.append || self.has_begun || !self.is_file() {
            return Ok(Vec::new());
        }
        fs::read(&self.path).map_err(|error| self.error(error))
    }

    /// Before the first row: empties a file that is replaced, and gives the last row of another its end, if a killed program or a
    /// full disk has left it without. One that is not whole, as `is_whole` says of it and of whether it is the first, is cut.
    /// Returns whether the file is empty then; `None` if the first row has been.
    pub(super) fn begin(
        &mut self,
        is_whole: impl FnOnce(&[u8], bool) -> bool,
    ) -> Result<Option<bool>, Error> {
        if self.has_begun {
            return Ok(None);
        }
        // Read again: other programs may have added to it.
        let earlier = self.earlier()?;
        self.has_begun = true;
        let begin = || -> io::Result<bool> {
            if !self.append {
                return self.is_file().then(|| self.file.set_len(0)).transpose().map(|_| true);
            }
            let end = earlier.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            let last = &earlier[end..];
            if last.is_empty() {
                return Ok(earlier.is_empty());
            }
            if is_whole(last, end == 0) {
                (&self.file).write_all(b"\n")?;
                return Ok(false);
            }
            OpenOptions::new().write(true).open(&self.path)?.set_len(end as u64)?;
            Ok(end == 0)
        };
        begin().map(Some).map_err(|error| self.error(error))
    }

    /// Adds a row, which is handed to the system at once.
    pub(super) fn write(&mut self, row: &[u8]) -> Result<(), Error> {
        self.file.write_all(row).map_err(|error| self.error(error))
    }

    /// That the first of the `earlier` lines is not as `expected`.
    pub(super) fn refuse(&self, earlier: &[u8], expected: String) -> Error {
        const MOST_CHARACTERS: usize = 200;
        let first = earlier.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let text: String = String::from_utf8_lossy(first).trim_end().chars().take(MOST_CHARACTERS).collect();
        Error::LogContent { path: self.path.clone(), found: format!("`{text}`"), expected }
    }

    fn is_file(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.is_file())
    }

    fn error(&self, error: io::Error) -> Error {
        Error::log(&self.path, error)
    }
}
