//! MNIST: handwritten digits of 28×28 grey pixels.

use std::path::{Path, PathBuf};

use super::{DataError, idx};

const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
const CLASSES: u8 = 10;

/// The MNIST database: grey values in `[0, 1]`, row by row, and digits.
///
/// # References
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998.
#[derive(Debug, Clone)]
pub struct Mnist {
    /// Images to train on; 60,000 in the original.
    pub train_images: Vec<[f32; PIXELS]>,
    /// The digit on each.
    pub train_labels: Vec<u8>,
    /// Images to test with; 10,000 in the original.
    pub test_images: Vec<[f32; PIXELS]>,
    /// The digit on each.
    pub test_labels: Vec<u8>,
}

impl Mnist {
    /// Reads the four files from a folder, each plain or with `.gz` at its name's end.
    ///
    /// # Errors
    /// [`DataError`] if a file is missing, is not an IDX file of its kind, is cut off, holds images of another size
    /// or labels above 9, or if images and labels differ in number.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let (train_images, train_labels) =
            read(folder, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")?;
        let (test_images, test_labels) = read(folder, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")?;
        Ok(Self { train_images, train_labels, test_images, test_labels })
    }
}

fn find(folder: &Path, name: &'static str) -> Result<PathBuf, DataError> {
    let candidates = [folder.join(name), folder.join(format!("{name}.gz"))];
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| DataError::Missing { folder: folder.to_path_buf(), name })
}

type Pairs = (Vec<[f32; PIXELS]>, Vec<u8>);

fn read(folder: &Path, images_name: &'static str, labels_name: &'static str) -> Result<Pairs, DataError> {
    let (images_path, labels_path) = (find(folder, images_name)?, find(folder, labels_name)?);
    let ([images, rows, columns], pixels) = idx::read::<3>(&images_path)?;
    if (rows, columns) != (SIDE, SIDE) {
        return Err(DataError::Size { path: images_path, expected: (SIDE, SIDE), found: (rows, columns) });
    }
    let ([count], labels) = idx::read::<1>(&labels_path)?;
    if images != count {
        return Err(DataError::Counts { images_path, images, labels_path, labels: count });
    }
    if let Some(index) = labels.iter().position(|&label| label >= CLASSES) {
        return Err(DataError::Label { path: labels_path, index, found: labels[index], classes: CLASSES });
    }
    let (images, _) = pixels.as_chunks::<PIXELS>();
    Ok((images.iter().map(|image| image.map(|grey| f32::from(grey) / 255.0)).collect(), labels))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn idx_file(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, 8, sizes.len() as u8];
        sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
        file.extend(bytes);
        file
    }

    /// A folder with two images to train on and one to test with.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, file: Vec<u8>| fs::write(folder.path().join(name), file).expect("written");
        write("train-images-idx3-ubyte", idx_file(&[2, 28, 28], &[255; 2 * 784]));
        write("train-labels-idx1-ubyte", idx_file(&[2], &[3, 9]));
        write("t10k-images-idx3-ubyte", idx_file(&[1, 28, 28], &[51; 784]));
        write("t10k-labels-idx1-ubyte", idx_file(&[1], &[0]));
        folder
    }

    #[test]
    fn four_files_are_read_and_scaled() {
        let data = Mnist::load(folder().path()).expect("four files");
        assert_eq!(data.train_images, [[1.0; 784]; 2]);
        assert_eq!(data.train_labels, [3, 9]);
        assert_eq!(data.test_images, [[0.2; 784]]);
        assert_eq!(data.test_labels, [0]);
    }

    #[test]
    fn missing_file_is_named_with_both_candidates() {
        let folder = folder();
        fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).expect("removed");
        let error = Mnist::load(folder.path()).expect_err("a file is missing").to_string();
        assert!(error.contains("t10k-labels-idx1-ubyte") && error.contains(".gz"), "{error}");
    }

    #[test]
    fn images_and_labels_that_disagree_are_an_error() {
        let folder = folder();
        let labels = idx_file(&[3], &[3, 9, 1]);
        fs::write(folder.path().join("train-labels-idx1-ubyte"), labels).expect("written");
        assert!(matches!(Mnist::load(folder.path()), Err(DataError::Counts { images: 2, labels: 3, .. })));
    }

    #[test]
    fn label_above_nine_is_an_error() {
        let folder = folder();
        fs::write(folder.path().join("train-labels-idx1-ubyte"), idx_file(&[2], &[3, 10])).expect("written");
        assert!(matches!(Mnist::load(folder.path()), Err(DataError::Label { index: 1, found: 10, .. })));
    }

    #[test]
    fn images_of_another_size_are_an_error() {
        let folder = folder();
        let images = idx_file(&[2, 28, 14], &[0; 2 * 28 * 14]);
        fs::write(folder.path().join("train-images-idx3-ubyte"), images).expect("written");
        assert!(matches!(Mnist::load(folder.path()), Err(DataError::Size { found: (28, 14), .. })));
    }
}
