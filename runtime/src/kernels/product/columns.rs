//! A few rows by a `b` that lies column by column, as a transposed matrix does: blocks of `b` are transposed in registers and
//! used there, so that `b` is read once and nothing is packed.

// Indices name registers, in several arrays at once.
#![allow(clippy::needless_range_loop)]

use super::tile::Operands;
use crate::kernels::simd::{Kernel, MAX_LANES, Simd};

/// The most rows of [`columns`]. More are faster with `b` packed, or as the transpose.
pub(super) const fn max_column_rows<S: Simd>() -> usize {
    // R sums, four vectors of b, and what it takes to turn them.
    if S::REGISTERS >= 32 { 8 } else { 6 }
}

/// Steps that [`Simd::load_columns`] gives.
const QUAD: usize = 4;
/// Steps in one line of the cache.
const LINE: usize = 16;
/// How far ahead columns are prefetched, in steps: one line beyond the one in use.
const AHEAD: usize = 32;
/// How many lines the second of two vectors is behind the first: more than are prefetched, so that lines of both, whose columns may lie in the same few sets of
/// the L1 cache, are not there at the same time.
const LAG: usize = 5;

/// Computes `rows` rows by `count` columns, element `(p, j)` of `b` at `b + p + j · b_step`.
///
/// # Safety
/// What `operands` describes is readable (`a`, `b`, `start`) and writable (`c`) for so many rows and columns, where `start`
/// may be null for zeros; `0 < rows <= max_column_rows()`.
#[inline(always)]
pub(super) unsafe fn columns<S: Simd>(simd: S, rows: usize, count: usize, operands: &Operands) {
    macro_rules! rows {
        ($($r:literal)+) => {
            match rows {
                $($r => simd.call(Columns::<$r> { operands, count }),)+
                7 if S::REGISTERS >= 32 => simd.call(Columns::<7> { operands, count }),
                8 if S::REGISTERS >= 32 => simd.call(Columns::<8> { operands, count }),
                _ => unreachable!("{rows} rows of columns"),
            }
        };
    }
    rows!(1 2 3 4 5 6);
}

/// `R` rows, whose sums are in registers for a vector of columns at a time. Made by [`columns`] alone.
struct Columns<'a, const R: usize> {
    operands: &'a Operands,
    count: usize,
}

impl<const R: usize> Columns<'_, R> {
    /// Adds the steps `p..end`, at most four, to the sums of the `count` columns at `b`.
    ///
    /// # Safety
    /// As [`columns`].
    #[inline(always)]
    unsafe fn quad<S: Simd>(
        &self,
        simd: S,
        p: usize,
        end: usize,
        b: *const f32,
        count: usize,
        sums: &mut [S::Floats; R],
    ) {
        let Operands { a, a_row, a_step, b_step, .. } = *self.operands;
        // SAFETY: rows, steps and columns are within what the caller of `columns` promised.
        unsafe {
            // Fewer steps than four are loaded with those before, if there are any.
            let first = if p + QUAD == end { p } else { end.saturating_sub(QUAD) };
            let vectors = if end >= QUAD {
                simd.load_columns(b.add(first), b_step, count)
            } else {
                let mut vectors = [simd.splat(0.0); QUAD];
                for t in 0..end {
                    let mut lanes = [0.0; MAX_LANES];
                    for (i, lane) in lanes.iter_mut().enumerate().take(count) {
                        *lane = *b.add(t + i * b_step);
                    }
                    vectors[t] = simd.read(&lanes);
                }
                vectors
            };
            for t in 0..QUAD {
                if (p..end).contains(&(first + t)) {
                    for i in 0..R {
                        let factor = simd.splat(*a.add(i * a_row + (first + t) * a_step));
                        sums[i] = simd.mul_add(factor, vectors[t], sums[i]);
                    }
                }
            }
        }
    }

    /// `V` vectors of columns from `j`; `PART`: the only one is not whole.
    ///
    /// # Safety
    /// As [`columns`].
    #[inline(always)]
    unsafe fn vectors<S: Simd, const V: usize, const PART: bool>(&self, simd: S, j: usize) {
        let Operands { k, start, start_row, b, b_step, c, c_row, relu, .. } = *self.operands;
        let count = if PART { self.count - j } else { S::LANES };
        // SAFETY: rows, steps and columns are within what the caller of `columns` promised.
        unsafe {
            let mut sums = [[simd.splat(0.0); R]; V];
            if !start.is_null() {
                for v in 0..V {
                    for i in 0..R {
                        sums[v][i] = simd.load_part(start.add(i * start_row + j + v * S::LANES), count);
                    }
                }
            }
            // Without steps `b` may be empty, and this lie beyond it.
            let b = b.wrapping_add(j * b_step);
            let lines = k / LINE;
            let lag = if V == 1 { 0 } else { LAG };
            for turn in 0..lines + lag {
                for v in 0..V {
                    let line = turn.wrapping_sub(v * lag);
                    if line < lines {
                        let b = b.wrapping_add(v * S::LANES * b_step);
                        let p = line * LINE;
                        if !PART {
                            for i in 0..S::LANES {
                                simd.prefetch(b.wrapping_add(i * b_step + p + AHEAD));
                            }
                        }
                        for from in (p..p + LINE).step_by(QUAD) {
                            self.quad(simd, from, from + QUAD, b, count, &mut sums[v]);
                        }
                    }
                }
            }
            for v in 0..V {
                let b = b.wrapping_add(v * S::LANES * b_step);
                let mut p = lines * LINE;
                while p < k {
                    self.quad(simd, p, k.min(p + QUAD), b, count, &mut sums[v]);
                    p += QUAD;
                }
            }
            for v in 0..V {
                for i in 0..R {
                    let sum = if relu { simd.max(simd.splat(0.0), sums[v][i]) } else { sums[v][i] };
                    simd.store_part(c.add(i * c_row + j + v * S::LANES), count, sum);
                }
            }
        }
    }
}

impl<const R: usize> Kernel for Columns<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut j = 0;
        // SAFETY: the caller's of `columns`: whole vectors from `j`, and then what is left.
        unsafe {
            // One or two rows would wait for their own sums.
            if R <= 2 && self.operands.k >= 4 * LAG * LINE {
                while self.count - j >= 2 * S::LANES {
                    self.vectors::<S, 2, false>(simd, j);
                    j += 2 * S::LANES;
                }
            }
            while self.count - j >= S::LANES {
                self.vectors::<S, 1, false>(simd, j);
                j += S::LANES;
            }
            if j < self.count {
                self.vectors::<S, 1, true>(simd, j);
            }
        }
    }
}
