//! The loops around the tile.
//!
//! The columns of `b` are divided into panels as wide as a tile. With few rows, or a `b` that fits in the L1 cache, tiles read `b` where
//! it is. Otherwise the inner index is divided into blocks such that a panel's block fits in cache. The block is packed, by the first
//! tile itself where the layout allows, and then used for all rows; between two blocks the partial sums are kept in `c`.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

use super::columns::{columns, max_column_rows};
use super::matrix::Matrix;
use super::pack::pack;
use super::tile::{
    MAX_ROWS, Operands, PANEL_VECTORS, STREAM_COLUMNS, max_rows, max_stream_rows, row, stream, tile,
};
use crate::hardware::vendor::{Vendor, vendor};
use crate::kernels::Function;
use crate::kernels::function::MapRows;
use crate::kernels::simd::{Kernel, MAX_LANES, Simd};

/// A product, or a rectangle of one.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    m: usize,
    k: usize,
    n: usize,
    a: *const f32,
    a_row: usize,
    a_column: usize,
    b: *const f32,
    b_row: usize,
    b_column: usize,
    /// One number for each column; null if there is no bias.
    bias: *const f32,
    function: Function,
    c: *mut f32,
    /// Null if it is not asked for. Strides as `c`.
    preactivation: *mut f32,
    c_row: usize,
    /// Whether chains start with what `c` holds; then `bias` is not used.
    resumed: bool,
    life: PhantomData<(&'a f32, &'a mut f32)>,
}

// SAFETY: a `Block` is shared references to its operands and a unique one to its result; that parts in use at the same time do not
// overlap is a duty of the caller of `part`.
unsafe impl Send for Block<'_> {}
// SAFETY: as above.
unsafe impl Sync for Block<'_> {}

/// The most steps of a chain before its partial sum goes to `c`, so that a packed panel is at most 64 KiB.
const K_BLOCK: usize = 512;
/// A `b` of up to this many elements is not packed: it fits in the L1 cache.
const SMALL: usize = 8192;
const _: () =
    assert!(SMALL <= K_BLOCK * PANEL_VECTORS * MAX_LANES, "panels that are packed together have room");
/// Up to this many steps, products of a few rows are computed along whole rows of `c` rather than in tiles.
const FEW_STEPS: usize = 8;
/// How many rows use a packed panel before the next is packed, such that their block of `a`, 384 KiB, stays in the L2 cache.
const GROUP: usize = 192;
/// The same where packing transposes `b`, which takes longer; still within the L2 cache.
const TURNING_GROUP: usize = 384;
/// From this many steps on, transposing a tile costs little compared with computing it.
const TURNING_STEPS: usize = 64;
/// Addresses this many bytes apart fall into the same set of the L1 cache.
const SET_PERIOD: usize = 4096;
/// How many rows ahead `b` is prefetched where it is not packed.
const ROWS_AHEAD: usize = 12;

/// Where chains start without a bias, for as many columns as any tile or stream has.
static ZEROS: [f32; STREAM_COLUMNS] = [0.0; STREAM_COLUMNS];

/// Number of vectors in the widest tile, which has one row.
const WIDEST: usize = 8;
const _: () = assert!(WIDEST * MAX_LANES <= ZEROS.len());

impl<'a> Block<'a> {
    /// The whole product.
    ///
    /// # Safety
    /// `a` and `b` lie within their slices and have the same inner size, `bias` has a number for each column of `b`, and `preactivation`
    /// and `c` have as many as the product, which is not empty.
    pub(super) unsafe fn new(
        a: Matrix<'a, f32>,
        b: Matrix<'a, f32>,
        bias: Option<&'a [f32]>,
        function: Function,
        preactivation: Option<&'a mut [f32]>,
        c: &'a mut [f32],
    ) -> Self {
        Self {
            m: a.rows,
            k: a.columns,
            n: b.columns,
            a: a.data.as_ptr(),
            a_row: a.row_stride,
            a_column: a.column_stride,
            b: b.data.as_ptr(),
            b_row: b.row_stride,
            b_column: b.column_stride,
            bias: bias.map_or(core::ptr::null(), <[f32]>::as_ptr),
            function,
            c: c.as_mut_ptr(),
            preactivation: preactivation.map_or(core::ptr::null_mut(), <[f32]>::as_mut_ptr),
            c_row: b.columns,
            resumed: false,
            life: PhantomData,
        }
    }

    /// The same product, but the chains start with what `c` holds.
    pub(super) fn resumed(self) -> Self {
        Self { resumed: true, ..self }
    }

    /// A rectangle of the product.
    ///
    /// # Safety
    /// The ranges lie within the block, and no overlapping part is in use at the same time.
    pub(super) unsafe fn part(&self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let offset = rows.start * self.c_row + columns.start;
        Self {
            m: rows.len(),
            n: columns.len(),
            a: self.a.wrapping_add(rows.start * self.a_row),
            b: self.b.wrapping_add(columns.start * self.b_column),
            bias: if self.bias.is_null() { self.bias } else { self.bias.wrapping_add(columns.start) },
            c: self.c.wrapping_add(offset),
            preactivation: if self.preactivation.is_null() {
                self.preactivation
            } else {
                self.preactivation.wrapping_add(offset)
            },
            ..*self
        }
    }

    /// Operands of the tile at row `i`, column `j`, for `k` steps from `p`, with `b` where it is.
    #[inline(always)]
    fn operands(&self, i: usize, j: usize, p: usize, k: usize, last: usize) -> Operands {
        let c = self.c.wrapping_add(i * self.c_row + j);
        let (start, start_row) = if p > 0 || self.resumed {
            (c.cast_const(), self.c_row)
        } else if self.bias.is_null() {
            (ZEROS.as_ptr(), 0)
        } else {
            (self.bias.wrapping_add(j), 0)
        };
        Operands {
            k,
            a: self.a.wrapping_add(i * self.a_row + p * self.a_column),
            a_row: self.a_row,
            a_step: self.a_column,
            b: self.b.wrapping_add(p * self.b_row + j),
            b_step: self.b_row,
            b_ahead: ROWS_AHEAD * self.b_row,
            packed: core::ptr::null_mut(),
            start,
            start_row,
            c,
            c_row: self.c_row,
            last,
            relu: self.tile_applies_relu() && p + k == self.k,
        }
    }

    /// Whether the activation is a relu that tiles apply in registers, so that [`finish`](Self::finish) has nothing to do.
    #[inline(always)]
    fn tile_applies_relu(&self) -> bool {
        self.function == Function::Relu && self.preactivation.is_null()
    }

    /// [`finish`](Self::finish) for a tile whose sums are complete, where tiles do not apply the activation.
    #[inline(always)]
    fn finish_tile<S: Simd>(&self, simd: S, i: usize, rows: usize, j: usize, columns: usize) {
        if !self.tile_applies_relu() {
            self.finish(simd, i, rows, j, columns);
        }
    }

    /// Stores the preactivation and applies the activation, for a rectangle whose sums are complete.
    #[inline(always)]
    fn finish<S: Simd>(&self, simd: S, i: usize, rows: usize, j: usize, columns: usize) {
        let offset = i * self.c_row + j;
        if !self.preactivation.is_null() {
            for i in 0..rows {
                let from = self.c.wrapping_add(offset + i * self.c_row);
                let to = self.preactivation.wrapping_add(offset + i * self.c_row);
                // SAFETY: the rectangle lies within `c` and `preactivation`, which are different slices.
                unsafe { core::ptr::copy_nonoverlapping(from, to, columns) };
            }
        }
        if self.function != Function::Linear {
            // SAFETY: the rectangle lies within `c`, which is this block's own.
            simd.call(unsafe {
                MapRows::new(self.function, self.c.wrapping_add(offset), rows, self.c_row, columns)
            });
        }
    }

    /// Computes the block by tiles that read `b` where it is.
    #[inline(always)]
    fn run_in_place<S: Simd>(&self, simd: S) {
        for (i, rows) in row_blocks(self.m, max_rows::<S>()) {
            let mut j = 0;
            if rows == 1 {
                j = self.row_in_place::<S, WIDEST>(simd, i, j);
                j = self.row_in_place::<S, 4>(simd, i, j);
            }
            while j < self.n {
                let columns = (PANEL_VECTORS * S::LANES).min(self.n - j);
                // SAFETY: `rows` rows from `i` and `columns` columns from `j` lie within the operands.
                unsafe { panel_tile(simd, rows, columns, self.operands(i, j, 0, self.k, 0)) };
                self.finish_tile(simd, i, rows, j, columns);
                j += columns;
            }
        }
    }

    /// Computes row `i` from column `j` on by tiles of one row and `V` vectors, as long as whole tiles fit. Returns the first column that
    /// is not computed.
    #[inline(always)]
    fn row_in_place<S: Simd, const V: usize>(&self, simd: S, i: usize, mut j: usize) -> usize {
        while self.n - j >= V * S::LANES {
            // SAFETY: one row and `V` vectors of columns from `j` lie within the operands.
            unsafe { row::<S, V>(simd, &self.operands(i, j, 0, self.k, S::LANES)) };
            self.finish_tile(simd, i, 1, j, V * S::LANES);
            j += V * S::LANES;
        }
        j
    }

    /// Whether the product is cheaper as the transpose of `bᵀ·aᵀ`: `b` lies by columns, and `a` has so few rows
    /// that packing `b` would take longer than using it.
    #[inline(always)]
    fn is_better_transposed(&self, width: usize) -> bool {
        let collides = (self.b_column * size_of::<f32>()).is_multiple_of(SET_PERIOD);
        let plain = self.bias.is_null() && self.preactivation.is_null() && self.function == Function::Linear;
        plain && !self.resumed && !collides && self.m <= width && self.k >= TURNING_STEPS
    }

    /// Computes the block where `b` lies column by column, by [`columns`].
    #[inline(always)]
    fn run_columns<S: Simd>(&self, simd: S) {
        let mut operands = self.operands(0, 0, 0, self.k, 0);
        operands.b_step = self.b_column;
        if self.bias.is_null() && !self.resumed {
            operands.start = core::ptr::null();
        }
        // SAFETY: the operands are those of the whole block, or without a start.
        unsafe { columns(simd, self.m, self.n, &operands) };
        self.finish_tile(simd, 0, self.m, 0, self.n);
    }

    /// Computes the block a few rows at a time, by [`stream`] over whole rows of `b`.
    #[inline(always)]
    fn run_streaming<S: Simd>(&self, simd: S) {
        for (i, rows) in row_blocks(self.m, max_stream_rows::<S>()) {
            for from in (0..self.n).step_by(STREAM_COLUMNS) {
                let columns = STREAM_COLUMNS.min(self.n - from);
                let vectors = columns / S::LANES;
                // SAFETY: `rows` rows from `i` and `vectors` vectors of columns from `from` lie within the operands.
                unsafe { stream(simd, rows, vectors, &self.operands(i, from, 0, self.k, S::LANES)) };
                let j = from + vectors * S::LANES;
                let rest = from + columns - j;
                if rest > 0 {
                    // SAFETY: `rows` rows from `i` and `rest` columns from `j` lie within the operands.
                    unsafe { panel_tile(simd, rows, rest, self.operands(i, j, 0, self.k, 0)) };
                }
                self.finish(simd, i, rows, from, columns);
            }
        }
    }
}

/// Rows in blocks of nearly equal height, at most `max`: start and height of each.
#[inline(always)]
fn row_blocks(rows: usize, max: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(max);
    (0..count).map(move |block| {
        let (from, to) = (block * rows / count, (block + 1) * rows / count);
        (from, to - from)
    })
}

/// As [`row_blocks`], but the first block has `max` rows: its tile also packs the panel, and the more it computes for each row of `b`,
/// the better that hides the time in which `b` arrives from memory.
#[inline(always)]
fn tall_first(rows: usize, max: usize) -> impl Iterator<Item = (usize, usize)> {
    let first = rows.min(max);
    let rest = row_blocks(rows - first, max).map(move |(from, rows)| (first + from, rows));
    core::iter::once((0, first)).chain(rest)
}

/// Computes the tile of a panel of `columns` columns.
///
/// # Safety
/// As [`tile`]; `last` is set here.
#[inline(always)]
unsafe fn panel_tile<S: Simd>(simd: S, rows: usize, columns: usize, mut operands: Operands) {
    // SAFETY: the caller's.
    unsafe {
        if columns == PANEL_VECTORS * S::LANES {
            operands.last = S::LANES;
            tile::<S, PANEL_VECTORS, false>(simd, rows, &operands);
        } else if columns > S::LANES {
            operands.last = columns - S::LANES;
            tile::<S, PANEL_VECTORS, true>(simd, rows, &operands);
        } else {
            operands.last = columns;
            tile::<S, 1, true>(simd, rows, &operands);
        }
    }
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let whole_vectors = S::MASKED || self.n.is_multiple_of(PANEL_VECTORS * S::LANES);
        let in_place = self.b_column == 1 && whole_vectors;
        let small = self.k * self.n <= SMALL;
        let few_rows = self.m <= max_stream_rows::<S>() && !small;
        let few_steps = self.k <= FEW_STEPS && self.n >= 4 * S::LANES;
        let by_columns = self.b_row == 1 && self.b_column > 1;
        if by_columns && self.m <= max_column_rows::<S>() {
            self.run_columns(simd);
        } else if by_columns && self.is_better_transposed(PANEL_VECTORS * S::LANES) {
            simd.call(Transposed(self));
        } else if in_place && (few_rows || few_steps) && self.k > 0 {
            self.run_streaming(simd);
        } else if in_place && (small && self.n <= PANEL_VECTORS * S::LANES || self.m <= max_rows::<S>()) {
            self.run_in_place(simd);
        } else {
            simd.call(Packed { block: self, copies: copies_columns() });
        }
    }
}

/// A block whose panels are packed on the stack. Not inlined, so that other blocks do not need that much stack.
struct Packed<'a> {
    block: Block<'a>,
    /// Whether rows of an `a` that lies by columns are copied.
    copies: bool,
}

/// Whether to copy rows of an `a` that lies by columns, as the batch does in a weight's gradient. Tiles then read them in order, and not a line of the
/// cache, often on another page, for each step. Intel's cores gain 15 to 24 % from 128 steps on (784 rows and 512 columns); AMD's reach 95 %
/// of their limit without, and nothing is known of others.
fn copies_columns() -> bool {
    vendor() == Vendor::Intel
}

#[repr(C, align(64))]
struct Panel(MaybeUninit<[f32; K_BLOCK * PANEL_VECTORS * MAX_LANES]>);

/// Rows of `a` that are copied together.
const COPIED_ROWS: usize = 4 * MAX_ROWS;
/// Distance between the rows of copied `a`: not a power of two, which would put all rows into the same sets of the cache.
const COPY_ROW: usize = K_BLOCK + MAX_LANES;

/// Copies `rows` rows of an `a` that lies column by column, `k` steps of `a_column`, side by side.
///
/// # Safety
/// They are readable at `from`, and as many are writable at `to`.
#[inline(always)]
unsafe fn copy_turned<S: Simd>(
    simd: S,
    k: usize,
    rows: usize,
    from: *const f32,
    a_column: usize,
    to: *mut f32,
) {
    for p in 0..k {
        for i in (0..rows).step_by(S::LANES) {
            let count = S::LANES.min(rows - i);
            // SAFETY: rows `i..i + count` of step `p`.
            unsafe {
                let column = simd.load_part(from.add(p * a_column + i), count);
                simd.store_part(to.add(p * rows + i), count, column);
            }
        }
    }
}

#[repr(C, align(64))]
struct Copied(MaybeUninit<[f32; COPIED_ROWS * COPY_ROW]>);

impl Kernel for Packed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { block, copies } = self;
        let k_blocks = block.k.div_ceil(K_BLOCK).max(1);
        let (width, height) = (PANEL_VECTORS * S::LANES, max_rows::<S>());
        let collides = block.a_column == 1
            && (block.a_row * size_of::<f32>()).is_multiple_of(SET_PERIOD)
            && block.m > height;
        let mut panel = Panel(MaybeUninit::uninit());
        let packed = panel.0.as_mut_ptr().cast::<f32>();
        let mut copy = Copied(MaybeUninit::uninit());
        let copied = copy.0.as_mut_ptr().cast::<f32>();

        let turned = copies && block.a_row == 1 && block.a_column > 1 && block.n > width;
        let most = match (collides || turned, block.b_column) {
            (true, _) => COPIED_ROWS,
            (false, 1) => GROUP,
            (false, _) => TURNING_GROUP,
        };
        for (first, group) in row_blocks(block.m, most) {
            for k_block in 0..k_blocks {
                let (p, end) = (k_block * block.k / k_blocks, (k_block + 1) * block.k / k_blocks);
                let k = end - p;
                if collides {
                    for i in 0..group {
                        let from = block.a.wrapping_add((first + i) * block.a_row + p);
                        // SAFETY: `k` numbers of a row lie within `a`; `copied` has room for `COPIED_ROWS` rows of
                        // `K_BLOCK`.
                        unsafe { core::ptr::copy_nonoverlapping(from, copied.add(i * COPY_ROW), k) };
                    }
                }
                if turned {
                    for (i, rows) in tall_first(group, height) {
                        let from = block.a.wrapping_add(first + i + p * block.a_column);
                        // SAFETY: `k` steps of `rows` rows lie within `a`; `copied` has room for `COPIED_ROWS` rows of `K_BLOCK`, of
                        // which those before take `i · k`.
                        unsafe { copy_turned(simd, k, rows, from, block.a_column, copied.add(i * k)) };
                    }
                }
                let together = (SMALL / (k * width).max(1)).max(1) * width;
                for from in (0..block.n).step_by(together) {
                    let to = block.n.min(from + together);
                    for (i, rows) in tall_first(group, height) {
                        for j in (from..to).step_by(width) {
                            let columns = width.min(to - j);
                            let panel = packed.wrapping_add((j - from) * k);
                            // Tiles of the first rows pack what they read, if that is rows of whole vectors.
                            let by_tile = i == 0 && block.b_column == 1 && columns == width;
                            if i == 0 && !by_tile {
                                let b = block.b.wrapping_add(p * block.b_row + j * block.b_column);
                                // SAFETY: `k` rows from `p` and `columns` columns from `j` lie within `b`; there is
                                // room for a panel of `k` rows, and for `together` columns if that is more.
                                unsafe {
                                    pack(simd, k, columns, b, block.b_row, block.b_column, panel, width)
                                };
                            }
                            let mut operands = block.operands(first + i, j, p, k, 0);
                            if by_tile {
                                operands.packed = panel;
                            } else {
                                operands.b = panel;
                                operands.b_step = width;
                                operands.b_ahead = 0;
                            }
                            if collides {
                                operands.a = copied.wrapping_add(i * COPY_ROW);
                                operands.a_row = COPY_ROW;
                            } else if turned {
                                operands.a = copied.wrapping_add(i * k);
                                operands.a_step = rows;
                            }
                            // SAFETY: `rows` rows and `columns` columns from `j` lie within the operands; the panel
                            // was packed above or by the tile of the first rows.
                            unsafe { panel_tile(simd, rows, columns, operands) };
                            if end == block.k {
                                block.finish_tile(simd, first + i, rows, j, columns);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A block that is computed as its transpose: `aᵀ` is packed as the panel, the columns of `b` are read where they are, and each tile
/// is transposed when it is stored to `c`. Not inlined, for the size of its stack frame.
struct Transposed<'a>(Block<'a>);

#[repr(C, align(64))]
struct Turned([f32; MAX_ROWS * PANEL_VECTORS * MAX_LANES]);

impl Kernel for Transposed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Block { m, k, n, a, a_row, a_column, b, b_row, b_column, c, c_row, .. } = self.0;
        let width = if m <= S::LANES { S::LANES } else { PANEL_VECTORS * S::LANES };
        let k_blocks = k.div_ceil(K_BLOCK);
        let mut panel = Panel(MaybeUninit::uninit());
        let packed = panel.0.as_mut_ptr().cast::<f32>();
        let mut tile = Turned([0.0; MAX_ROWS * PANEL_VECTORS * MAX_LANES]);
        for k_block in 0..k_blocks {
            let (p, end) = (k_block * k / k_blocks, (k_block + 1) * k / k_blocks);
            // SAFETY: steps from `p` to `end` of all rows lie within `a`; the panel has room for `K_BLOCK` steps of
            // `width`, which is not less than `m`.
            unsafe {
                pack(simd, end - p, m, a.wrapping_add(p * a_column), a_column, a_row, packed, width);
            }
            for (j, columns) in row_blocks(n, max_rows::<S>()) {
                let to = c.wrapping_add(j);
                if k_block > 0 {
                    for (column, sums) in tile.0.chunks_exact_mut(width).take(columns).enumerate() {
                        for (i, sum) in sums.iter_mut().take(m).enumerate() {
                            // SAFETY: row `i` and column `j + column` lie within `c`.
                            *sum = unsafe { *to.add(i * c_row + column) };
                        }
                    }
                }
                let first = k_block == 0;
                let operands = Operands {
                    k: end - p,
                    a: b.wrapping_add(j * b_column + p * b_row),
                    a_row: b_column,
                    a_step: b_row,
                    b: packed,
                    b_step: width,
                    b_ahead: 0,
                    packed: core::ptr::null_mut(),
                    start: if first { ZEROS.as_ptr() } else { tile.0.as_ptr() },
                    start_row: if first { 0 } else { width },
                    c: tile.0.as_mut_ptr(),
                    c_row: width,
                    last: 0,
                    relu: false,
                };
                // SAFETY: steps from `p` to `end` of `columns` columns from `j` lie within `b`; the panel was packed
                // above; `tile` holds `columns` rows of `width`.
                unsafe { panel_tile(simd, columns, m, operands) };
                for i in 0..m {
                    // SAFETY: row `i` of `c` has `columns` columns from `j`.
                    let row = unsafe { core::slice::from_raw_parts_mut(to.add(i * c_row), columns) };
                    for (column, sum) in row.iter_mut().enumerate() {
                        *sum = tile.0[column * width + i];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::isa::Isa;
    use crate::kernels::simd::dispatch;
    use crate::kernels::testing::bits;
    use std::vec;
    use std::vec::Vec;

    /// More rows than are copied at once, more steps than a block, columns that fill no panel, rows that fill no tile.
    #[test]
    fn copied_rows_change_no_bit() {
        for (m, k, n) in [(13, 4, 65), (49, 100, 70), (60, 700, 64), (131, 33, 129), (25, 513, 40)] {
            let values = |len: usize, seed: usize| -> Vec<f32> {
                (0..len).map(|i| ((i * 7919 + seed) % 2003) as f32 / 1001.0 - 1.0).collect()
            };
            let (a, b) = (values(m * k, 1), values(k * n, 2));
            let (a, b) = (Matrix::new(&a, k, m).transposed(), Matrix::new(&b, k, n));
            for isa in Isa::available() {
                let [copied, in_place] = [true, false].map(|copies| {
                    let mut c = vec![f32::NAN; m * n];
                    // SAFETY: operands and result have the sizes of the product.
                    let block = unsafe { Block::new(a, b, None, Function::Linear, None, &mut c) };
                    dispatch(isa, Packed { block, copies });
                    bits(&c)
                });
                assert!(copied == in_place, "{isa}: {m}×{k}×{n}");
            }
        }
    }
}
