//! Panels of `b` copied so that a tile reads them in order: row after row, each `width` columns.

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

/// How far ahead columns are prefetched, in elements: one line beyond the one in use.
const AHEAD: usize = 32;
/// Elements of a column that are in one line of the cache.
const LINE: usize = 16;
/// Rows that [`Simd::load_columns`] gives.
const QUAD: usize = 4;

/// [`pack`] with `b_row` 1: columns are turned in registers, a line of each at a time. Zeros need no writing: a panel's vectors are either
/// whole, their last lanes repeating the last column, or never read.
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
    // SAFETY: all indices are less than `rows` and `columns` or `width`.
    unsafe {
        for line in (0..rows).step_by(LINE) {
            let end = (line + LINE).min(rows);
            for j in (0..columns).step_by(S::LANES) {
                let from = b.add(j * b_column);
                if columns - j >= S::LANES {
                    for i in 0..S::LANES {
                        simd.prefetch(from.wrapping_add(i * b_column + line + AHEAD));
                    }
                    pack_line(simd, line, end, S::LANES, from, b_column, to.add(j), width);
                } else {
                    pack_line(simd, line, end, columns - j, from, b_column, to.add(j), width);
                }
            }
        }
    }
}

/// Rows `line..end` of a vector of columns, of which there are `columns`.
///
/// # Safety
/// As [`pack`], for these rows and columns; `end` is the number of all rows or a multiple of `QUAD`.
#[inline(always)]
unsafe fn pack_line<S: Simd>(
    simd: S,
    line: usize,
    end: usize,
    columns: usize,
    from: *const f32,
    b_column: usize,
    to: *mut f32,
    width: usize,
) {
    for p in (line..end).step_by(QUAD) {
        // The last four rows may overlap those before.
        let p = if p + QUAD <= end { p } else { end.saturating_sub(QUAD) };
        // SAFETY: rows from `p` to `end` are read and written, four or, if there are no more, fewer.
        unsafe {
            if end >= QUAD {
                for (t, row) in simd.load_columns(from.add(p), b_column, columns).into_iter().enumerate() {
                    simd.store(to.add((p + t) * width), row);
                }
            } else {
                for p in 0..end {
                    for i in 0..S::LANES {
                        *to.add(p * width + i) = *from.add(p + i.min(columns - 1) * b_column);
                    }
                }
            }
        }
    }
}
