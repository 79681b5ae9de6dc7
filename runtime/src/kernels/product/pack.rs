//! Panels of `b` copied so that a tile reads them in order: row after row, each `width` columns and zeros up to
//! the panel's width.

use crate::kernels::simd::Simd;

/// Packs `rows` rows and `columns` columns at `b` into rows of `width` at `to`.
///
/// # Safety
/// `(p, j)` of `b` is readable at `b + p · b_row + j · b_column` for `p < rows`, `j < columns`; `rows · width` numbers
/// are writable at `to`; `columns <= width`.
#[inline(always)]
pub(super) unsafe fn pack<S: Simd>(
    simd: S,
    rows: usize,
    columns: usize,
    b: *const f32,
    b_row: usize,
    b_column: usize,
    to: *mut f32,
    width: usize,
) {
    // Squares whose columns lie in order are transposed in registers; what is left is copied one by one.
    let (square_rows, square_columns) =
        if b_row == 1 { (rows - rows % S::LANES, columns - columns % S::LANES) } else { (0, 0) };
    // SAFETY: all indices are less than `rows` and `columns` or `width`.
    unsafe {
        for p in (0..square_rows).step_by(S::LANES) {
            for j in (0..square_columns).step_by(S::LANES) {
                simd.transpose(b.add(p + j * b_column), b_column, to.add(p * width + j), width);
            }
        }
        for p in 0..rows {
            let done = if p < square_rows { square_columns } else { 0 };
            for j in done..columns {
                *to.add(p * width + j) = *b.add(p * b_row + j * b_column);
            }
            for j in columns..width {
                *to.add(p * width + j) = 0.0;
            }
        }
    }
}
