//! Limits on weights, as an update leaves them: signs, and norms of columns.

use super::simd::{Kernel, Simd, dispatch};
use crate::hardware::isa::isa;
use crate::hardware::threads::share_slices;

/// Negative numbers become zero; NaN stays.
///
/// ```
/// let mut x = [1.0, -1.0];
/// typenet_runtime::kernels::constrain::at_least_zero(&mut x);
/// assert_eq!(x, [1.0, 0.0]);
/// ```
pub fn at_least_zero(x: &mut [f32]) {
    share_slices(x, 16, 1, |_, x| {
        for x in x {
            *x = if *x < 0.0 { 0.0 } else { *x };
        }
    });
}

/// Columns whose factors are on the stack together.
const COLUMNS: usize = 512;

/// Multiplies each column of a matrix of rows of `columns` values by `factor` of its Euclidean norm.
///
/// Norms are summed in f64 in ascending order of the rows, so the bits do not depend on the number of threads. Products are
/// taken in f64 and rounded once, so factors need not fit in `f32`.
///
/// ```
/// let mut x = [3.0, 0.5, 4.0, 0.0];
/// typenet_runtime::kernels::constrain::scale_columns(&mut x, 2, |norm| if norm > 1.0 { 1.0 / norm } else { 1.0 });
/// assert_eq!(x, [0.6, 0.5, 0.8, 0.0]);
/// ```
///
/// # Panics
/// If `x` is not whole rows.
pub fn scale_columns(x: &mut [f32], columns: usize, factor: impl Fn(f64) -> f64 + Sync) {
    let rows = x.len() / columns.max(1);
    assert_eq!(rows * columns, x.len(), "scale_columns: {} values are not rows of {columns}", x.len());
    for start in (0..columns).step_by(COLUMNS) {
        let mut factors = [1.0f64; COLUMNS];
        let factors = &mut factors[..COLUMNS.min(columns - start)];
        let matrix = &*x;
        share_slices(&mut *factors, 16, rows, |from, factors| {
            dispatch(isa(), Norms { x: matrix, columns, from: start + from, factors, factor: &factor });
        });
        let factors = &*factors;
        share_slices(&mut *x, columns, 1, |_, x| {
            for row in x.chunks_exact_mut(columns) {
                let columns = row[start..].iter_mut().zip(factors);
                columns.for_each(|(x, factor)| *x = (f64::from(*x) * factor) as f32);
            }
        });
    }
}

/// The factors of columns from `from`.
struct Norms<'a, F> {
    x: &'a [f32],
    columns: usize,
    from: usize,
    factors: &'a mut [f64],
    factor: &'a F,
}

impl<F: Fn(f64) -> f64> Kernel for Norms<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let mut squares = [0.0f64; COLUMNS];
        let squares = &mut squares[..self.factors.len()];
        for row in self.x.chunks_exact(self.columns) {
            for (sum, &x) in squares.iter_mut().zip(&row[self.from..]) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
        for (to, square) in self.factors.iter_mut().zip(squares) {
            *to = (self.factor)(libm::sqrt(*square));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::bits;
    use std::vec::Vec;

    fn numbers(len: usize) -> Vec<f32> {
        let mut rng = crate::kernels::Rng::seed(len as u64);
        (0..len).map(|_| rng.normal() as f32).collect()
    }

    #[test]
    fn columns_by_hand() {
        let mut x = [3.0, 0.0, 1.0, 4.0, 0.0, 0.0];
        scale_columns(&mut x, 3, |norm| if norm == 5.0 { 2.0 } else { norm + 0.5 });
        assert_eq!(x, [6.0, 0.0, 1.5, 8.0, 0.0, 0.0]);
        scale_columns(&mut [], 0, |_| 0.0);
        scale_columns(&mut [], 3, |_| 0.0);
    }

    #[test]
    fn negative_numbers_become_zero_and_nan_stays() {
        let mut x = [1.0, -1.0, 0.0, f32::NEG_INFINITY, f32::NAN];
        at_least_zero(&mut x);
        assert_eq!(x[..4], [1.0, 0.0, 0.0, 0.0]);
        assert!(x[4].is_nan());
    }

    #[test]
    fn unit_columns_at_every_width() {
        for (rows, columns) in [(1, 1), (7, 3), (5, 17), (3, COLUMNS), (4, COLUMNS + 1), (3, 2 * COLUMNS + 5)]
        {
            let mut x = numbers(rows * columns);
            scale_columns(&mut x, columns, |norm| 1.0 / norm);
            for column in 0..columns {
                let square = |row: &[f32]| f64::from(row[column]) * f64::from(row[column]);
                let norm = x.chunks_exact(columns).map(square).sum::<f64>().sqrt();
                // The factor is rounded, and then each product.
                assert!((norm - 1.0).abs() <= f64::from(f32::EPSILON), "{rows}×{columns}: {norm}");
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let results = [1, 2, 3, 8].map(|threads| {
            let mut x = numbers(700 * 611);
            crate::kernels::testing::pool(threads).install(|| {
                scale_columns(&mut x, 611, |norm| 1.0 / norm);
                at_least_zero(&mut x);
            });
            bits(&x)
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    #[should_panic(expected = "5 values are not rows of 2")]
    fn incomplete_rows_are_refused() {
        scale_columns(&mut [0.0; 5], 2, |_| 1.0);
    }
}
