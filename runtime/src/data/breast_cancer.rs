//! Breast Cancer Wisconsin (Diagnostic), which comes with the library.

use super::bundled::rows;

const FEATURES: usize = 30;

/// Breast Cancer Wisconsin (Diagnostic): 30 features of the cell nuclei in each of 569 images, not scaled, and whether
/// the tumour is benign.
///
/// # Source
/// W. Wolberg, N. Street, O. Mangasarian, UCI Machine Learning Repository, CC BY 4.0; the copy that scikit-learn
/// bundles.
#[derive(Debug, Clone)]
pub struct BreastCancer {
    /// The features of each image, in the file's order.
    pub features: Vec<[f32; FEATURES]>,
    /// `1`: benign, `0`: malignant.
    pub labels: Vec<u8>,
}

impl BreastCancer {
    /// The data.
    pub fn load() -> Self {
        let text = include_str!("../../datasets/breast_cancer.csv");
        let (features, labels) = rows::<FEATURES>(text, 1).unzip();
        Self { features, labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breast_cancer_is_complete() {
        let data = BreastCancer::load();
        assert_eq!((data.features.len(), data.labels.len()), (569, 569));
        assert_eq!(data.labels.iter().filter(|&&label| label == 1).count(), 357);
        assert_eq!(data.features[0][0], 17.99);
    }
}
