//! A mean that is taken bit by bit.

/// The mean of all values added so far, in f64.
///
/// ```
/// use typenet_runtime::metrics::Mean;
///
/// let mut mean = Mean::new();
/// assert!(mean.value().is_nan());
/// // Three values, and then a shorter batch of one.
/// mean.add(1.0 + 2.0 + 3.0, 3);
/// mean.add(4.0, 1);
/// assert_eq!(mean.value(), 2.5);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    total: f64,
    count: u64,
}

impl Mean {
    /// The mean of nothing.
    pub const fn new() -> Self {
        Self { total: 0.0, count: 0 }
    }

    /// Adds `count` values that sum to `total`.
    pub fn add(&mut self, total: f64, count: usize) {
        self.total += total;
        self.count += count as u64;
    }

    /// The mean; NaN of nothing.
    pub fn value(&self) -> f64 {
        self.total / self.count as f64
    }
}
