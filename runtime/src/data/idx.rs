//! The IDX format of MNIST and its relatives, plain or compressed by gzip.
//!
//! ```text
//! 0, 0, 8 (unsigned bytes), number of sizes │ sizes: u32 big-endian each │ one byte per value, row-major
//! ```
//!
//! Compression is told by content, not by name. No memory is allocated on a header's word: it grows with the bytes that are
//! there, up to [`MAX_VALUES`].

use crate::brief::brief_debug;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The most values that a file may hold: twenty times MNIST. A small compressed file can claim any number of them.
///
/// ```
/// use typenet_runtime::data::idx::{DataError, MAX_VALUES, read_labels};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("labels");
/// let claimed = u32::try_from(MAX_VALUES + 1)?;
/// std::fs::write(&path, [[0, 0, 8, 1], claimed.to_be_bytes()].concat())?;
/// assert!(matches!(read_labels(&path), Err(DataError::TooLarge { sizes, .. }) if sizes == [claimed]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const MAX_VALUES: u64 = 1 << 30;

/// Why data was not read.
///
/// ```
/// use typenet_runtime::data::idx::read_labels;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("labels");
/// std::fs::write(&path, [0u8, 0, 8, 1, 0, 0, 0, 3, 7, 2])?;
/// let error = read_labels(&path).unwrap_err();
/// assert!(error.to_string().ends_with(": should have 11 bytes, but ends after 10"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read or decompressed.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's or the decompressor's error.
        source: io::Error,
    },
    /// A file is there under neither of its names.
    #[error("neither {} nor {} is there", tried[0].display(), tried[1].display())]
    Missing {
        /// Where it was looked for.
        tried: [PathBuf; 2],
    },
    /// The file does not begin as an IDX file of its kind.
    #[error("{}: begins with 0x{found:08x}, but should begin with 0x{expected:08x}", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// The first four bytes of a file of the kind.
        expected: u32,
        /// The first four bytes of this one.
        found: u32,
    },
    /// The file ends too early.
    #[error("{}: should have {expected} bytes, but ends after {found}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes by its header, after decompression.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The file goes on after its end.
    #[error("{}: should have {expected} bytes, but has more", path.display())]
    Surplus {
        /// The file.
        path: PathBuf,
        /// Bytes by its header, after decompression.
        expected: u64,
    },
    /// The file claims more values than [`MAX_VALUES`].
    #[error("{}: should have at most {MAX_VALUES} values, but claims sizes {sizes:?}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The sizes in its header.
        sizes: Vec<u32>,
    },
    /// Images are of another size than the set's.
    #[error("{}: images should have {}×{} pixels, but have {}×{}", path.display(),
        expected[0], expected[1], found[0], found[1])]
    ImageSize {
        /// The file.
        path: PathBuf,
        /// Height and width of the set's images.
        expected: [usize; 2],
        /// Height and width in the file.
        found: [usize; 2],
    },
    /// There are not as many labels as images.
    #[error("{} has {images} images, but {} has {labels} labels", images_path.display(), labels_path.display())]
    Count {
        /// The file of images.
        images_path: PathBuf,
        /// Number of images.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Number of labels.
        labels: usize,
    },
    /// A label is no class.
    #[error("{}: label {index} should be below {classes}, but is {found}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// Index of the label.
        index: usize,
        /// Number of classes.
        classes: usize,
        /// The label.
        found: u8,
    },
}

/// Grey images of one size.
///
/// ```
/// use typenet_runtime::data::idx::Images;
///
/// let images = Images { count: 1, height: 2, width: 3, pixels: vec![10, 20, 30, 40, 50, 60] };
/// let (row, column) = (1, 2);
/// assert_eq!(images.pixels[row * images.width + column], 60);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    /// Number of images.
    pub count: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// `[count, height, width]`, each from 0 to 255.
    pub pixels: Vec<u8>,
}

brief_debug!(Images { count, height, width, [pixels] });

/// Reads a file of images: three sizes.
///
/// ```
/// use typenet_runtime::data::idx::read_images;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("images");
/// std::fs::write(&path, [0u8, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60])?;
/// let images = read_images(&path)?;
/// assert_eq!((images.count, images.height, images.width), (1, 2, 3));
/// assert_eq!(images.pixels, [10, 20, 30, 40, 50, 60]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`DataError`] `Io`, `Magic`, `Truncated`, `Surplus`, `TooLarge`.
pub fn read_images(path: impl AsRef<Path>) -> Result<Images, DataError> {
    let ([count, height, width], pixels) = read(path.as_ref())?;
    Ok(Images { count, height, width, pixels })
}

/// Reads a file of labels: one size.
///
/// ```
/// use typenet_runtime::data::idx::read_labels;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("labels");
/// std::fs::write(&path, [0u8, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])?;
/// assert_eq!(read_labels(&path)?, [7, 2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`read_images`].
pub fn read_labels(path: impl AsRef<Path>) -> Result<Vec<u8>, DataError> {
    let ([_], labels) = read(path.as_ref())?;
    Ok(labels)
}

/// Sizes and values of a file of unsigned bytes with `D` sizes.
fn read<const D: usize>(path: &Path) -> Result<([usize; D], Vec<u8>), DataError> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let failed = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    if file.fill_buf().map_err(failed)?.starts_with(&GZIP) {
        values(path, &mut flate2::bufread::MultiGzDecoder::new(file))
    } else {
        values(path, &mut file)
    }
}

fn values<const D: usize>(path: &Path, source: &mut dyn Read) -> Result<([usize; D], Vec<u8>), DataError> {
    let header_len = 4 + 4 * D as u64;
    let (header, _) = read_up_to(path, source, header_len)?;
    let numbers: Vec<u32> = header.as_chunks().0.iter().map(|&bytes| u32::from_be_bytes(bytes)).collect();
    let expected = 0x0800 + D as u32;
    if let Some(&found) = numbers.first()
        && found != expected
    {
        return Err(DataError::Magic { path: path.to_owned(), expected, found });
    }
    if header.len() as u64 != header_len {
        let found = header.len() as u64;
        return Err(DataError::Truncated { path: path.to_owned(), expected: header_len, found });
    }
    let sizes = &numbers[1..];
    let len = sizes.iter().try_fold(1u64, |len, &size| len.checked_mul(size.into()));
    let Some(len) = len.filter(|&len| len <= MAX_VALUES) else {
        return Err(DataError::TooLarge { path: path.to_owned(), sizes: sizes.to_vec() });
    };
    let (values, broken) = read_up_to(path, source, len + 1)?;
    let expected = header_len + len;
    if (values.len() as u64) < len {
        let found = header_len + values.len() as u64;
        return Err(DataError::Truncated { path: path.to_owned(), expected, found });
    }
    if let Some(source) = broken {
        return Err(DataError::Io { path: path.to_owned(), source });
    }
    if values.len() as u64 > len {
        return Err(DataError::Surplus { path: path.to_owned(), expected });
    }
    Ok((std::array::from_fn(|i| sizes[i] as usize), values))
}

/// At most `len` bytes, fewer only if the file ends; and the error of a compressed file that breaks off.
fn read_up_to(
    path: &Path,
    source: &mut dyn Read,
    len: u64,
) -> Result<(Vec<u8>, Option<io::Error>), DataError> {
    let mut bytes = Vec::new();
    match source.take(len).read_to_end(&mut bytes) {
        Ok(_) => Ok((bytes, None)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok((bytes, Some(error))),
        Err(source) => Err(DataError::Io { path: path.to_owned(), source }),
    }
}
