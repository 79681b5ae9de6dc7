//! Reductions: sums over columns, and what is largest in a row.

/// Sums over rows and columns.
pub trait Reduce: Sized {
    /// `sums[j] ← Σᵢ x[i, j]` over rows of `sums.len()` values, in ascending order of `i`.
    fn column_sums(x: &[Self], sums: &mut [Self]);
}

/// Index of the largest value; the first of equals; NaN counts as larger than every number. 0 if empty.
pub fn argmax(x: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in x.iter().enumerate() {
        if x[best].is_nan() {
            break;
        }
        if !(*value <= x[best]) {
            best = i;
        }
    }
    best
}
