//! Samples with their labels.

/// Samples of `N` values each, with their labels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples<const N: usize> {
    /// One array per sample.
    pub inputs: Vec<[f32; N]>,
    /// One class number per sample.
    pub labels: Vec<u8>,
}

impl<const N: usize> Samples<N> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// The first `train` samples to train on, the rest to test with.
    ///
    /// # Panics
    /// If there are fewer samples.
    #[track_caller]
    pub(super) fn split(mut self, train: usize) -> Split<N> {
        let test = Self { inputs: self.inputs.split_off(train), labels: self.labels.split_off(train) };
        Split { train: self, test }
    }
}

/// Samples to train on and samples to test with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split<const N: usize> {
    /// To train on.
    pub train: Samples<N>,
    /// To test with.
    pub test: Samples<N>,
}
