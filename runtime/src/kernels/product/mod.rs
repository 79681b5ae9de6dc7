//! Matrix products with a tail: bias and activation while the result is still in cache.
//!
//! Every element of a result is one chain
//!
//! ```text
//! s₋₁ = bias[j], c[i, j] or 0        sₚ = a[i, p]·b[p, j] + sₚ₋₁        c[i, j] = f(sₖ₋₁)
//! ```
//!
//! in ascending order of the inner index `p`, each step one fused multiply-add (on
//! [`Isa::Portable`] and in `f64` a product, rounded, and a sum). Tiles, blocks, threads and batch
//! sizes decide only when a step is computed and where its intermediate sum is kept, so they never change a bit: a sample alone
//! has the same result as in a batch.
//!
//! Nothing is allocated; panels are packed on the stack, which takes 165 KiB where there are more than a dozen rows or
//! a transposed `b`, and next to nothing otherwise.
//!
//! ```text
//! mod       what a product is: operands, tail, reference, sharing between threads
//! block     the loops over panels of columns, blocks of the inner index and blocks of rows
//! blocking  how large those blocks are, by the machine
//! matrix    matrices inside slices
//! tile      the innermost loop: a few rows by a few vectors of columns, in registers
//! columns   a few rows by a `b` that lies column by column
//! pack      panels of `b` copied so that a tile reads them in order
//! ```

mod block;
mod blocking;
mod columns;
mod matrix;
mod pack;
mod tile;

use super::Function;
use super::function::{Map, map_with};
use super::simd::dispatch;
use super::update::ALONE;
use crate::brief::brief_debug;
use crate::hardware::caches::caches;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads;
use block::Block;

pub use matrix::Matrix;

/// What happens to a row of the product before it is done.
///
/// ```
/// use typenet_runtime::kernels::{Function, Matrix, Product, Tail};
///
/// let (mut preactivation, mut y) = ([0.0f32; 2], [0.0; 2]);
/// let tail = Tail {
///     bias: Some(&[0.5, 0.5]),
///     function: Function::Relu,
///     preactivation: Some(&mut preactivation),
/// };
/// f32::product(Matrix::new(&[1.0, 2.0], 1, 2), Matrix::new(&[1.0, -1.0, 1.0, -1.0], 2, 2), tail, &mut y);
/// assert_eq!(preactivation, [3.5, -2.5]);
/// assert_eq!(y, [3.5, 0.0]);
/// ```
pub struct Tail<'a, T> {
    /// Added to every row; the chain of an element starts with it.
    pub bias: Option<&'a [T]>,
    /// Applied last.
    pub function: Function,
    /// Receives the argument of `function`, laid out as the product.
    pub preactivation: Option<&'a mut [T]>,
}

brief_debug!(Tail<'_, T> { (bias), function, (preactivation) });

impl<T> Default for Tail<'_, T> {
    fn default() -> Self {
        Self { bias: None, function: Function::Linear, preactivation: None }
    }
}

/// Products of matrices.
///
/// ```
/// use typenet_runtime::kernels::{Matrix, Product, Tail};
///
/// let a = Matrix::new(&[1.0f32, 2.0, 3.0, 4.0], 2, 2);
/// let mut c = [f32::NAN; 4];
/// f32::product(a, a.transposed(), Tail::default(), &mut c);
/// assert_eq!(c, [5.0, 11.0, 11.0, 25.0]);
/// f32::add_product(a, a.transposed(), Tail::default(), &mut c);
/// assert_eq!(c, [10.0, 22.0, 22.0, 50.0]);
///
/// let (row, mut same) = (Matrix::new(&[1.0f32, 2.0], 1, 2), [f32::NAN; 2]);
/// f32::product_in_turns(row, a, Tail::default(), &mut same);
/// assert_eq!(same, [7.0, 10.0]);
/// ```
pub trait Product: Sized {
    /// `c ← f(a·b + bias)` with `a: m×k`, `b: k×n`, and `c: m×n` row by row; `c` is never read.
    ///
    /// # Panics
    /// If `a.columns != b.rows`, or a slice does not hold its matrix.
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]);

    /// [`product`](Self::product) of one row, before an [update](crate::kernels::update) of `b` by rows. Threads then compute by rows of `b`
    /// too, one after the other, where its parts stay in the caches of their cores: to read what another core has changed takes longer
    /// than to compute.
    ///
    /// # Panics
    /// As [`product`](Self::product), and if `a` has more rows.
    fn product_in_turns(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        assert_eq!(a.rows, 1, "product_in_turns: one row");
        Self::product(a, b, tail, c);
    }

    /// `c ← f(a·b + c)`: as [`product`](Self::product), but the chain of each element starts with what `c` holds.
    ///
    /// # Panics
    /// As [`product`](Self::product), and if the tail has a bias.
    fn add_product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]);
}

/// Bytes of `b` that [`Product::product_in_turns`] leaves to each thread at most: what its second cache holds beside a moment for each
/// weight. What lies further away is read faster by all threads at once, whoever has changed it.
fn most_in_turn() -> usize {
    caches().l2 / 2
}

#[track_caller]
fn check<T>(a: &Matrix<'_, T>, b: &Matrix<'_, T>, tail: &Tail<'_, T>, c: &[T]) {
    let (m, n) = (a.rows, b.columns);
    assert_eq!(a.columns, b.rows, "product: a is {m}×{}, b is {}×{n}", a.columns, b.rows);
    assert!(a.fits(), "product: a slice of {} elements does not hold a: {m}×{}", a.data.len(), a.columns);
    assert!(b.fits(), "product: a slice of {} elements does not hold b: {}×{n}", b.data.len(), b.rows);
    assert_eq!(Some(c.len()), m.checked_mul(n), "product: c must be {m}×{n}");
    if let Some(bias) = tail.bias {
        assert_eq!(bias.len(), n, "product: the bias must have one element for each column");
    }
    if let Some(preactivation) = &tail.preactivation {
        assert_eq!(
            preactivation.len(),
            c.len(),
            "product: the preactivation must be as large as the product"
        );
    }
}

#[track_caller]
fn check_unbiased<T>(tail: &Tail<'_, T>) {
    assert!(tail.bias.is_none(), "add_product: chains start with `c`, not with a bias");
}

/// The definition of a product, and the arithmetic in which gradients are checked.
impl Product for f64 {
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        check(&a, &b, &tail, c);
        for row in c.chunks_exact_mut(b.columns.max(1)) {
            match tail.bias {
                Some(bias) => row.copy_from_slice(bias),
                None => row.fill(0.0),
            }
        }
        Self::add_product(a, b, Tail { bias: None, ..tail }, c);
    }

    fn add_product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        check(&a, &b, &tail, c);
        check_unbiased(&tail);
        let n = b.columns;
        for (i, row) in c.chunks_exact_mut(n.max(1)).enumerate() {
            for p in 0..a.columns {
                let factor = a.data[i * a.row_stride + p * a.column_stride];
                for (j, sum) in row.iter_mut().enumerate() {
                    *sum += factor * b.data[p * b.row_stride + j * b.column_stride];
                }
            }
        }
        if let Some(preactivation) = tail.preactivation {
            preactivation.copy_from_slice(c);
        }
        Self::map(tail.function, n, c);
    }
}

impl Product for f32 {
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        product_with(isa(), a, b, tail, c);
    }

    fn product_in_turns(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        assert_eq!(a.rows, 1, "product_in_turns: one row");
        in_turns_with(isa(), a, b, tail, c);
    }

    fn add_product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]) {
        add_product_with(isa(), a, b, tail, c);
    }
}

/// [`Product::product_in_turns`] with the vectors of one instruction set.
fn in_turns_with(isa: Isa, a: Matrix<'_, f32>, b: Matrix<'_, f32>, tail: Tail<'_, f32>, c: &mut [f32]) {
    let (k, n) = (b.rows, b.columns);
    let len = k.saturating_mul(n);
    let share = len / threads::parts(len).max(1) * size_of::<f32>();
    if b.column_stride != 1 || n < COLUMN_GRANULE || len < ALONE || share > most_in_turn() {
        return product_with(isa, a, b, tail, c);
    }
    check(&a, &b, &tail, c);
    let Tail { bias, function, mut preactivation } = tail;
    threads::in_turns(len, n, 1, |part| {
        let (first, last) = (part.start / n, part.end / n);
        let a = Matrix { data: &a.data[first * a.column_stride..], columns: last - first, ..a };
        let b = Matrix { data: &b.data[first * b.row_stride..], rows: last - first, ..b };
        let tail = match last == k {
            true => Tail { bias: None, function, preactivation: preactivation.as_deref_mut() },
            false => Tail::default(),
        };
        match first {
            0 => run(isa, a, b, Tail { bias, ..tail }, false, c),
            _ => run(isa, a, b, tail, true, c),
        }
    });
}

pub(super) fn product_with(
    isa: Isa,
    a: Matrix<'_, f32>,
    b: Matrix<'_, f32>,
    tail: Tail<'_, f32>,
    c: &mut [f32],
) {
    run(isa, a, b, tail, false, c);
}

pub(super) fn add_product_with(
    isa: Isa,
    a: Matrix<'_, f32>,
    b: Matrix<'_, f32>,
    tail: Tail<'_, f32>,
    c: &mut [f32],
) {
    check_unbiased(&tail);
    run(isa, a, b, tail, true, c);
}

/// `resumed`: chains start with what `c` holds.
fn run(isa: Isa, a: Matrix<'_, f32>, b: Matrix<'_, f32>, tail: Tail<'_, f32>, resumed: bool, c: &mut [f32]) {
    check(&a, &b, &tail, c);
    let (mut m, k, mut n) = (a.rows, a.columns, b.columns);
    if m == 0 || n == 0 {
        return;
    }
    let function = if tail.function.is_rowwise() { Function::Linear } else { tail.function };
    let whole = if n == 1 && m >= 4 {
        // A single column is computed as a row, (a·b)ᵀ = bᵀ·aᵀ, whose chains are the same but fill vectors.
        if !resumed {
            c.fill(tail.bias.map_or(0.0, |bias| bias[0]));
        }
        (m, n) = (1, m);
        // SAFETY: as below; the transposed operands lie within the same slices.
        unsafe { Block::new(b.transposed(), a.transposed(), None, function, tail.preactivation, c) }.resumed()
    } else {
        // SAFETY: `check` has looked at all lengths, and `m` and `n` are not zero.
        let block = unsafe { Block::new(a, b, tail.bias, function, tail.preactivation, c) };
        if resumed { block.resumed() } else { block }
    };

    // Threads divide the rows where there are many for each, so that each writes a contiguous part of `c`. Otherwise they divide the
    // columns, so that each panel of `b` is packed by one thread only.
    let parts = threads::parts(m.saturating_mul(n).saturating_mul(k) / 16 + k.saturating_mul(n) / 8);
    let (row_parts, column_parts) = if m / parts >= MANY_ROWS {
        (parts, 1)
    } else {
        let column_parts = parts.min(n.div_ceil(COLUMN_GRANULE));
        ((parts / column_parts).clamp(1, m.div_ceil(ROW_GRANULE)), column_parts)
    };
    if column_parts * row_parts == 1 {
        dispatch(isa, whole);
    } else {
        let bound = |part: usize, parts: usize, size: usize, granule: usize| {
            (size.div_ceil(granule) * part / parts * granule).min(size)
        };
        threads::share(column_parts * row_parts, |part| {
            let (row, column) = (part / column_parts, part % column_parts);
            let rows = bound(row, row_parts, m, ROW_GRANULE)..bound(row + 1, row_parts, m, ROW_GRANULE);
            let columns = bound(column, column_parts, n, COLUMN_GRANULE)
                ..bound(column + 1, column_parts, n, COLUMN_GRANULE);
            // SAFETY: parts are disjoint in rows or in columns.
            dispatch(isa, unsafe { whole.part(rows, columns) });
        });
    }
    if tail.function.is_rowwise() {
        map_with(isa, tail.function, b.columns, c);
    }
}

/// Columns are divided between threads at multiples of this, the width of the widest panel.
const COLUMN_GRANULE: usize = 32;
/// From this many rows for each thread on, that every thread packs all of `b` costs little compared with the products.
const MANY_ROWS: usize = 96;
/// Rows are divided between threads at multiples of this, the height of the tallest tile.
const ROW_GRANULE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::bits;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    fn wide(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x)).collect()
    }

    fn absolute(x: &[f32]) -> Vec<f64> {
        x.iter().map(|&x| f64::from(x).abs()).collect()
    }

    /// How a matrix lies in memory.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Layout {
        Rows,
        Columns,
        Sparse,
    }

    impl Layout {
        const ALL: [Self; 3] = [Self::Rows, Self::Columns, Self::Sparse];

        /// A matrix in this layout in a prefix of `data`, which must be large enough.
        fn of<T>(self, data: &[T], rows: usize, columns: usize) -> Matrix<'_, T> {
            let (row_stride, column_stride) = match self {
                Self::Rows => (columns, 1),
                Self::Columns => (1, rows),
                Self::Sparse => (2 * columns + 1, 2),
            };
            Matrix { data, rows, columns, row_stride, column_stride }
        }

        fn len(rows: usize, columns: usize) -> usize {
            rows * (2 * columns + 1)
        }
    }

    #[derive(Debug, Clone)]
    struct Problem {
        m: usize,
        k: usize,
        n: usize,
        a: Vec<f32>,
        a_layout: Layout,
        b: Vec<f32>,
        b_layout: Layout,
        bias: Option<Vec<f32>>,
    }

    impl Problem {
        fn new(m: usize, k: usize, n: usize) -> Self {
            let values = |len: usize, seed: usize| {
                (0..len)
                    .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0)
                    .collect::<Vec<_>>()
            };
            Self {
                m,
                k,
                n,
                a: values(Layout::len(m, k), 1),
                a_layout: Layout::Rows,
                b: values(Layout::len(k, n), 2),
                b_layout: Layout::Rows,
                bias: Some(values(n, 3)),
            }
        }

        fn a(&self) -> Matrix<'_, f32> {
            self.a_layout.of(&self.a, self.m, self.k)
        }

        fn b(&self) -> Matrix<'_, f32> {
            self.b_layout.of(&self.b, self.k, self.n)
        }

        fn solve(&self, isa: Isa, function: Function) -> Vec<f32> {
            let mut c = vec![f32::NAN; self.m * self.n];
            let tail = Tail { bias: self.bias.as_deref(), function, preactivation: None };
            product_with(isa, self.a(), self.b(), tail, &mut c);
            c
        }

        fn reference(&self, a: &[f64], b: &[f64], bias: Option<&[f64]>) -> Vec<f64> {
            let mut c = vec![f64::NAN; self.m * self.n];
            let (a, b) = (self.a_layout.of(a, self.m, self.k), self.b_layout.of(b, self.k, self.n));
            f64::product(a, b, Tail { bias, ..Tail::default() }, &mut c);
            c
        }

        /// The value, and the sum of the sizes of its terms.
        fn values_and_sizes(&self) -> (Vec<f64>, Vec<f64>) {
            let bias = self.bias.as_deref();
            (
                self.reference(&wide(&self.a), &wide(&self.b), bias.map(wide).as_deref()),
                self.reference(&absolute(&self.a), &absolute(&self.b), bias.map(absolute).as_deref()),
            )
        }

        /// The chain of the module's documentation, step by step. `fused` in `f64`, rounded twice: exact enough to
        /// be right for the small integers it is used with; others are compared with the reference.
        fn chain(&self) -> Vec<f32> {
            let (a, b) = (self.a(), self.b());
            let mut c = Vec::new();
            for i in 0..self.m {
                for j in 0..self.n {
                    let mut sum = self.bias.as_ref().map_or(0.0, |bias| bias[j]);
                    for p in 0..self.k {
                        let (x, y) = (
                            a.data[i * a.row_stride + p * a.column_stride],
                            b.data[p * b.row_stride + j * b.column_stride],
                        );
                        sum = x.mul_add(y, sum);
                    }
                    c.push(sum);
                }
            }
            c
        }
    }

    fn problem() -> impl Strategy<Value = Problem> {
        let size = || prop_oneof![4 => 0usize..40, 1 => 40usize..100];
        let inner = prop_oneof![4 => 0usize..40, 1 => 250usize..600];
        (size(), inner, size(), 0usize..9, any::<bool>()).prop_map(|(m, k, n, layouts, bias)| {
            let mut problem = Problem::new(m, k, n);
            problem.a_layout = Layout::ALL[layouts / 3];
            problem.b_layout = Layout::ALL[layouts % 3];
            problem.bias = problem.bias.filter(|_| bias);
            problem
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn product_agrees_with_reference(problem in problem()) {
            let (values, sizes) = problem.values_and_sizes();
            for isa in Isa::available() {
                let c = problem.solve(isa, Function::Linear);
                for ((c, value), size) in c.iter().zip(&values).zip(&sizes) {
                    // |error| ≤ γ(k + 1)·Σ|aᵢbᵢ| (Higham, Accuracy and Stability of Numerical Algorithms, §3.1)
                    let bound = (problem.k + 2) as f64 * f64::from(f32::EPSILON) / 2.0 * size;
                    prop_assert!((f64::from(*c) - value).abs() <= bound, "{isa}: {c}, not {value}");
                }
            }
        }

        #[test]
        fn every_element_is_one_chain_of_fused_multiply_adds(problem in problem()) {
            let chain = bits(&problem.chain());
            for isa in Isa::available().filter(|&isa| isa != Isa::Portable) {
                prop_assert_eq!(&bits(&problem.solve(isa, Function::Linear)), &chain, "{}", isa);
            }
        }

        #[test]
        fn a_row_alone_has_the_bits_of_the_batch(problem in problem()) {
            for isa in Isa::available() {
                let batch = problem.solve(isa, Function::Tanh);
                for i in 0..problem.m {
                    let a = problem.a();
                    let row = Matrix { data: &a.data[i * a.row_stride..], rows: 1, ..a };
                    if problem.k == 0 || problem.n == 0 {
                        continue;
                    }
                    let mut c = vec![f32::NAN; problem.n];
                    let tail = Tail { bias: problem.bias.as_deref(), function: Function::Tanh, preactivation: None };
                    product_with(isa, row, problem.b(), tail, &mut c);
                    prop_assert_eq!(bits(&c), bits(&batch[i * problem.n..][..problem.n]), "{}: row {}", isa, i);
                }
            }
        }
    }

    /// Sizes that the property tests above seldom meet.
    #[test]
    fn every_route_is_one_chain() {
        // Few columns: rows fill the vectors, whole and cut panels, one and two blocks of columns; packed for their lines. One or two rows:
        // two vectors of columns, one behind the other. Rows that are copied, and more than one group of those.
        for (m, k, n) in [
            (70, 40, 10),
            (45, 20, 3),
            (32, 8, 12),
            (129, 530, 11),
            (60, 300, 9),
            (1, 400, 75),
            (2, 323, 47),
            (210, 530, 40),
            (30, 1024, 70),
            (13, 1100, 33),
        ] {
            for layouts in 0..9 {
                let mut problem = Problem::new(m, k, n);
                problem.a_layout = Layout::ALL[layouts / 3];
                problem.b_layout = Layout::ALL[layouts % 3];
                problem.bias = None;
                let chain = bits(&problem.chain());
                for isa in Isa::available().filter(|&isa| isa != Isa::Portable) {
                    let found = bits(&problem.solve(isa, Function::Linear));
                    assert!(found == chain, "{isa}: {m}×{k}×{n}, layouts {layouts}");
                }
            }
        }
    }

    #[test]
    fn a_product_added_in_two_parts_is_one_chain() {
        // On every route: one row and several, few steps, packed panels, `b` by columns, a single column.
        for (m, k, n) in
            [(1, 40, 300), (4, 3, 1100), (13, 520, 33), (30, 1024, 9), (9, 5, 1), (3, 0, 7), (50, 90, 70)]
        {
            for layouts in 0..9 {
                let mut problem = Problem::new(m, k, n);
                problem.a_layout = Layout::ALL[layouts / 3];
                problem.b_layout = Layout::ALL[layouts % 3];
                for isa in Isa::available() {
                    let whole = problem.solve(isa, Function::Relu);
                    let (a, b, first) = (problem.a(), problem.b(), k / 3);
                    let mut c = vec![f32::NAN; m * n];
                    let bias = Tail { bias: problem.bias.as_deref(), ..Tail::default() };
                    product_with(
                        isa,
                        Matrix { columns: first, ..a },
                        Matrix { rows: first, ..b },
                        bias,
                        &mut c,
                    );
                    let a = Matrix { data: &a.data[first * a.column_stride..], columns: k - first, ..a };
                    let b = Matrix { data: &b.data[first * b.row_stride..], rows: k - first, ..b };
                    let relu = Tail { function: Function::Relu, ..Tail::default() };
                    add_product_with(isa, a, b, relu, &mut c);
                    assert!(
                        bits(&c) == bits(&whole),
                        "{isa}: {m}×{k}×{n}, {:?}·{:?}",
                        problem.a_layout,
                        problem.b_layout
                    );
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "not with a bias")]
    fn a_product_added_to_a_matrix_has_no_bias() {
        let a = Matrix::new(&[1.0f32], 1, 1);
        f32::add_product(a, a, Tail { bias: Some(&[1.0]), ..Tail::default() }, &mut [0.0]);
    }

    #[test]
    fn reference_by_hand() {
        // [1 2; 3 4]·[5 6; 7 8] + [1 −1]
        let mut c = [f64::NAN; 4];
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
        let mut preactivation = [f64::NAN; 4];
        let tail = Tail {
            bias: Some(&[1.0, -50.0]),
            function: Function::Relu,
            preactivation: Some(&mut preactivation),
        };
        f64::product(Matrix::new(&a, 2, 2), Matrix::new(&b, 2, 2), tail, &mut c);
        assert_eq!(preactivation, [20.0, -28.0, 44.0, 0.0]);
        assert_eq!(c, [20.0, 0.0, 44.0, 0.0]);
    }

    #[test]
    fn small_integers_are_exact_at_every_tail_size() {
        for isa in Isa::available() {
            for m in [0, 1, 2, 5, 6, 7, 11, 12, 13, 25] {
                for n in 0..=70 {
                    for k in [0, 1, 3, 300] {
                        let mut problem = Problem::new(m, k, n);
                        let round = |x: &mut Vec<f32>| x.iter_mut().for_each(|x| *x = (*x * 8.0).trunc());
                        round(&mut problem.a);
                        round(&mut problem.b);
                        problem.bias.iter_mut().for_each(round);
                        if n % 3 == 0 {
                            problem.b_layout = Layout::Columns;
                        }
                        let want: Vec<f64> = problem.values_and_sizes().0;
                        let got = wide(&problem.solve(isa, Function::Linear));
                        assert_eq!(got, want, "{isa}: {m}×{k}×{n}");
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_of_rows_and_of_the_inner_index_continue_the_same_chains() {
        // More than one block of the inner index; rows of `a` 4096 bytes apart, which are copied; more than one group
        // of rows.
        for (m, k, n) in [(30, 1024, 40), (30, 1025, 40), (200, 100, 100)] {
            let problem = Problem::new(m, k, n);
            let chain = bits(&problem.chain());
            for isa in Isa::available().filter(|&isa| isa != Isa::Portable) {
                assert!(bits(&problem.solve(isa, Function::Linear)) == chain, "{isa}: {m}×{k}×{n}");
            }
        }
    }

    #[test]
    fn tail_is_bias_then_function_and_keeps_the_argument() {
        for isa in Isa::available() {
            for (m, k, n) in [(1, 5, 200), (3, 40, 37), (30, 300, 70)] {
                let problem = Problem::new(m, k, n);
                let linear = problem.solve(isa, Function::Linear);
                for function in [Function::Relu, Function::Gelu, Function::Softmax] {
                    let (mut c, mut kept) = (vec![f32::NAN; m * n], vec![f32::NAN; m * n]);
                    let tail =
                        Tail { bias: problem.bias.as_deref(), function, preactivation: Some(&mut kept) };
                    product_with(isa, problem.a(), problem.b(), tail, &mut c);
                    assert_eq!(bits(&kept), bits(&linear), "{isa}: {function:?}");
                    let mut want = linear.clone();
                    map_with(isa, function, n, &mut want);
                    assert_eq!(bits(&c), bits(&want), "{isa}: {function:?}");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        for (m, k, n) in [(1, 784, 512), (37, 300, 500), (500, 64, 10), (300, 100, 1), (128, 512, 77)] {
            for layouts in 0..4 {
                let mut problem = Problem::new(m, k, n);
                problem.a_layout = Layout::ALL[layouts / 2];
                problem.b_layout = Layout::ALL[layouts % 2];
                for isa in Isa::available() {
                    let results = [1, 2, 3, 8].map(|threads| {
                        crate::kernels::testing::pool(threads)
                            .install(|| bits(&problem.solve(isa, Function::Relu)))
                    });
                    assert!(results.iter().all(|result| *result == results[0]), "{isa}: {m}×{k}×{n}");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn a_product_in_turns_has_the_bits_of_the_product() {
        // Shared in turns; too small for that; too few columns; more than the second cache holds.
        for (k, n) in [(784, 512), (131, 517), (100, 700), (30, 40), (9000, 8), (5000, 700)] {
            for (layout, bias) in Layout::ALL.iter().flat_map(|&layout| [(layout, false), (layout, true)]) {
                let mut problem = Problem::new(1, k, n);
                problem.b_layout = layout;
                problem.bias = problem.bias.filter(|_| bias);
                for isa in [Isa::Portable, isa()] {
                    let expected = bits(&problem.solve(isa, Function::Gelu));
                    let argument = bits(&problem.solve(isa, Function::Linear));
                    for threads in [1, 2, 3, 8] {
                        let (mut c, mut kept) = (vec![f32::NAN; n], vec![f32::NAN; n]);
                        let tail = Tail {
                            bias: problem.bias.as_deref(),
                            function: Function::Gelu,
                            preactivation: Some(&mut kept),
                        };
                        crate::kernels::testing::pool(threads)
                            .install(|| in_turns_with(isa, problem.a(), problem.b(), tail, &mut c));
                        assert!(bits(&c) == expected, "{isa}: {k}×{n}, {layout:?}, {threads} threads");
                        assert!(bits(&kept) == argument, "{isa}: {k}×{n}, {layout:?}, {threads} threads");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "one row")]
    fn several_rows_do_not_go_in_turns() {
        let a = Matrix::new(&[1.0f32; 4], 2, 2);
        f32::product_in_turns(a, a, Tail::default(), &mut [0.0; 4]);
    }

    #[test]
    fn nan_stays_in_its_row_and_column() {
        // On every route that a product can take; relu, in registers on most, hides none.
        for (m, k, n) in [(1, 30, 40), (3, 8, 70), (5, 300, 200), (20, 30, 40), (40, 300, 1), (60, 300, 70)] {
            for (isa, layout) in Isa::available().flat_map(|isa| Layout::ALL.map(|layout| (isa, layout))) {
                let mut problem = Problem::new(m, k, n);
                problem.b_layout = layout;
                problem.a[m / 2 * k + 7] = f32::NAN;
                let c = problem.solve(isa, Function::Relu);
                for (i, row) in c.chunks_exact(n).enumerate() {
                    assert!(row.iter().all(|c| c.is_nan() == (i == m / 2)), "{isa}: {m}×{k}×{n}, row {i}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a is 2×3, b is 4×2")]
    fn operands_that_do_not_fit_are_refused() {
        let (a, b) = ([0.0; 6], [0.0; 8]);
        f32::product(Matrix::new(&a, 2, 3), Matrix::new(&b, 4, 2), Tail::default(), &mut [0.0; 4]);
    }

    #[test]
    #[should_panic(expected = "a slice of 5 elements does not hold a: 2×3")]
    fn a_slice_that_does_not_hold_its_matrix_is_refused() {
        let (a, b) = ([0.0f32; 5], [0.0; 6]);
        let a = Matrix { data: &a, rows: 2, columns: 3, row_stride: 3, column_stride: 1 };
        f32::product(a, Matrix::new(&b, 3, 2), Tail::default(), &mut [0.0; 4]);
    }

    #[test]
    fn few_steps_without_bias_start_from_zero_in_every_column() {
        for isa in Isa::available() {
            for (m, k, n) in [(784, 1, 512), (16, 3, 1024), (2, 4, 2051), (5, 1, 513)] {
                let mut problem = Problem::new(m, k, n);
                problem.bias = None;
                let (expected, sizes) = problem.values_and_sizes();
                let found = problem.solve(isa, Function::Linear);
                for ((found, expected), size) in found.iter().zip(expected).zip(sizes) {
                    let tolerance = k as f64 * f64::from(f32::EPSILON) * size;
                    assert!((f64::from(*found) - expected).abs() <= tolerance, "{isa}: {m}×{k}×{n}");
                }
            }
        }
    }

    /// Every slice ends with its matrix, so that a memory checker sees any access beyond; one of each path.
    #[test]
    fn operands_may_end_with_their_last_element() {
        let exact = |layout: Layout, rows: usize, columns: usize| {
            let matrix = layout.of(&[0.0f32; 0], rows, columns);
            vec![0.5; (rows - 1) * matrix.row_stride + (columns - 1) * matrix.column_stride + 1]
                .into_boxed_slice()
        };
        let sizes = [
            (1, 40, 300),
            (4, 3, 1100),
            (3, 700, 37),
            (13, 520, 33),
            (30, 1024, 9),
            (200, 70, 130),
            (70, 40, 10),
            (2, 400, 75),
            (9, 5, 1),
        ];
        for isa in Isa::available() {
            for (m, k, n) in sizes {
                for layouts in 0..9 {
                    let (a_layout, b_layout) = (Layout::ALL[layouts / 3], Layout::ALL[layouts % 3]);
                    let (a, b) = (exact(a_layout, m, k), exact(b_layout, k, n));
                    for bias in [None, Some(vec![1.0f32; n].into_boxed_slice())] {
                        let mut c = vec![f32::NAN; m * n].into_boxed_slice();
                        let tail =
                            Tail { bias: bias.as_deref(), function: Function::Relu, preactivation: None };
                        product_with(isa, a_layout.of(&a, m, k), b_layout.of(&b, k, n), tail, &mut c);
                        let want = 0.25 * k as f32 + f32::from(u8::from(bias.is_some()));
                        assert!(
                            c.iter().all(|&c| c == want),
                            "{isa}: {m}×{k}×{n}, {a_layout:?}·{b_layout:?}"
                        );
                    }
                }
            }
        }
    }
}
