//! Softmax and the logarithm of a sum of exponentials, over rows, stable at every finite input.

/// Row-wise exponential families.
pub trait SoftmaxRows: Sized {
    /// `x ← softmax(x)` for each row of `width` values.
    fn softmax_rows(width: usize, x: &mut [Self]);
    /// `log Σⱼ exp(row[j])`; `-∞` for an empty row.
    fn log_sum_exp(row: &[Self]) -> Self;
}
