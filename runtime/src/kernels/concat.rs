//! Concatenation along an axis, and its inverse.
//!
//! The sizes before the axis count as one, `outer`; those of a part from the axis on as another, its length over `outer`. So a part
//! is `outer` rows, and a row of the whole is the rows of all parts one behind the other.

use crate::hardware::threads::share_slices;

/// `to: [outer, Σ widths]` from parts of `[outer, width]` each.
///
/// ```
/// use typenet_runtime::kernels::concat::concat;
///
/// let mut to = [0; 6];
/// concat(2, &[&[1, 2], &[3, 4, 5, 6]], &mut to);
/// assert_eq!(to, [1, 3, 4, 2, 5, 6]);
/// ```
///
/// # Panics
/// If a part is not `outer` rows, or `to` is not as long as all parts.
#[doc(alias = "Concatenate")]
#[doc(alias = "cat")]
pub fn concat<T: Copy + Send + Sync>(outer: usize, parts: &[&[T]], to: &mut [T]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    assert_eq!(to.len(), length, "concat: the result is not as long as all parts");
    for part in parts {
        check(outer, part.len());
    }
    let width = to.len() / outer.max(1);
    share_slices(to, width.max(1), 1, |from, to| {
        let first = from / width.max(1);
        for (row, to) in (first..).zip(to.chunks_exact_mut(width.max(1))) {
            let mut rest = to;
            for part in parts {
                let width = part.len() / outer;
                let (to, others) = rest.split_at_mut(width);
                to.copy_from_slice(&part[row * width..][..width]);
                rest = others;
            }
        }
    });
}

/// The part of a concatenation whose rows start at `start` in those of `from: [outer, …]`: `to: [outer, width]`.
///
/// ```
/// use typenet_runtime::kernels::concat::part;
///
/// let mut to = [0; 4];
/// part(2, &[1, 3, 4, 2, 5, 6], 1, &mut to);
/// assert_eq!(to, [3, 4, 5, 6]);
/// ```
///
/// # Panics
/// If a slice is not `outer` rows, or the part ends behind the end of a row.
#[doc(alias = "narrow")]
pub fn part<T: Copy + Send + Sync>(outer: usize, from: &[T], start: usize, to: &mut [T]) {
    check(outer, from.len());
    check(outer, to.len());
    let (row, width) = (from.len() / outer.max(1), to.len() / outer.max(1));
    assert!(outer == 0 || start + width <= row, "part: {start} and {width} are more than a row of {row}");
    share_slices(to, width.max(1), 1, |at, to| {
        let first = at / width.max(1);
        for (index, to) in (first..).zip(to.chunks_exact_mut(width.max(1))) {
            to.copy_from_slice(&from[index * row + start..][..width]);
        }
    });
}

#[track_caller]
fn check(outer: usize, len: usize) {
    assert!(len == len / outer.max(1) * outer, "{len} values are not {outer} equal rows");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    /// Parts whose numbers say where they lie: part, row, place.
    fn parts(outer: usize, widths: &[usize]) -> Vec<Vec<[usize; 3]>> {
        let rows = |part, width| (0..outer).flat_map(move |row| (0..width).map(move |i| [part, row, i]));
        widths.iter().enumerate().map(|(part, &width)| rows(part, width).collect()).collect()
    }

    proptest! {
        #[test]
        fn rows_lie_one_behind_the_other_and_come_back(
            outer in 0usize..5, widths in prop::collection::vec(0usize..20, 0..5),
        ) {
            let parts = parts(outer, &widths);
            let slices: Vec<_> = parts.iter().map(|part| &part[..]).collect();
            let mut whole = vec![[usize::MAX; 3]; outer * widths.iter().sum::<usize>()];
            concat(outer, &slices, &mut whole);
            let expected: Vec<[usize; 3]> = (0..outer)
                .flat_map(|row| widths.iter().enumerate().map(move |(part, &width)| (part, row, width)))
                .flat_map(|(part, row, width)| (0..width).map(move |i| [part, row, i]))
                .collect();
            prop_assert_eq!(&whole, &expected);
            let mut start = 0;
            for (expected, width) in parts.iter().zip(&widths) {
                let mut found = vec![[usize::MAX; 3]; outer * width];
                part(outer, &whole, start, &mut found);
                prop_assert_eq!(&found, expected);
                start += width;
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_nothing() {
        let parts = parts(301, &[70, 1, 33]);
        let results = [1, 2, 3].map(|threads| {
            let (mut whole, mut last) = (vec![[0; 3]; 301 * 104], vec![[0; 3]; 301 * 70]);
            crate::kernels::testing::pool(threads).install(|| {
                concat(301, &[&parts[0], &parts[1], &parts[2]], &mut whole);
                part(301, &whole, 0, &mut last);
            });
            assert_eq!(last, parts[0]);
            whole
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    #[should_panic(expected = "3 values are not 2 equal rows")]
    fn incomplete_rows_are_refused() {
        concat(2, &[&[0; 3], &[0; 2]], &mut [0; 5]);
    }

    #[test]
    #[should_panic(expected = "2 and 2 are more than a row of 3")]
    fn parts_beyond_a_row_are_refused() {
        part(2, &[0; 6], 2, &mut [0; 4]);
    }
}
