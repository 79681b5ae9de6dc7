//! The loops around the tile.
//!
//! The columns of `b` are divided into panels as wide as a tile. With few rows, or a `b` that fits in the L1 cache, tiles read `b` where
//! it is. Otherwise the inner index is divided into blocks such that a panel's block fits in cache. The block is packed, by the first
//! tile itself where the layout allows, and then used for all rows; between two blocks the partial sums are kept in `c`. Where it is the rows
//! that fill vectors, the block is computed as its transpose.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

use super::blocking::{Blocking, COPIED, PANEL, STEPS};
use super::columns::{columns, max_column_rows};
use super::matrix::Matrix;
use super::pack::pack;
use super::tile::{
    MAX_ROWS, Operands, PANEL_VECTORS, STREAM_COLUMNS, max_rows, max_stream_rows, row, stream, tile,
};
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

/// Up to this many steps, products of a few rows are computed along whole rows of `c` rather than in tiles.
const FEW_STEPS: usize = 8;
/// From this many steps on, transposing a tile or packing a small `b` costs little compared with computing it.
const TURNING_STEPS: usize = 64;
/// Addresses this many bytes apart fall into the same set of the L1 cache.
const SET_PERIOD: usize = 4096;
/// How many rows ahead `b` is prefetched where it is not packed.
const ROWS_AHEAD: usize = 12;
/// Numbers of a line of the cache.
const LINE: usize = 16;

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
            panels: 1,
            b_panel: 0,
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

    /// Whether the product is cheaper as the transpose of `bᵀ·aᵀ`, with tiles of `width` rows.
    #[inline(always)]
    fn is_better_transposed(&self, width: usize) -> bool {
        let plain = self.bias.is_null() && self.preactivation.is_null() && self.function == Function::Linear;
        // `b` lies by columns, and `a` has so few rows that packing `b` would take longer than using it.
        let collides = (self.b_column * size_of::<f32>()).is_multiple_of(SET_PERIOD);
        let few_rows =
            self.b_row == 1 && self.b_column > 1 && !collides && self.m <= width && self.k >= TURNING_STEPS;
        // `a` lies by columns, so that its rows fill vectors, which the few columns of `b` do not.
        let few_columns = self.a_row == 1
            && self.a_column > 1
            && self.n <= MAX_ROWS
            && self.m >= width
            && self.k >= FEW_STEPS;
        plain && !self.resumed && (few_rows || few_columns)
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

    /// Packs `panels` panels of `columns` columns from `j`, one behind the other, for `k` steps from `p`.
    ///
    /// # Safety
    /// They lie within `b`, and as many whole vectors are writable at `to`.
    #[inline(always)]
    unsafe fn pack_strip<S: Simd>(
        &self,
        simd: S,
        (p, k): (usize, usize),
        j: usize,
        panels: usize,
        columns: usize,
        to: *mut f32,
    ) {
        let width = columns.next_multiple_of(S::LANES);
        for panel in 0..panels {
            let b = self.b.wrapping_add(p * self.b_row + (j + panel * columns) * self.b_column);
            let to = to.wrapping_add(panel * width * k);
            // SAFETY: the caller's.
            unsafe { pack(simd, k, columns, b, self.b_row, self.b_column, to, width) };
        }
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
    let vectors = columns.div_ceil(S::LANES);
    operands.last = columns - (vectors - 1) * S::LANES;
    // SAFETY: the caller's.
    unsafe {
        match (vectors, operands.last == S::LANES) {
            (1, _) => tile::<S, 1, true>(simd, rows, &operands),
            (2, true) => tile::<S, 2, false>(simd, rows, &operands),
            (2, false) => tile::<S, 2, true>(simd, rows, &operands),
            _ => unreachable!("a panel of {columns} columns"),
        }
    }
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if self.b_row == 1 && self.b_column > 1 && self.m <= max_column_rows::<S>() {
            return self.run_columns(simd);
        }
        if self.is_better_transposed(PANEL_VECTORS * S::LANES) {
            return simd.call(Transposed(self));
        }
        let blocking = Blocking::here();
        let whole_vectors = S::MASKED || self.n.is_multiple_of(PANEL_VECTORS * S::LANES);
        let in_place = self.b_column == 1 && whole_vectors;
        let small = self.k * self.n <= blocking.small;
        let few_rows = self.m <= max_stream_rows::<S>() && !small;
        let few_steps = self.k <= FEW_STEPS && self.n >= 4 * S::LANES;
        // Where vectors are cut, rows of a panel are whole and begin with lines of the cache, which pays from a few tiles and some steps on.
        let cut = self.n < S::LANES
            && self.m > 4 * max_rows::<S>()
            && self.k >= TURNING_STEPS
            && self.a_column == 1;
        let one_panel = self.n <= PANEL_VECTORS * S::LANES && !cut;
        if in_place && (few_rows || few_steps) && self.k > 0 {
            self.run_streaming(simd);
        } else if in_place && (small && one_panel || self.m <= max_rows::<S>()) {
            self.run_in_place(simd);
        } else {
            simd.call(Packed { block: self, blocking });
        }
    }
}

/// Bounds of `count` pieces of `size`, nearly equal and multiples of `granule` but for the last.
#[inline(always)]
fn bound(piece: usize, count: usize, size: usize, granule: usize) -> usize {
    (piece * size / count).next_multiple_of(granule).min(size)
}

/// A block whose panels are packed on the stack. Not inlined, so that other blocks do not need that much stack.
struct Packed<'a> {
    block: Block<'a>,
    blocking: Blocking,
}

#[repr(C, align(64))]
struct Panel(MaybeUninit<[f32; PANEL]>);

#[repr(C, align(64))]
struct Copied(MaybeUninit<[f32; COPIED]>);

/// How rows of `a` are read by tiles.
#[derive(Clone, Copy, PartialEq)]
enum Rows {
    /// Where they are.
    InPlace,
    /// Copied to other distances, because their own puts all of them into the same sets of the cache.
    Apart,
    /// Copied from columns, so that the factors of a step lie side by side.
    Ordered,
}

/// Copies `k` steps of `rows` rows of an `a` that lies column by column, in blocks of up to `height` as tiles read them.
///
/// # Safety
/// The rows are readable at `from`, with `a_column` from one step to the next, and as many numbers are writable at `to`.
#[inline(always)]
unsafe fn copy_ordered<S: Simd>(
    simd: S,
    k: usize,
    rows: usize,
    height: usize,
    from: *const f32,
    a_column: usize,
    to: *mut f32,
) {
    for (first, rows) in tall_first(rows, height) {
        for p in 0..k {
            for i in (0..rows).step_by(S::LANES) {
                let count = S::LANES.min(rows - i);
                // SAFETY: rows from `first + i` of step `p`; blocks lie one behind the other, each as many steps of its rows.
                unsafe {
                    let column = simd.load_part(from.add(p * a_column + first + i), count);
                    simd.store_part(to.add(first * k + p * rows + i), count, column);
                }
            }
        }
    }
}

impl Kernel for Packed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { block, blocking: Blocking { rows: most, copies, small } } = self;
        let (width, height) = (PANEL_VECTORS * S::LANES, max_rows::<S>());
        let mut panel = Panel(MaybeUninit::uninit());
        let packed = panel.0.as_mut_ptr().cast::<f32>();
        let mut copy = Copied(MaybeUninit::uninit());
        let copied = copy.0.as_mut_ptr().cast::<f32>();

        let collides = (block.a_row * size_of::<f32>()).is_multiple_of(SET_PERIOD) && block.m > height;
        let rows_of_a = if block.a_column == 1 && collides {
            Rows::Apart
        } else if copies && block.a_row == 1 && block.a_column > 1 && block.n > width {
            Rows::Ordered
        } else {
            Rows::InPlace
        };
        // Shorter blocks leave room for more rows.
        let steps = if rows_of_a == Rows::Ordered { STEPS / 2 } else { STEPS };
        let k_blocks = block.k.div_ceil(steps).max(1);
        let longest = block.k.div_ceil(k_blocks).max(1).next_multiple_of(LINE);
        // Not a power of two.
        let apart = longest + LINE;
        let most = match (rows_of_a, block.b_column) {
            (Rows::Apart, _) => COPIED / apart,
            (Rows::Ordered, _) => COPIED / longest,
            (Rows::InPlace, 1) => most,
            (Rows::InPlace, _) => 2 * most,
        };
        // No wider than the zeros where chains start.
        let together = (small / (longest * width)).max(1).min(STREAM_COLUMNS / width) * width;
        for (first, group) in row_blocks(block.m, most) {
            for k_block in 0..k_blocks {
                let p = bound(k_block, k_blocks, block.k, LINE);
                let end = bound(k_block + 1, k_blocks, block.k, LINE);
                let k = end - p;
                let from = block.a.wrapping_add(first * block.a_row + p * block.a_column);
                match rows_of_a {
                    Rows::InPlace => {}
                    Rows::Apart => {
                        for i in 0..group {
                            // SAFETY: `k` numbers of a row lie within `a`; `copied` has room for as many rows `apart`.
                            unsafe {
                                core::ptr::copy_nonoverlapping(
                                    from.add(i * block.a_row),
                                    copied.add(i * apart),
                                    k,
                                );
                            }
                        }
                    }
                    // SAFETY: `k` steps of the group's rows lie within `a`; `copied` has room for as many rows of the longest block.
                    Rows::Ordered => unsafe {
                        copy_ordered(simd, k, group, height, from, block.a_column, copied);
                    },
                }
                for from in (0..block.n).step_by(together) {
                    let to = block.n.min(from + together);
                    // Panels as wide as they can be, and what is left.
                    let whole = (to - from) / width;
                    let strips = [(from, whole, width), (from + whole * width, 1, (to - from) % width)];
                    for (i, rows) in tall_first(group, height) {
                        for (j, panels, columns) in strips {
                            if panels * columns == 0 {
                                continue;
                            }
                            let panel_width = columns.next_multiple_of(S::LANES);
                            let to = packed.wrapping_add((j - from) * k);
                            let mut operands = block.operands(first + i, j, p, k, 0);
                            operands.panels = panels;
                            // Tiles of the first rows pack what they read, if that is rows of whole vectors.
                            if i == 0 && block.b_column == 1 && columns == width {
                                operands.packed = to;
                                operands.b_panel = width;
                            } else {
                                if i == 0 {
                                    // SAFETY: `k` steps from `p` and the panels' columns from `j` lie within `b`; there is room for a
                                    // panel of `k` steps, and for those `together` if they are more.
                                    unsafe { block.pack_strip(simd, (p, k), j, panels, columns, to) };
                                }
                                operands.b = to;
                                operands.b_step = panel_width;
                                operands.b_ahead = 0;
                                operands.b_panel = width * k;
                            }
                            match rows_of_a {
                                Rows::InPlace => {}
                                Rows::Apart => {
                                    operands.a = copied.wrapping_add(i * apart);
                                    operands.a_row = apart;
                                }
                                Rows::Ordered => {
                                    operands.a = copied.wrapping_add(i * k);
                                    operands.a_step = rows;
                                }
                            }
                            // SAFETY: `rows` rows and the panels' columns from `j` lie within the operands; the panels
                            // were packed above or by the tiles of the first rows.
                            unsafe { panel_tile(simd, rows, columns, operands) };
                            if end == block.k {
                                block.finish_tile(simd, first + i, rows, j, panels * columns);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A block that is computed as its transpose: the columns of `b` are the tile's rows, read where they are; `aᵀ` is read where it is if it lies by
/// rows, and else packed; each tile is transposed on its way to `c`. Not inlined, for the size of its stack frame.
struct Transposed<'a>(Block<'a>);

#[repr(C, align(64))]
struct Turned([f32; MAX_ROWS * PANEL_VECTORS * MAX_LANES]);

/// Columns that [`Simd::load_columns`] gives.
const QUAD: usize = 4;

impl Kernel for Transposed<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Block { m, k, n, a, a_row, a_column, b, b_row, b_column, c, c_row, .. } = self.0;
        let most = PANEL_VECTORS * S::LANES;
        let mut panel = Panel(MaybeUninit::uninit());
        let packed = panel.0.as_mut_ptr().cast::<f32>();
        let mut tile = Turned([0.0; MAX_ROWS * PANEL_VECTORS * MAX_LANES]);
        for first in (0..m).step_by(most) {
            let rows = most.min(m - first);
            let a = a.wrapping_add(first * a_row);
            let c = c.wrapping_add(first * c_row);
            let in_place = a_row == 1 && (S::MASKED || rows == most);
            let width = rows.next_multiple_of(S::LANES);
            let k_blocks = if in_place { 1 } else { k.div_ceil(STEPS) };
            for k_block in 0..k_blocks {
                let (p, end) = (bound(k_block, k_blocks, k, LINE), bound(k_block + 1, k_blocks, k, LINE));
                let a = a.wrapping_add(p * a_column);
                if !in_place {
                    // SAFETY: steps from `p` to `end` of all rows lie within `a`; the panel has room for them.
                    unsafe { pack(simd, end - p, rows, a, a_column, a_row, packed, width) };
                }
                for (j, columns) in row_blocks(n, max_rows::<S>()) {
                    let to = c.wrapping_add(j);
                    if k_block > 0 {
                        for (column, sums) in tile.0.chunks_exact_mut(width).take(columns).enumerate() {
                            for (i, sum) in sums.iter_mut().take(rows).enumerate() {
                                // SAFETY: row `i` and column `j + column` lie within `c`.
                                *sum = unsafe { *to.add(i * c_row + column) };
                            }
                        }
                    }
                    let start = if k_block > 0 { (tile.0.as_ptr(), width) } else { (ZEROS.as_ptr(), 0) };
                    let (from, b_step, b_ahead) = match in_place {
                        true => (a, a_column, ROWS_AHEAD * a_column),
                        false => (packed.cast_const(), width, 0),
                    };
                    let operands = Operands {
                        k: end - p,
                        a: b.wrapping_add(j * b_column + p * b_row),
                        a_row: b_column,
                        a_step: b_row,
                        b: from,
                        b_step,
                        b_ahead,
                        packed: core::ptr::null_mut(),
                        panels: 1,
                        b_panel: 0,
                        start: start.0,
                        start_row: start.1,
                        c: tile.0.as_mut_ptr(),
                        c_row: width,
                        last: 0,
                        relu: false,
                    };
                    // SAFETY: steps from `p` to `end` of `columns` columns from `j` lie within `b`, and of `rows` rows within `a` or the
                    // panel; `tile` holds `columns` rows of `width`.
                    unsafe { panel_tile(simd, columns, rows, operands) };
                    // SAFETY: `rows` rows of `c` have `columns` columns from `j`.
                    unsafe { turn(simd, tile.0.as_ptr(), width, columns, rows, to, c_row) };
                }
            }
        }
    }
}

/// Writes the transpose of `rows` rows of `columns` numbers at `from`, `width` apart: its row `i` goes to `to + i · to_row`.
///
/// # Safety
/// `width`, at least `columns` and a multiple of [`QUAD`], numbers are readable in each of the `rows` rows; `rows` are writable at each of `columns` places.
#[inline(always)]
unsafe fn turn<S: Simd>(
    simd: S,
    from: *const f32,
    width: usize,
    rows: usize,
    columns: usize,
    to: *mut f32,
    to_row: usize,
) {
    for first in (0..rows).step_by(S::LANES) {
        let count = S::LANES.min(rows - first);
        for column in (0..columns).step_by(QUAD) {
            // SAFETY: `count` rows from `first`, and four columns, which are no more than `width`.
            let quad = unsafe { simd.load_columns(from.add(first * width + column), width, count) };
            for (t, values) in quad.into_iter().enumerate().take(columns - column) {
                // SAFETY: the caller's.
                unsafe { simd.store_part(to.add((column + t) * to_row + first), count, values) };
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
                    dispatch(isa, Packed { block, blocking: Blocking { copies, ..Blocking::here() } });
                    bits(&c)
                });
                assert!(copied == in_place, "{isa}: {m}×{k}×{n}");
            }
        }
    }
}
