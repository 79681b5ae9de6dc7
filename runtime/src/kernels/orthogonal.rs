//! Orthonormal columns or rows, in place.
//!
//! Modified Gram–Schmidt, run twice: the first run leaves vectors that are nearly orthogonal, whatever the condition
//! of the matrix short of singular, and from those the second reaches the precision of their numbers (Giraud, Langou,
//! Rozložník, "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005). Sums are f64.

/// Matrices whose columns or rows can be made orthonormal.
///
/// ```
/// use typenet_runtime::kernels::orthogonal::Orthonormalize;
///
/// // The columns (3, 4) and (1, 2).
/// let mut x = [3.0f32, 1.0, 4.0, 2.0];
/// f32::orthonormalize(2, &mut x);
/// assert_eq!(format!("{x:.3?}"), "[0.600, -0.800, 0.800, 0.600]");
/// ```
pub trait Orthonormalize: Sized {
    /// Makes the shorter side's vectors orthonormal, for a matrix of `x.len() / columns` rows: its columns if it has
    /// at least as many rows as columns, otherwise its rows.
    ///
    /// The result is the `Q` of the decomposition `Q·R` whose `R` has a positive diagonal, so a matrix of normal draws
    /// becomes uniform among the orthogonal ones. The vectors must be independent.
    ///
    /// # Panics
    /// If `columns` does not divide the length of `x`.
    fn orthonormalize(columns: usize, x: &mut [Self]);
}

/// Columns that are made orthogonal to one at a time, so that rows are read in order.
const BLOCK: usize = 64;

macro_rules! orthonormalize {
    ($element:ty) => {
        impl Orthonormalize for $element {
            fn orthonormalize(columns: usize, x: &mut [Self]) {
                if x.is_empty() {
                    return;
                }
                assert_eq!(x.len() % columns, 0, "orthonormalize: whole rows of {columns}");
                for _ in 0..2 {
                    if x.len() / columns >= columns {
                        orthonormal_columns(columns, x);
                    } else {
                        orthonormal_rows(columns, x);
                    }
                }

                fn orthonormal_columns(columns: usize, x: &mut [$element]) {
                    for j in 0..columns {
                        let squares =
                            x.chunks_exact(columns).map(|row| f64::from(row[j]) * f64::from(row[j]));
                        let norm = libm::sqrt(squares.sum());
                        for row in x.chunks_exact_mut(columns) {
                            row[j] = (f64::from(row[j]) / norm) as $element;
                        }
                        for start in (j + 1..columns).step_by(BLOCK) {
                            let end = columns.min(start + BLOCK);
                            let mut products = [0.0; BLOCK];
                            for row in x.chunks_exact(columns) {
                                let q = f64::from(row[j]);
                                for (product, value) in products.iter_mut().zip(&row[start..end]) {
                                    *product += q * f64::from(*value);
                                }
                            }
                            for row in x.chunks_exact_mut(columns) {
                                let q = f64::from(row[j]);
                                for (product, value) in products.iter().zip(&mut row[start..end]) {
                                    *value = (f64::from(*value) - q * product) as $element;
                                }
                            }
                        }
                    }
                }

                fn orthonormal_rows(columns: usize, mut x: &mut [$element]) {
                    while let Some((row, others)) = x.split_at_mut_checked(columns) {
                        let norm = libm::sqrt(row.iter().map(|&x| f64::from(x) * f64::from(x)).sum());
                        row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as $element);
                        for other in others.chunks_exact_mut(columns) {
                            let products =
                                row.iter().zip(&*other).map(|(&q, &x)| f64::from(q) * f64::from(x));
                            let product: f64 = products.sum();
                            for (value, &q) in other.iter_mut().zip(&*row) {
                                *value = (f64::from(*value) - f64::from(q) * product) as $element;
                            }
                        }
                        x = others;
                    }
                }
            }
        }
    };
}
orthonormalize!(f32);
orthonormalize!(f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Rng;
    use proptest::prelude::*;

    /// The largest distance of `Q·Qᵀ`, of the shorter side's vectors, from the identity.
    fn distance(rows: usize, columns: usize, q: &[f32]) -> f64 {
        let (count, length) = (rows.min(columns), rows.max(columns));
        let at = |vector: usize, i: usize| {
            f64::from(if rows < columns { q[vector * columns + i] } else { q[i * columns + vector] })
        };
        let mut worst = 0.0f64;
        for a in 0..count {
            for b in 0..=a {
                let product: f64 = (0..length).map(|i| at(a, i) * at(b, i)).sum();
                worst = worst.max((product - f64::from(u8::from(a == b))).abs());
            }
        }
        worst
    }

    fn normal(seed: u64, count: usize) -> std::vec::Vec<f32> {
        let mut rng = Rng::seed(seed);
        (0..count).map(|_| rng.normal() as f32).collect()
    }

    proptest! {
        #[test]
        fn vectors_are_orthonormal(rows in 1usize..80, columns in 1usize..80, seed: u64) {
            let mut q = normal(seed, rows * columns);
            f32::orthonormalize(columns, &mut q);
            // In the second run each of at most n subtractions rounds a vector by ε/2 of its length 1, its
            // normalisation by as much; two vectors make a product.
            let allowed = (rows.min(columns) + 2) as f64 * f64::from(f32::EPSILON);
            prop_assert!(distance(rows, columns, &q) <= allowed);
        }
    }

    #[test]
    fn nearly_dependent_vectors_become_orthonormal_too() {
        let mut q = normal(1, 40 * 20);
        for row in q.chunks_exact_mut(20) {
            row[19] = row[0] + 1e-4 * row[19];
        }
        f32::orthonormalize(20, &mut q);
        assert!(distance(40, 20, &q) <= 22.0 * f64::from(f32::EPSILON));
    }

    #[test]
    fn columns_by_hand() {
        // (3, 4) and (0, 5): Q = [[0.6, -0.8], [0.8, 0.6]] and R = [[5, 4], [0, 3]].
        let mut x = [3.0, 0.0, 4.0, 5.0];
        f64::orthonormalize(2, &mut x);
        for (x, q) in x.iter().zip([0.6, -0.8, 0.8, 0.6]) {
            assert!((x - q).abs() <= 4.0 * f64::EPSILON);
        }
    }

    #[test]
    fn rows_by_hand() {
        let mut x = [3.0, 0.0, 4.0, 5.0, 5.0, 0.0];
        f64::orthonormalize(3, &mut x);
        // (3, 0, 4)/5, and (5, 5, 0) less 3 times that: (3.2, 5, -2.4)/√41.
        let norm = 41.0f64.sqrt();
        for (x, q) in x.iter().zip([0.6, 0.0, 0.8, 3.2 / norm, 5.0 / norm, -2.4 / norm]) {
            assert!((x - q).abs() <= 4.0 * f64::EPSILON);
        }
    }

    #[test]
    fn an_empty_matrix_stays_empty() {
        f32::orthonormalize(0, &mut []);
    }
}
