//! Samples with their labels.

use core::fmt;
use core::slice::from_ref;

use crate::brief::Brief;

/// Samples of `N` values each, with their labels.
///
/// ```
/// use typenet_runtime::data::Samples;
///
/// let and = Samples { inputs: vec![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], labels: vec![0, 0, 0, 1] };
/// assert_eq!(and.len(), 4);
/// assert!(Samples::<2>::default().is_empty());
/// ```
#[derive(Clone, PartialEq, Default)]
pub struct Samples<const N: usize> {
    /// One array per sample.
    pub inputs: Vec<[f32; N]>,
    /// One class number per sample.
    pub labels: Vec<u8>,
}

impl<const N: usize> fmt::Debug for Samples<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples")
            .field("len", &self.len())
            .field("inputs", &Brief(self.inputs.as_flattened()))
            .field("labels", &Brief(&self.labels))
            .finish()
    }
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

    /// Splits for cross-validation: `count` of them, and each sample is to be tested with in exactly one.
    ///
    /// The samples are sorted by class, and split *i* tests with every `count`-th from the *i*-th on: each class has its share
    /// of every test, and every run the same ones. Both parts of a split are in the order that the samples have.
    ///
    /// # Errors
    /// [`FoldsError`] if there is less than one sample for each split, or nothing to train on.
    ///
    /// # Example
    /// ```
    /// use typenet_runtime::data::Samples;
    ///
    /// let samples = Samples { inputs: vec![[0.0], [1.0], [2.0], [3.0]], labels: vec![1, 0, 0, 1] };
    /// let tests: Vec<_> = samples.folds(2)?.map(|split| split.test.inputs).collect();
    /// assert_eq!(tests, [[[0.0], [1.0]], [[2.0], [3.0]]]);
    /// # Ok::<(), typenet_runtime::data::FoldsError>(())
    /// ```
    pub fn folds(&self, count: usize) -> Result<impl Iterator<Item = Split<N>> + '_, FoldsError> {
        if count < 2 || count > self.len() {
            return Err(FoldsError { found: count, samples: self.len() });
        }
        Ok((0..count).map(move |fold| self.fold(fold, count)))
    }

    /// [`folds`](Self::folds)' split `fold` of `count`.
    pub(super) fn fold(&self, fold: usize, count: usize) -> Split<N> {
        let mut by_class: Vec<usize> = (0..self.len()).collect();
        by_class.sort_by_key(|&i| self.labels[i]);
        let mut tests = vec![false; self.len()];
        by_class.iter().skip(fold).step_by(count).for_each(|&i| tests[i] = true);
        let mut split = Split::default();
        for ((inputs, &label), test) in self.inputs.iter().zip(&self.labels).zip(tests) {
            let part = if test { &mut split.test } else { &mut split.train };
            // As a slice of one: a sample may be an image, and does not cross the stack.
            part.inputs.extend_from_slice(from_ref(inputs));
            part.labels.push(label);
        }
        split
    }
}

/// Samples cannot be split as often as was asked for.
///
/// ```
/// use typenet_runtime::data::Samples;
///
/// let samples = Samples { inputs: vec![[0.0], [1.0]], labels: vec![0, 1] };
/// let Err(error) = samples.folds(3) else { panic!("three folds of two samples") };
/// assert_eq!(error.to_string(), "3 folds of 2 samples, expected at least 2 and at most one for each sample");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} folds of {samples} samples, expected at least 2 and at most one for each sample")]
pub struct FoldsError {
    /// Number of splits asked for.
    pub found: usize,
    /// Number of samples.
    pub samples: usize,
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

impl<const N: usize> Split<N> {
    /// All samples: those to train on, then those to test with.
    ///
    /// ```
    /// use typenet_runtime::data::digits;
    ///
    /// assert_eq!(digits::load().join().len(), 1797);
    /// ```
    pub fn join(self) -> Samples<N> {
        let Self { mut train, test } = self;
        train.inputs.extend(test.inputs);
        train.labels.extend(test.labels);
        train
    }
}
