//! Handwritten digits of 8×8 grey pixels, which come with the library.

use super::bundled::rows;

const PIXELS: usize = 64;
/// The largest grey value of the file.
const WHITE: f32 = 16.0;
/// Every fifth row is for testing: a writer's digits follow one another, so both sets see every writer.
const TEST_EVERY: usize = 5;

/// Optical recognition of handwritten digits: 1,797 images of 8×8 pixels, grey values in `[0, 1]`, row by row.
///
/// 1,438 images are to train on; every fifth, 359 in all, is to test with.
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
        let text = include_str!("../../datasets/digits.csv");
        let mut digits = Self {
            train_images: Vec::new(),
            train_labels: Vec::new(),
            test_images: Vec::new(),
            test_labels: Vec::new(),
        };
        for (row, (features, label)) in rows::<PIXELS>(text, 0).enumerate() {
            let (images, labels) = if row % TEST_EVERY == TEST_EVERY - 1 {
                (&mut digits.test_images, &mut digits.test_labels)
            } else {
                (&mut digits.train_images, &mut digits.train_labels)
            };
            images.push(features.map(|grey| grey / WHITE));
            labels.push(label);
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_complete_and_scaled() {
        let digits = Digits::load();
        assert_eq!((digits.train_images.len(), digits.test_images.len()), (1438, 359));
        assert_eq!((digits.train_labels.len(), digits.test_labels.len()), (1438, 359));
        let values = || digits.train_images.iter().chain(&digits.test_images).flatten();
        assert!(values().all(|grey| (0.0..=1.0).contains(grey)));
        assert_eq!(digits.train_labels[..4], [0, 1, 2, 3]);
        assert_eq!(digits.test_labels[0], 4);
        assert_eq!(digits.train_images[0][2], 5.0 / 16.0);
        for digit in 0..10 {
            assert!(digits.test_labels.iter().filter(|&&label| label == digit).count() >= 30, "digit {digit}");
        }
    }
}
