//! Looks for values that no training survives.

use crate::kernels::finite::all_finite;

/// A value that is NaN or infinite, and where it stands.
///
/// ```
/// use typenet_runtime::data::{NonFiniteInput, find_non_finite};
///
/// let found = find_non_finite(&[1.0, 2.0, f32::INFINITY, 4.0], 2);
/// assert_eq!(found, Some(NonFiniteInput { sample: 1, feature: 0, value: f32::INFINITY }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonFiniteInput {
    /// Index of the sample.
    pub sample: usize,
    /// Index of the value in the sample.
    pub feature: usize,
    /// The value.
    pub value: f32,
}

/// The first value that is NaN or infinite among samples of `features` values each.
///
/// ```
/// use typenet_runtime::data::find_non_finite;
///
/// assert_eq!(find_non_finite(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), None);
/// let found = find_non_finite(&[1.0, 2.0, 3.0, 4.0, f32::NAN, 6.0], 3).unwrap();
/// assert_eq!((found.sample, found.feature), (1, 1));
/// ```
///
/// # Panics
/// If `features` is zero and there are values.
pub fn find_non_finite(values: &[f32], features: usize) -> Option<NonFiniteInput> {
    if all_finite(values) {
        return None;
    }
    let index = values.iter().position(|value| !value.is_finite())?;
    Some(NonFiniteInput { sample: index / features, feature: index % features, value: values[index] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_non_finite_value_is_found_wherever_it_stands() {
        for len in [1, 63, 64, 65, 200] {
            for at in 0..len {
                for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    let mut values = vec![f32::MAX; len];
                    assert_eq!(find_non_finite(&values, 3), None);
                    values[at..].fill(f32::NAN);
                    values[at] = value;
                    let found = find_non_finite(&values, 3).unwrap();
                    assert_eq!((found.sample, found.feature), (at / 3, at % 3));
                    assert_eq!(found.value.to_bits(), value.to_bits());
                }
            }
        }
    }

    #[test]
    fn no_values_are_all_finite() {
        assert_eq!(find_non_finite(&[], 0), None);
    }
}
