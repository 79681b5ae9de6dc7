//! Matrices inside slices.

use crate::brief::brief_debug;

/// A matrix inside a slice: element `(i, j)` is `data[i * row_stride + j * column_stride]`.
///
/// ```
/// use typenet_runtime::kernels::Matrix;
///
/// let rows = Matrix::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3);
/// let columns = rows.transposed();
/// assert_eq!((columns.rows, columns.columns), (3, 2));
/// // Element (2, 1) of the one is element (1, 2) of the other.
/// assert_eq!(columns.data[2 * columns.row_stride + columns.column_stride], 6.0);
/// ```
#[derive(Clone, Copy)]
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

brief_debug!(Matrix<'_, T> { [data], rows, columns, row_stride, column_stride });

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

    /// Whether every element lies in `data`.
    pub(super) fn fits(&self) -> bool {
        let last = |count: usize, stride: usize| (count - 1).checked_mul(stride);
        self.rows == 0
            || self.columns == 0
            || last(self.rows, self.row_stride)
                .zip(last(self.columns, self.column_stride))
                .and_then(|(row, column)| row.checked_add(column))
                .is_some_and(|last| last < self.data.len())
    }
}
