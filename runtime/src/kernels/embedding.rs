//! Rows of a table by number, and the gradient by the table.

use core::ops::AddAssign;

use super::simd::{Kernel, Simd, dispatch};
use super::sum::add;
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Numbers of rows, one for each position; in sequences of different length, positions behind a sequence's end have none.
///
/// ```
/// use typenet_runtime::kernels::embedding::{Positions, gather};
///
/// let table = [0.0, 0.5, 1.0, 1.5];
/// let mut rows = [9.0; 4];
/// gather(&table, 2, Positions::all(&[1, 0]), &mut rows);
/// assert_eq!(rows, [1.0, 1.5, 0.0, 0.5]);
/// // Two sequences of up to one step, the second of length zero: what it holds is not looked at.
/// gather(&table, 2, Positions::until(&[1, 77], 1, &[1, 0]), &mut rows);
/// assert_eq!(rows, [1.0, 1.5, 0.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Positions<'a> {
    indices: &'a [u32],
    /// Positions of a sequence, and how many of them have a number.
    sequences: Option<(usize, &'a [u32])>,
}

impl<'a> Positions<'a> {
    /// Every position has a number.
    pub fn all(indices: &'a [u32]) -> Self {
        Self { indices, sequences: None }
    }

    /// Sequences of `steps` positions each, of which the first `lengths[sequence]` have a number.
    ///
    /// # Panics
    /// If there are not as many sequences as lengths.
    pub fn until(indices: &'a [u32], steps: usize, lengths: &'a [u32]) -> Self {
        assert_eq!(indices.len(), steps * lengths.len(), "embedding: numbers and lengths × steps differ");
        Self { indices, sequences: Some((steps, lengths)) }
    }

    /// The row of a position, if it has one.
    #[inline(always)]
    fn row(self, position: usize, rows: usize) -> Option<usize> {
        if let Some((steps, lengths)) = self.sequences
            && position % steps >= lengths[position / steps] as usize
        {
            return None;
        }
        let row = self.indices[position] as usize;
        assert!(row < rows, "embedding: {row} at position {position} is not a row of a table of {rows}");
        Some(row)
    }
}

#[track_caller]
fn check(table: usize, width: usize, positions: usize, values: usize) -> usize {
    assert!(table == table / width.max(1) * width, "embedding: a table of {table} is not rows of {width}");
    assert_eq!(values, positions * width, "embedding: values are not {positions} rows of {width}");
    table / width.max(1)
}

/// `y[p] ← table[index of p]`, rows of `width`; zero where a position has none.
///
/// ```
/// use typenet_runtime::kernels::embedding::{Positions, gather};
///
/// let mut y = [0.0; 3];
/// gather(&[0.1, 0.2], 1, Positions::all(&[1, 1, 0]), &mut y);
/// assert_eq!(y, [0.2, 0.2, 0.1]);
/// ```
///
/// # Panics
/// If lengths do not fit, or a number is not a row of the table.
#[doc(alias = "take")]
#[doc(alias = "index_select")]
pub fn gather<T: Copy + Default + Send + Sync>(
    table: &[T],
    width: usize,
    positions: Positions<'_>,
    y: &mut [T],
) {
    let rows = check(table.len(), width, positions.indices.len(), y.len());
    share_slices(y, width.max(1), 1, |from, y| {
        let first = from / width.max(1);
        for (position, y) in (first..).zip(y.chunks_exact_mut(width.max(1))) {
            match positions.row(position, rows) {
                Some(row) => y.copy_from_slice(&table[row * width..][..width]),
                None => y.fill(T::default()),
            }
        }
    });
}

/// The gradient by the table: `grad_table[row] ← Σ grad_y[p]` over the positions `p` with that row, in ascending order of `p`, and
/// zero for rows that no position has.
///
/// ```
/// use typenet_runtime::kernels::embedding::{Positions, scatter_add};
///
/// let mut grad_table = [9.0; 3];
/// scatter_add(&[1.0, 0.5, 0.25], 1, Positions::all(&[2, 0, 2]), &mut grad_table);
/// assert_eq!(grad_table, [0.5, 0.0, 1.25]);
/// ```
///
/// # Panics
/// If lengths do not fit, or a number is not a row of the table.
#[doc(alias = "index_add")]
#[doc(alias = "segment_sum")]
pub fn scatter_add<T>(grad_y: &[T], width: usize, positions: Positions<'_>, grad_table: &mut [T])
where
    T: AddAssign + Copy + Default + Send + Sync,
{
    scatter_add_with(isa(), grad_y, width, positions, grad_table);
}

fn scatter_add_with<T>(isa: Isa, grad_y: &[T], width: usize, positions: Positions<'_>, grad_table: &mut [T])
where
    T: AddAssign + Copy + Default + Send + Sync,
{
    let rows = check(grad_table.len(), width, positions.indices.len(), grad_y.len());
    // Threads share the rows of the table: each looks at all positions and adds those of its rows.
    let cost = 1 + grad_y.len() / grad_table.len().max(1);
    share_slices(grad_table, width.max(1), cost, |from, grad_table| {
        let first = from / width.max(1);
        dispatch(isa, ScatterAdd { grad_y, width, positions, rows, first, grad_table });
    });
}

/// The gradient of the table's rows from `first` on.
struct ScatterAdd<'a, T> {
    grad_y: &'a [T],
    width: usize,
    positions: Positions<'a>,
    /// Of the whole table.
    rows: usize,
    first: usize,
    grad_table: &'a mut [T],
}

impl<T: AddAssign + Copy + Default> Kernel for ScatterAdd<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { width, first, grad_table, .. } = self;
        grad_table.fill(T::default());
        let own = first..first + grad_table.len() / width.max(1);
        for (position, grad_y) in self.grad_y.chunks_exact(width.max(1)).enumerate() {
            if let Some(row) = self.positions.row(position, self.rows)
                && own.contains(&row)
            {
                add(&mut grad_table[(row - first) * width..][..width], grad_y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Width, rows, steps, lengths, and a number for each position; those behind an end are no row.
    fn sequences() -> impl Strategy<Value = (usize, usize, usize, Vec<u32>, Vec<u32>)> {
        (0usize..40, 1usize..6, 1usize..5, 0usize..4).prop_flat_map(|(width, rows, steps, batch)| {
            let lengths = prop::collection::vec(0..=steps as u32, batch);
            let indices = prop::collection::vec(0..rows as u32, steps * batch);
            (Just(width), Just(rows), Just(steps), lengths, indices).prop_map(
                |(width, rows, steps, lengths, mut indices)| {
                    for (indices, &length) in indices.chunks_mut(steps).zip(&lengths) {
                        indices[length as usize..].fill(u32::MAX);
                    }
                    (width, rows, steps, lengths, indices)
                },
            )
        })
    }

    proptest! {
        #[test]
        fn rows_are_gathered_and_gradients_added_in_order((width, rows, steps, lengths, indices) in sequences()) {
            let mut rng = crate::kernels::Rng::seed(1);
            let mut numbers = |len: usize| (0..len).map(|_| rng.normal() as f32).collect::<Vec<_>>();
            let (table, grad_y) = (numbers(rows * width), numbers(indices.len() * width));
            let mut y = vec![f32::NAN; grad_y.len()];
            let positions = Positions::until(&indices, steps, &lengths);
            gather(&table, width, positions, &mut y);

            let mut expected = vec![0.0; table.len()];
            for (position, &index) in indices.iter().enumerate() {
                for i in 0..width {
                    let y = y[position * width + i];
                    if index == u32::MAX {
                        prop_assert_eq!(y, 0.0);
                    } else {
                        prop_assert_eq!(y, table[index as usize * width + i]);
                        expected[index as usize * width + i] += grad_y[position * width + i];
                    }
                }
            }
            for isa in Isa::available() {
                let mut grad_table = vec![f32::NAN; table.len()];
                scatter_add_with(isa, &grad_y, width, positions, &mut grad_table);
                prop_assert_eq!(&grad_table, &expected, "{}", isa);
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let (width, rows) = (33, 1201);
        let mut rng = crate::kernels::Rng::seed(3);
        let indices: Vec<u32> = (0..5000u32).map(|i| i.wrapping_mul(i) % rows).collect();
        let grad_y: Vec<f32> = (0..indices.len() * width).map(|_| rng.normal() as f32).collect();
        let results = [1, 2, 3].map(|threads| {
            let (mut table, mut y) = (vec![f32::NAN; rows as usize * width], vec![f32::NAN; grad_y.len()]);
            crate::kernels::testing::pool(threads).install(|| {
                scatter_add(&grad_y, width, Positions::all(&indices), &mut table);
                gather(&table, width, Positions::all(&indices), &mut y);
            });
            [crate::kernels::testing::bits(&table), crate::kernels::testing::bits(&y)]
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    #[should_panic(expected = "2 at position 1 is not a row of a table of 2")]
    fn numbers_beyond_the_table_are_refused() {
        gather(&[0.0, 1.0], 1, Positions::all(&[0, 2]), &mut [0.0; 2]);
    }

    #[test]
    #[should_panic(expected = "2 at position 0 is not a row of a table of 2")]
    fn numbers_beyond_the_table_have_no_gradient() {
        scatter_add(&[0.0, 1.0], 1, Positions::all(&[2, 0]), &mut [0.0; 2]);
    }
}
