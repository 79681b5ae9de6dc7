//! Breast cancer, Wisconsin (diagnostic): features of cell nuclei, benign or malignant.
//!
//! 569 cases. W. Wolberg, O. Mangasarian, N. Street and W. Street, UCI Machine Learning Repository, CC BY 4.0.

use super::{Split, csv};

/// Values of a sample: mean, standard error and worst value of ten measurements, on very different scales.
pub const FEATURES: usize = 30;

/// Number of classes: 0 is malignant, 1 is benign.
pub const CLASSES: usize = 2;

/// The cases with their features as they were measured: 455 to train on, 114 to test with. Scale them with a
/// [`Standardizer`](super::Standardizer). Sorted by class, every fifth case is for the test.
///
/// The 120 KB of text that this reads are part of a program only if it calls this.
///
/// ```
/// use typenet_runtime::data::breast_cancer::{CLASSES, FEATURES, load};
///
/// let data = load();
/// assert_eq!((data.train.len(), data.test.len()), (455, 114));
/// let malignant = data.test.labels.iter().filter(|&&label| label == 0).count();
/// assert_eq!(malignant, 43);
/// let first: &[f32; FEATURES] = &data.train.inputs[0];
/// assert!(first.iter().all(|x| x.is_finite()) && usize::from(data.train.labels[0]) < CLASSES);
/// ```
pub fn load() -> Split<FEATURES> {
    let text = include_str!("../../datasets/breast_cancer.csv");
    let (_counts, rows) = text.split_once('\n').expect("the first line counts rows and features");
    csv::samples(rows, 1.0).fold(0, 5)
}
