//! The confusion matrix.

use core::fmt;

use crate::brief::Brief;
use crate::hardware::buffer::zeroed_vec;
use crate::kernels::reduce::argmax;
use crate::schema::label::Class;

/// How often each of `N` classes was predicted as which: a row for each true class, a column for each predicted one.
///
/// Displays as a table with the share of each row that is right.
///
/// ```
/// use typenet_runtime::metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::<2>::new();
/// matrix.update(&[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], &[0u8, 1, 1]);
/// assert_eq!(matrix.counts(), [[1, 0], [1, 1]]);
/// assert_eq!((matrix.accuracy(), matrix.recall(1), matrix.precision(1)), (2.0 / 3.0, 0.5, 1.0));
/// let table = [
///     "true \\ predicted 0 1   recall",
///     "               0 1 0 100.00 %",
///     "               1 1 1  50.00 %",
/// ];
/// assert!(matrix.to_string().lines().eq(table));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfusionMatrix<const N: usize> {
    /// Row by row; on the heap, since `N` may be a thousand.
    counts: Vec<[u64; N]>,
}

impl<const N: usize> fmt::Debug for ConfusionMatrix<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Brief(self.counts.as_flattened());
        f.debug_struct("ConfusionMatrix").field("classes", &N).field("counts", &counts).finish()
    }
}

impl<const N: usize> Default for ConfusionMatrix<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ConfusionMatrix<N> {
    /// Over no samples yet.
    pub fn new() -> Self {
        Self { counts: zeroed_vec(N) }
    }

    /// Counts a batch: the largest output is the prediction; a NaN counts as the largest.
    ///
    /// # Panics
    /// If there are not as many labels as predictions, or a label is not below `N`.
    pub fn update(&mut self, predictions: &[[f32; N]], labels: &[impl Class]) {
        assert_eq!(predictions.len(), labels.len(), "update: one label for each prediction");
        for (prediction, label) in predictions.iter().zip(labels) {
            match label.class() {
                Some(class) if class < N => self.counts[class][argmax(prediction)] += 1,
                _ => panic!("update: class {label} is not one of {N}"),
            }
        }
    }

    /// `counts()[t][p]`: samples of class `t` that were predicted as `p`.
    pub fn counts(&self) -> &[[u64; N]] {
        &self.counts
    }

    /// Share of all samples that were predicted right; NaN of none.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..N).map(|class| self.counts[class][class]).sum();
        let all: u64 = self.counts.iter().flatten().sum();
        right as f64 / all as f64
    }

    /// Share of the samples of `class` that were predicted as such; NaN of none.
    pub fn recall(&self, class: usize) -> f64 {
        self.counts[class][class] as f64 / self.counts[class].iter().sum::<u64>() as f64
    }

    /// Share of the samples predicted as `class` that are; NaN of none.
    pub fn precision(&self, class: usize) -> f64 {
        self.counts[class][class] as f64 / self.counts.iter().map(|row| row[class]).sum::<u64>() as f64
    }
}

impl<const N: usize> fmt::Display for ConfusionMatrix<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |number: u64| number.checked_ilog10().unwrap_or(0) as usize + 1;
        let largest = self.counts.iter().flatten().copied().max().unwrap_or(0);
        let cell = digits(largest).max(digits(N.saturating_sub(1) as u64)) + 1;
        let head = "true \\ predicted".len();
        write!(f, "true \\ predicted")?;
        for class in 0..N {
            write!(f, "{class:>cell$}")?;
        }
        writeln!(f, "   recall")?;
        for (class, row) in self.counts.iter().enumerate() {
            write!(f, "{class:>head$}")?;
            for count in row {
                write!(f, "{count:>cell$}")?;
            }
            match self.recall(class) {
                recall if recall.is_nan() => writeln!(f, "{:>9}", "-")?,
                recall => writeln!(f, "{:>7.2} %", 100.0 * recall)?,
            }
        }
        Ok(())
    }
}
