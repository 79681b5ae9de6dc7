//! Handwritten digits, 8×8 pixels: the set that comes with the library.
//!
//! 1,797 images by thirteen people. E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
//! Learning Repository, CC BY 4.0.

use super::{Split, csv};

/// Values of a sample: 8 × 8 pixels, row by row.
pub const PIXELS: usize = 64;

/// Number of classes; a label is the digit itself.
pub const CLASSES: usize = 10;

/// The digits, each pixel from 0 (paper) to 1 (ink): the first 1,437 images to train on, the last 360 to test with.
///
/// The images stand in the order of the forms that people filled in, so the test asks about hands that the model has not
/// seen; a random fifth would hold images of every hand and flatter the model. Each digit makes up 9 to 10.5 % of the test.
///
/// The 265 KB of text that this reads are part of a program only if it calls this.
pub fn load() -> Split<PIXELS> {
    csv::samples(include_str!("../../datasets/digits.csv"), 1.0 / 16.0).split(1437)
}
