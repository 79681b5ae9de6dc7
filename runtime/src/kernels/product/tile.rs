//! The innermost loop: `R` rows by `V` vectors of columns of the product, held in registers.
//!
//! ```text
//!                    b: k rows of V vectors
//!                    ┌──────┬──────┐
//!                    │ b₀   │ b₁   │  row p
//!                    └──────┴──────┘
//!   a: R rows  ┌───┐ ┌──────┬──────┐
//!              │ a │ │ a·b₀ │ a·b₁ │  R × V sums
//!              └───┘ └──────┴──────┘
//! ```

// Indices name registers, in several arrays at once.
#![allow(clippy::needless_range_loop)]

use core::mem::MaybeUninit;

use crate::kernels::simd::{Kernel, MAX_LANES, Simd};

/// Number of vectors in a panel: the width of a tile where there are many rows.
pub(super) const PANEL_VECTORS: usize = 2;

/// The most rows of a tile on any instruction set.
pub(super) const MAX_ROWS: usize = 12;

/// The most rows of a tile.
pub(super) const fn max_rows<S: Simd>() -> usize {
    // R·V sums, V vectors of b and one broadcast of a.
    if S::REGISTERS >= 32 { MAX_ROWS } else { 6 }
}

/// Operands of a tile. Strides are in elements.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// Steps of the chains.
    pub(super) k: usize,
    /// Element `(i, p)` of `a` is at `a + i · a_row + p · a_step`.
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_step: usize,
    /// Row `p` of `b` is at `b + p · b_step`.
    pub(super) b: *const f32,
    pub(super) b_step: usize,
    /// How many elements ahead of `b` to prefetch; `0`: no prefetching.
    pub(super) b_ahead: usize,
    /// Receives a packed copy of the rows of `b`, `V` vectors each; null if `b` is not to be packed.
    pub(super) packed: *mut f32,
    /// How many panels to compute, one tile beside the other, and from one panel of `b` to the next. Packed copies lie one behind the other. Where the last vector
    /// may be cut, one.
    pub(super) panels: usize,
    pub(super) b_panel: usize,
    /// The sums before the first step: row `i` is at `start + i · start_row`.
    pub(super) start: *const f32,
    pub(super) start_row: usize,
    /// Row `i` of the product is at `c + i · c_row`.
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
    /// Columns in the last vector. Where less than a vector, the tile's `PART` must be true.
    pub(super) last: usize,
    /// Whether `max(0, sum)` is stored instead of each sum. Not for [`stream`].
    pub(super) relu: bool,
}

/// Computes tiles of up to [`max_rows`] rows.
///
/// # Safety
/// What `operands` describes is readable (`a`, `b`, `start`) and writable (`packed`, `c`) for `rows` rows and
/// `V` vectors of columns in each panel, the last of which counts for `last` columns. With `PART` false, or where `b` was packed,
/// whole vectors of `b` are readable.
#[inline(always)]
pub(super) unsafe fn tile<S: Simd, const V: usize, const PART: bool>(
    simd: S,
    rows: usize,
    operands: &Operands,
) {
    macro_rules! rows {
        ($($r:literal)+) => {
            match rows {
                $($r => tile_of::<S, $r, V, PART>(simd, operands),)+
                // SAFETY: the caller's.
                _ => unsafe { high::<S, V, PART>(simd, rows, operands) },
            }
        };
    }
    rows!(1 2 3 4 5 6)
}

/// [`tile`] for more rows than sixteen registers hold.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn high<S: Simd, const V: usize, const PART: bool>(simd: S, rows: usize, operands: &Operands) {
    macro_rules! rows {
        ($($r:literal)+) => {
            match rows {
                $($r => tile_of::<S, $r, V, PART>(simd, operands),)+
                _ => unreachable!("a tile of {rows} rows"),
            }
        };
    }
    if S::REGISTERS >= 32 {
        rows!(7 8 9 10 11 12)
    }
}

/// The tile of `R` rows, by where its operands are.
#[inline(always)]
fn tile_of<S: Simd, const R: usize, const V: usize, const PART: bool>(simd: S, operands: &Operands) {
    let Operands { a_row, a_step, b_step, b_ahead, packed, .. } = *operands;
    let is_packed = b_step == V * S::LANES && b_ahead == 0 && packed.is_null();
    // A panel's last vector may be cut if it is the only one, whose tiles are fast enough for that.
    if const { PART && V > 1 } || !is_packed {
        simd.call(Tile::<R, V, PART, ANY>(operands));
    } else if const { V > 1 } && a_row == 1 && a_step == R {
        simd.call(Tile::<R, V, PART, ORDERED>(operands));
    } else if a_step == 1 {
        simd.call(Tile::<R, V, PART, PACKED>(operands));
    } else {
        simd.call(Tile::<R, V, PART, ANY>(operands));
    }
}

/// `b` is read wherever it is, and packed on the way if asked for.
const ANY: u8 = 0;
/// `b` is packed, and each row of `a` lies in order.
const PACKED: u8 = 1;
/// `b` is packed, and the factors of a step lie side by side behind those of the step before.
const ORDERED: u8 = 2;

/// Tiles of `R` rows and `V` vectors; `PART`: the last vector may be cut; `PLACE`: where the operands are. Made by [`tile`] and [`row`] alone.
struct Tile<'a, const R: usize, const V: usize, const PART: bool, const PLACE: u8>(&'a Operands);

impl<const R: usize, const V: usize, const PART: bool, const PLACE: u8> Tile<'_, R, V, PART, PLACE> {
    /// All steps of a panel at `b`, wherever the operands are.
    ///
    /// # Safety
    /// As [`tile`].
    #[inline(always)]
    unsafe fn any<S: Simd>(
        &self,
        simd: S,
        mut b: *const f32,
        mut packed: *mut f32,
        sums: &mut [[S::Floats; V]; R],
    ) {
        let Operands { k, a, a_row, a_step, b_step, b_ahead, last, .. } = *self.0;
        // Every third row has a pointer of its own; the load of a factor adds one or two `a_row` to it for the rows between. From a
        // single pointer, the additions that give all rows' addresses would be a chain that takes longer than the products.
        let mut thirds = [a; MAX_ROWS / 3];
        for (third, rows) in thirds.iter_mut().enumerate() {
            *rows = a.wrapping_add(3 * third * a_row);
        }
        for _ in 0..k {
            // SAFETY: `i < R` rows of a step less than `k`, and V vectors of which the last, if it may be cut, is read for `last` columns.
            unsafe {
                let mut row = [simd.splat(0.0); V];
                for v in 0..V {
                    let from = b.add(v * S::LANES);
                    let part = PART && v == V - 1 && S::MASKED;
                    row[v] = if part { simd.load_part(from, last) } else { simd.load(from) };
                    if v * S::LANES % 16 == 0 {
                        simd.prefetch(from.wrapping_add(b_ahead));
                    }
                }
                if !packed.is_null() {
                    for v in 0..V {
                        simd.store(packed.add(v * S::LANES), row[v]);
                    }
                    packed = packed.add(V * S::LANES);
                }
                for i in 0..R {
                    let factor = simd.splat(*thirds[i / 3].add(i % 3 * a_row));
                    for v in 0..V {
                        sums[i][v] = simd.mul_add(factor, row[v], sums[i][v]);
                    }
                }
            }
            for rows in &mut thirds {
                *rows = rows.wrapping_add(a_step);
            }
            b = b.wrapping_add(b_step);
        }
    }

    /// Where each row of `a` begins. A tile then has a pointer for each row and one index for all. The compiler, if it knew how the pointers
    /// are related, would compute each from the one before, in every step.
    #[inline(always)]
    fn rows(&self) -> [*const f32; R] {
        let mut rows = [self.0.a; R];
        if PLACE == PACKED {
            for (i, row) in rows.iter_mut().enumerate() {
                *row = row.wrapping_add(i * self.0.a_row);
            }
            rows = core::hint::black_box(rows);
        }
        rows
    }

    /// All steps of a packed panel. What takes a port from the multiply-adds is left out: prefetches, and arithmetic with addresses.
    ///
    /// # Safety
    /// As [`tile`], `b` is a packed panel, and `rows` are [`rows`](Self::rows).
    #[inline(always)]
    unsafe fn packed<S: Simd>(
        &self,
        simd: S,
        b: *const f32,
        rows: &[*const f32; R],
        sums: &mut [[S::Floats; V]; R],
    ) {
        let mut p = 0;
        // SAFETY: steps less than `k`.
        unsafe {
            while p + 2 <= self.0.k {
                Self::step(simd, p, b, rows, sums);
                Self::step(simd, p + 1, b, rows, sums);
                p += 2;
            }
            if p < self.0.k {
                Self::step(simd, p, b, rows, sums);
            }
        }
    }

    /// Step `p` of [`packed`](Self::packed).
    ///
    /// # Safety
    /// As there, and `p` is less than the number of steps.
    #[inline(always)]
    unsafe fn step<S: Simd>(
        simd: S,
        p: usize,
        b: *const f32,
        rows: &[*const f32; R],
        sums: &mut [[S::Floats; V]; R],
    ) {
        // SAFETY: `i < R` rows; the panel has V whole vectors for each step.
        unsafe {
            let mut row = [simd.splat(0.0); V];
            for v in 0..V {
                row[v] = simd.load(b.add((p * V + v) * S::LANES));
            }
            for i in 0..R {
                let factor =
                    simd.splat(if PLACE == ORDERED { *rows[0].add(p * R + i) } else { *rows[i].add(p) });
                for v in 0..V {
                    sums[i][v] = simd.mul_add(factor, row[v], sums[i][v]);
                }
            }
        }
    }
}

impl<const R: usize, const V: usize, const PART: bool, const PLACE: u8> Kernel
    for Tile<'_, R, V, PART, PLACE>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Operands { k, panels, b_panel, start_row, c_row, last, relu, .. } = *self.0;
        let Operands { mut b, mut packed, mut start, mut c, .. } = *self.0;
        let rows = self.rows();
        let part = |v: usize| PART && v == V - 1;
        debug_assert!(!PART || panels == 1);
        // Said here, so that such tiles, which may be short, spend nothing on the loop.
        for _ in 0..if PART { 1 } else { panels } {
            // SAFETY: all accesses are within what the caller of `tile` promised: `i < R` rows, and V
            // vectors of which the last, if `part`, is read and written for `last` columns only.
            unsafe {
                let mut sums = [[simd.splat(0.0); V]; R];
                for i in 0..R {
                    for v in 0..V {
                        let from = start.add(i * start_row + v * S::LANES);
                        sums[i][v] = if part(v) { simd.load_part(from, last) } else { simd.load(from) };
                    }
                }
                match PLACE {
                    ANY => self.any(simd, b, packed, &mut sums),
                    _ => self.packed(simd, b, &rows, &mut sums),
                }
                if relu {
                    for i in 0..R {
                        for v in 0..V {
                            sums[i][v] = simd.max(simd.splat(0.0), sums[i][v]);
                        }
                    }
                }
                for i in 0..R {
                    for v in 0..V {
                        let to = c.add(i * c_row + v * S::LANES);
                        if part(v) {
                            simd.store_part(to, last, sums[i][v]);
                        } else {
                            simd.store(to, sums[i][v]);
                        }
                    }
                }
            }
            b = b.wrapping_add(b_panel);
            start = start.wrapping_add(V * S::LANES);
            c = c.wrapping_add(V * S::LANES);
            if PLACE == ANY && !packed.is_null() {
                packed = packed.wrapping_add(k * V * S::LANES);
            }
        }
    }
}

/// Computes one row by `V` vectors.
///
/// # Safety
/// As [`tile`] with one row, `PART` false.
#[inline(always)]
pub(super) unsafe fn row<S: Simd, const V: usize>(simd: S, operands: &Operands) {
    simd.call(Tile::<1, V, false, ANY>(operands));
}

/// The most rows of [`stream`].
pub(super) const fn max_stream_rows<S: Simd>() -> usize {
    // STEPS factors for each row.
    if S::REGISTERS >= 32 { 4 } else { 2 }
}

/// The most columns of [`stream`], so that the partial sums fit in the L1 cache.
pub(super) const STREAM_COLUMNS: usize = 1024;

/// Computes a few rows by a number of vectors, reading `b` in the order of memory, whole rows one after the other. Partial sums are
/// kept in `c` only if it has no other columns. Otherwise another thread may be writing the columns beside these, and hardware prefetching
/// past the last column would take the other thread's cache lines away again and again.
///
/// # Safety
/// As [`tile`] with `PART` false and `vectors` for `V`, which have at most [`STREAM_COLUMNS`] columns.
#[inline(always)]
pub(super) unsafe fn stream<S: Simd>(simd: S, rows: usize, vectors: usize, operands: &Operands) {
    match rows {
        1 => simd.call(Stream::<1> { operands, vectors }),
        2 => simd.call(Stream::<2> { operands, vectors }),
        3 if S::REGISTERS >= 32 => simd.call(Stream::<3> { operands, vectors }),
        4 if S::REGISTERS >= 32 => simd.call(Stream::<4> { operands, vectors }),
        _ => unreachable!("a stream of {rows} rows"),
    }
}

/// Rows of `b` that [`stream`] takes at a time.
const STEPS: usize = 4;

/// Distance between rows of partial sums: not a power of two, which would put all rows into the same sets of the cache.
const STREAM_ROW: usize = STREAM_COLUMNS + MAX_LANES;

/// Made by [`stream`] alone.
struct Stream<'a, const R: usize> {
    operands: &'a Operands,
    vectors: usize,
}

impl<const R: usize> Stream<'_, R> {
    /// `T` steps of the chains from `p`, whose sums are at `start` before and at `to` after, and so far apart in a column.
    ///
    /// # Safety
    /// As [`stream`], with `p + T <= k`, `start` readable and `to` writable.
    #[inline(always)]
    unsafe fn steps<S: Simd, const T: usize>(
        &self,
        simd: S,
        p: usize,
        (start, start_row): (*const f32, usize),
        (to, to_row): (*mut f32, usize),
    ) {
        let Operands { a, a_row, a_step, b, b_step, .. } = *self.operands;
        // SAFETY: `i < R` rows, steps `p..p + T`, and `v < vectors` are within what the caller promised.
        unsafe {
            let mut factors = [[simd.splat(0.0); T]; R];
            for i in 0..R {
                for t in 0..T {
                    factors[i][t] = simd.splat(*a.add(i * a_row + (p + t) * a_step));
                }
            }
            // One or two rows are computed faster than their part of `b` arrives from memory, so it is prefetched; more rows are not.
            for v in 0..self.vectors {
                let j = v * S::LANES;
                let mut row = [simd.splat(0.0); T];
                for t in 0..T {
                    let from = b.add((p + t) * b_step + j);
                    row[t] = simd.load(from);
                    if R <= 2 {
                        simd.prefetch(from.wrapping_add(T * b_step));
                    }
                }
                for i in 0..R {
                    let mut sum = simd.load(start.add(i * start_row + j));
                    for t in 0..T {
                        sum = simd.mul_add(factors[i][t], row[t], sum);
                    }
                    simd.store(to.add(i * to_row + j), sum);
                }
            }
        }
    }
}

impl<const R: usize> Kernel for Stream<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Operands { k, start, start_row, c, c_row, .. } = *self.operands;
        let mut sums = MaybeUninit::<[[f32; STREAM_ROW]; R]>::uninit();
        let waiting = match self.vectors * S::LANES == c_row {
            true => (c, c_row),
            false => (sums.as_mut_ptr().cast::<f32>(), STREAM_ROW),
        };
        let (mut from, mut p) = ((start, start_row), 0);
        while p < k {
            let count = STEPS.min(k - p);
            let to = if p + count == k { (c, c_row) } else { waiting };
            // SAFETY: the caller's of `stream`; no step is beyond `k`, and `sums` has room for all columns.
            unsafe {
                match count {
                    1 => self.steps::<S, 1>(simd, p, from, to),
                    2 => self.steps::<S, 2>(simd, p, from, to),
                    3 => self.steps::<S, 3>(simd, p, from, to),
                    _ => self.steps::<S, STEPS>(simd, p, from, to),
                }
            }
            from = (to.0.cast_const(), to.1);
            p += count;
        }
    }
}
