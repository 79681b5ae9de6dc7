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
    if b_row == 1 && b_column != 1 {
        // SAFETY: the caller's.
        unsafe { pack_columns(simd, rows, columns, b, b_column, to, width) };
        return;
    }
    for p in 0..rows {
        // SAFETY: row `p` of `b` has `columns` numbers, row `p` at `to` has `width`, which is not less.
        unsafe {
            let (from, to) = (b.add(p * b_row), to.add(p * width));
            if b_column == 1 {
                for j in (0..width).step_by(S::LANES) {
                    let count = columns.saturating_sub(j).min(S::LANES);
                    simd.store(to.add(j), simd.load_part(from.wrapping_add(j), count));
                }
            } else {
                for j in 0..columns {
                    *to.add(j) = *from.add(j * b_column);
                }
                for j in columns..width {
                    *to.add(j) = 0.0;
                }
            }
        }
    }
}

/// How far ahead columns are prefetched, in elements.
const AHEAD: usize = 32;

/// [`pack`] with `b_row` 1: squares are transposed in registers; what is left is copied one by one.
///
/// # Safety
/// As [`pack`].
#[inline(always)]
unsafe fn pack_columns<S: Simd>(
    simd: S,
    rows: usize,
    columns: usize,
    b: *const f32,
    b_column: usize,
    to: *mut f32,
    width: usize,
) {
    let (square_rows, square_columns) = (rows - rows % S::LANES, columns - columns % S::LANES);
    // SAFETY: all indices are less than `rows` and `columns` or `width`.
    unsafe {
        for p in (0..square_rows).step_by(S::LANES) {
            for j in (0..square_columns).step_by(S::LANES) {
                let from = b.add(p + j * b_column);
                if (p * size_of::<f32>()).is_multiple_of(64) {
                    for i in 0..S::LANES {
                        simd.prefetch(from.wrapping_add(i * b_column + AHEAD));
                    }
                }
                simd.transpose(from, b_column, to.add(p * width + j), width);
            }
        }
        for p in 0..rows {
            let done = if p < square_rows { square_columns } else { 0 };
            for j in done..columns {
                *to.add(p * width + j) = *b.add(p + j * b_column);
            }
            for j in columns..width {
                *to.add(p * width + j) = 0.0;
            }
        }
    }
}
