//! Handwritten digits of 8×8 grey pixels, which come with the library.

use super::bundled::rows;
use crate::kernels::Rng;

const PIXELS: usize = 64;
/// The largest grey value of the file.
const WHITE: f32 = 16.0;
/// Images to test with: a fifth, drawn once and for all, because a writer's digits follow one another in the file.
const TEST: usize = 360;
const SPLIT_SEED: u64 = 0;

/// Optical recognition of handwritten digits: 1,797 images of 8×8 pixels, grey values in `[0, 1]`, row by row.
///
/// 1,437 images are to train on; 360, drawn at random but always the same, are to test with.
///
/// # Source
/// E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, CC BY 4.0; the copy that scikit-learn bundles.
#[derive(Debug, Clone)]
pub struct Digits {
    /// Images to train on.
    pub train_images: Vec<[f32; PIXELS]>,
    /// The digit on each.
    pub train_labels: Vec<u8>,
    /// Images to test with.
    pub test_images: Vec<[f32; PIXELS]>,
    /// The digit on each.
    pub test_labels: Vec<u8>,
}

impl Digits {
    /// The data.
    pub fn load() -> Self {
        let mut rows: Vec<_> = rows::<PIXELS>(include_str!("../../datasets/digits.csv"), 0).collect();
        Rng::seed(SPLIT_SEED).shuffle(&mut rows);
        let test = rows.split_off(rows.len() - TEST);
        let scaled = |rows: Vec<([f32; PIXELS], u8)>| -> (Vec<_>, Vec<_>) {
            rows.into_iter().map(|(image, label)| (image.map(|grey| grey / WHITE), label)).unzip()
        };
        let (train_images, train_labels) = scaled(rows);
        let (test_images, test_labels) = scaled(test);
        Self { train_images, train_labels, test_images, test_labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_complete_and_scaled() {
        let digits = Digits::load();
        assert_eq!((digits.train_images.len(), digits.test_images.len()), (1437, 360));
        assert_eq!((digits.train_labels.len(), digits.test_labels.len()), (1437, 360));
        let values = || digits.train_images.iter().chain(&digits.test_images).flatten();
        assert!(values().all(|grey| (0.0..=1.0).contains(grey)));
        assert!(values().any(|&grey| grey == 1.0));
        for digit in 0..10 {
            assert!(
                digits.test_labels.iter().filter(|&&label| label == digit).count() >= 20,
                "digit {digit}"
            );
        }
    }
}
