//! Sums of slices, element by element and in a fixed order.

use core::ops::AddAssign;

use super::simd::{Kernel, Simd, dispatch};
use crate::hardware::isa::{Isa, isa};
use crate::hardware::threads::share_slices;

/// Elements that are summed together while they are in the first cache.
const BLOCK: usize = 1024;
/// Pieces for threads start at whole lines of the cache.
const GRANULE: usize = 16;

/// `to[i] ← terms[0][i] + terms[1][i] + …`, added from left to right; zero if there are no terms.
///
/// ```
/// use typenet_runtime::kernels::sum::sum;
///
/// let mut to = [0.0; 2];
/// sum(&[&[1.0, 2.0], &[10.0, 20.0], &[0.5, 0.5]], &mut to);
/// assert_eq!(to, [11.5, 22.5]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn sum<T: AddAssign + Copy + Default + Send + Sync>(terms: &[&[T]], to: &mut [T]) {
    sum_with(isa(), terms, to);
}

fn sum_with<T: AddAssign + Copy + Default + Send + Sync>(isa: Isa, terms: &[&[T]], to: &mut [T]) {
    for term in terms {
        assert_eq!(term.len(), to.len(), "sum: a term has another length than the result");
    }
    share_slices(to, GRANULE, terms.len().max(1), |from, to| dispatch(isa, Sum { terms, from, to }));
}

/// `into[i] ← into[i] + from[i]`.
///
/// ```
/// use typenet_runtime::kernels::sum::accumulate;
///
/// let mut into = [1.0, 2.0];
/// accumulate(&mut into, &[10.0, 20.0]);
/// assert_eq!(into, [11.0, 22.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn accumulate<T: AddAssign + Copy + Send + Sync>(into: &mut [T], from: &[T]) {
    accumulate_with(isa(), into, from);
}

fn accumulate_with<T: AddAssign + Copy + Send + Sync>(isa: Isa, into: &mut [T], from: &[T]) {
    assert_eq!(into.len(), from.len(), "accumulate: the slices have different lengths");
    share_slices((into, from), GRANULE, 1, |_, (into, from)| dispatch(isa, Accumulate { into, from }));
}

/// The elements of the sum from `from` on.
struct Sum<'a, T> {
    terms: &'a [&'a [T]],
    from: usize,
    to: &'a mut [T],
}

impl<T: AddAssign + Copy + Default> Kernel for Sum<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Some((first, others)) = self.terms.split_first() else { return self.to.fill(T::default()) };
        let mut from = self.from;
        for to in self.to.chunks_mut(BLOCK) {
            to.copy_from_slice(&first[from..][..to.len()]);
            for term in others {
                add(to, &term[from..][..to.len()]);
            }
            from += to.len();
        }
    }
}

struct Accumulate<'a, T> {
    into: &'a mut [T],
    from: &'a [T],
}

impl<T: AddAssign + Copy> Kernel for Accumulate<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        add(self.into, self.from);
    }
}

/// A loop of which the compiler makes vectors of the kernel's instruction set.
#[inline(always)]
pub(super) fn add<T: AddAssign + Copy>(into: &mut [T], from: &[T]) {
    for (into, &from) in into.iter_mut().zip(from) {
        *into += from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    fn numbers(seed: usize, len: usize) -> Vec<f32> {
        let mut rng = crate::kernels::Rng::seed(seed as u64);
        (0..len).map(|_| rng.normal() as f32).collect()
    }

    #[test]
    fn terms_are_added_from_left_to_right_at_every_length() {
        for len in [0, 1, 3, 16, 17, 100, BLOCK, BLOCK + 1, 2 * BLOCK + 5] {
            for count in 0..5 {
                let terms: Vec<Vec<f32>> = (0..count).map(|i| numbers(i, len)).collect();
                let slices: Vec<&[f32]> = terms.iter().map(|term| &term[..]).collect();
                let expected: Vec<f32> = (0..len)
                    .map(|i| slices.iter().map(|term| term[i]).reduce(|a, b| a + b).unwrap_or(0.0))
                    .collect();
                for isa in Isa::available() {
                    let mut to = vec![f32::NAN; len];
                    sum_with(isa, &slices, &mut to);
                    assert_eq!(to, expected, "{isa}: {count} terms of {len}");
                    to.fill(0.0);
                    slices.iter().for_each(|term| accumulate_with(isa, &mut to, term));
                    assert_eq!(to, expected, "{isa}: {count} terms of {len}, one after the other");
                }
            }
        }
    }

    #[test]
    #[cfg(feature = "std")]
    fn threads_change_no_bit() {
        let terms = [0, 1, 2].map(|seed| numbers(seed, 50_003));
        let results = [1, 2, 3].map(|threads| {
            let mut to = vec![0.0; 50_003];
            crate::kernels::testing::pool(threads).install(|| {
                sum(&[&terms[0], &terms[1], &terms[2]], &mut to);
                accumulate(&mut to, &terms[0]);
            });
            crate::kernels::testing::bits(&to)
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }

    #[test]
    #[should_panic(expected = "a term has another length than the result")]
    fn terms_of_another_length_are_refused() {
        sum(&[&[1.0], &[1.0, 2.0]], &mut [0.0]);
    }
}
