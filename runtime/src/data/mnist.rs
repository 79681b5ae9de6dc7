//! MNIST: 28×28 grey images of handwritten digits, from a folder with its four standard files.
//!
//! Also reads its relatives in the same files, such as Fashion-MNIST. LeCun, Cortes, Burges, "The MNIST database of handwritten
//! digits", 1998.

use std::path::{Path, PathBuf};

use super::idx::{self, DataError};
use super::{Samples, Split};

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// Values of a sample: 28 × 28 pixels, row by row.
///
/// ```
/// use typenet_runtime::data::mnist::{CLASSES, PIXELS, SIDE};
///
/// let image = [0.0f32; PIXELS];
/// assert_eq!(image.chunks(SIDE).count(), SIDE);
/// let one_hot: [f32; CLASSES] = std::array::from_fn(|digit| f32::from(digit == 7));
/// assert_eq!(one_hot[7], 1.0);
/// ```
pub const PIXELS: usize = SIDE * SIDE;

/// Number of classes; a label is the digit itself.
pub const CLASSES: usize = 10;

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each plain
/// or with `.gz` at its name's end, from a folder. Pixels are scaled to 0 (paper) to 1 (ink).
///
/// ```
/// use typenet_runtime::data::{DataError, mnist};
///
/// let error = mnist::load("no/such/folder").unwrap_err();
/// assert!(matches!(error, DataError::Missing { tried } if tried[0].ends_with("train-images-idx3-ubyte")));
/// ```
///
/// # Errors
/// [`DataError`]: a file is missing, damaged or of another kind; images have another size; counts disagree; a label is 10 or
/// more.
pub fn load(folder: impl AsRef<Path>) -> Result<Split<PIXELS>, DataError> {
    let folder = folder.as_ref();
    Ok(Split { train: samples(folder, "train")?, test: samples(folder, "t10k")? })
}

fn samples(folder: &Path, part: &str) -> Result<Samples<PIXELS>, DataError> {
    let images_path = find(folder, &format!("{part}-images-idx3-ubyte"))?;
    let labels_path = find(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let images = idx::read_images(&images_path)?;
    let found = [images.height, images.width];
    if found != [SIDE, SIDE] {
        return Err(DataError::ImageSize { path: images_path, expected: [SIDE, SIDE], found });
    }
    let labels = idx::read_labels(&labels_path)?;
    if images.count != labels.len() {
        let (images, labels) = (images.count, labels.len());
        return Err(DataError::Count { images_path, images, labels_path, labels });
    }
    if let Some(index) = labels.iter().position(|&label| usize::from(label) >= CLASSES) {
        let found = labels[index];
        return Err(DataError::Label { path: labels_path, index, classes: CLASSES, found });
    }
    let scaled = |image: &[u8; PIXELS]| image.map(|pixel| f32::from(pixel) / 255.0);
    Ok(Samples { inputs: images.pixels.as_chunks().0.iter().map(scaled).collect(), labels })
}

fn find(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let tried = [folder.join(name), folder.join(format!("{name}.gz"))];
    match tried.iter().find(|path| path.exists()) {
        Some(path) => Ok(path.clone()),
        None => Err(DataError::Missing { tried }),
    }
}
