//! Samples with their labels.

/// Samples of `N` values each, with their labels.
///
/// ```
/// use typenet_runtime::data::Samples;
///
/// let and = Samples { inputs: vec![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], labels: vec![0, 0, 0, 1] };
/// assert_eq!(and.len(), 4);
/// assert!(Samples::<2>::default().is_empty());
/// ```
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

    /// Sorts the samples by class, takes every fifth to test with, and gives both parts back in the order they had: each
    /// class has its share of both, and every run the same ones.
    pub(super) fn split(self) -> Split<N> {
        let mut by_class: Vec<usize> = (0..self.len()).collect();
        by_class.sort_by_key(|&i| self.labels[i]);
        let mut tests = vec![false; self.len()];
        by_class.iter().step_by(5).for_each(|&i| tests[i] = true);
        let mut split = Split::default();
        for ((inputs, label), test) in self.inputs.into_iter().zip(self.labels).zip(tests) {
            let part = if test { &mut split.test } else { &mut split.train };
            part.inputs.push(inputs);
            part.labels.push(label);
        }
        split
    }
}

/// Samples to train on and samples to test with.
///
/// ```
/// use typenet_runtime::data::{Split, digits};
///
/// let Split { train, test } = digits::load();
/// assert_eq!(train.len() + test.len(), 1797);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Split<const N: usize> {
    /// To train on.
    pub train: Samples<N>,
    /// To test with.
    pub test: Samples<N>,
}
