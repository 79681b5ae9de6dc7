//! What can be wrong with a file of data.

use std::io;
use std::path::PathBuf;

/// Why data could not be read. Every variant names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be opened or read, or its compressed content is damaged.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder lacks a file.
    #[error("{}: expected `{name}` or `{name}.gz`, found neither", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file's name.
        name: &'static str,
    },
    /// The file is of another kind.
    #[error("{}: expected the magic number {expected:#010x}, found {found:#010x}", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// What such a file begins with.
        expected: u32,
        /// What this one begins with.
        found: u32,
    },
    /// The file is shorter or longer than its header says.
    #[error("{}: its header announces {expected} bytes of data, found {found}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces, such as `7840000`.
        expected: u64,
        /// Bytes that are there, such as `7839999` or `more`.
        found: String,
    },
    /// The file announces more than this reader takes.
    #[error("{}: its header announces {expected} bytes of data, more than the {limit} that are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that the header announces.
        expected: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Images of another size.
    #[error("{}: expected images of {} × {} pixels, found {} × {}", path.display(), expected.0, expected.1, found.0, found.1)]
    Size {
        /// The file.
        path: PathBuf,
        /// Rows and columns expected.
        expected: (usize, usize),
        /// Rows and columns found.
        found: (usize, usize),
    },
    /// Images and labels that do not belong together.
    #[error("{}: {images} images, but {} has {labels} labels", images_path.display(), labels_path.display())]
    Counts {
        /// The file of images.
        images_path: PathBuf,
        /// Number of images.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Number of labels.
        labels: usize,
    },
    /// A label outside the classes.
    #[error("{}: label {index} is {found}, expected less than {classes}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// Index of the label, from 0.
        index: usize,
        /// The label.
        found: u8,
        /// Number of classes.
        classes: u8,
    },
}
