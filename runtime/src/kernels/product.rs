//! Matrix products with a tail: bias and activation while the result is still in cache.
//!
//! Every element of a result is one chain `((a₀b₀ + bias) + a₁b₁) + …` in ascending order of the inner index,
//! each step one fused multiply-add where the machine has it. Tiles, threads and batch sizes therefore never
//! change a bit of the result.

use super::Function;

/// A matrix inside a slice: element `(i, j)` is `data[i * row_stride + j * column_stride]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    /// The elements.
    pub data: &'a [T],
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Distance between neighbours in a column, in elements.
    pub row_stride: usize,
    /// Distance between neighbours in a row, in elements.
    pub column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A matrix that fills `data` row by row.
    ///
    /// # Panics
    /// If `data` is not `rows · columns` long.
    #[track_caller]
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "Matrix::new: {rows}×{columns} elements expected");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same elements with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// What happens to a row of the product before it is done.
#[derive(Debug)]
pub struct Tail<'a, T> {
    /// Added to every row; the chain of an element starts with it.
    pub bias: Option<&'a [T]>,
    /// Applied last.
    pub function: Function,
    /// Receives the argument of `function`, laid out as the product.
    pub preactivation: Option<&'a mut [T]>,
}

impl<T> Default for Tail<'_, T> {
    fn default() -> Self {
        Self { bias: None, function: Function::Linear, preactivation: None }
    }
}

/// Products of matrices.
pub trait Product: Sized {
    /// `c ← f(a·b + bias)` with `a: m×k`, `b: k×n`, and `c: m×n` row by row; `c` is never read.
    ///
    /// # Panics
    /// If `a.columns != b.rows`, or a slice does not hold its matrix.
    fn product(a: Matrix<'_, Self>, b: Matrix<'_, Self>, tail: Tail<'_, Self>, c: &mut [Self]);
}
