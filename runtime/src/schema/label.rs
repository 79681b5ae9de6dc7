//! What may label a sample: a class, a truth value, numbers.
//!
//! A loss or a metric names one of these traits; which types fit which output is decided here alone.

use core::fmt::Display;

use super::FloatArray;
pub use crate::kernels::cross_entropy::Target;
use crate::kernels::reduce::argmax;

/// A label that its loss cannot use. `index` is its place among the labels.
///
/// ```
/// use typenet_runtime::schema::label::{CategoricalLabel, LabelError};
///
/// let error = CategoricalLabel::<10>::check(&12u8, 3).unwrap_err();
/// assert_eq!(error, LabelError::Class { index: 3, found: "12".to_owned(), classes: 10 });
/// assert_eq!(error.to_string(), "label 3 is class 12, expected a class from 0 to 9");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A class number below zero, or not below the number of outputs.
    #[error("label {index} is class {found}, expected a class from 0 to {}", classes - 1)]
    Class {
        /// Place of the label.
        index: usize,
        /// The class found.
        found: String,
        /// Number of classes.
        classes: usize,
    },
    /// A value that is infinite or not a number.
    #[error("label {index} has {found} at place {place}, expected a finite number")]
    NotFinite {
        /// Place of the label.
        index: usize,
        /// Place in the label.
        place: usize,
        /// The value found.
        found: f32,
    },
    /// A value that is no probability.
    #[error("label {index} has {found} at place {place}, expected a probability from 0 to 1")]
    NotAProbability {
        /// Place of the label.
        index: usize,
        /// Place in the label.
        place: usize,
        /// The value found.
        found: f32,
    },
    /// A value that is no probability of yes, nor −1 for no.
    #[error("label {index} has {found} at place {place}, expected a probability from 0 to 1, or -1 for 0")]
    NotATruth {
        /// Place of the label.
        index: usize,
        /// Place in the label.
        place: usize,
        /// The value found.
        found: f32,
    },
    /// A value that is neither −1 nor 0 nor 1.
    #[error("label {index} has {found} at place {place}, expected -1 or 1, or 0 for -1")]
    NotASign {
        /// Place of the label.
        index: usize,
        /// Place in the label.
        place: usize,
        /// The value found.
        found: f64,
    },
    /// A value below zero where counts are expected.
    #[error("label {index} has {found} at place {place}, expected a number not below 0")]
    Negative {
        /// Place of the label.
        index: usize,
        /// Place in the label.
        place: usize,
        /// The value found.
        found: f32,
    },
    /// Probabilities that do not sum to one.
    #[error("label {index} is a distribution that sums to {sum}, expected 1")]
    NotADistribution {
        /// Place of the label.
        index: usize,
        /// The sum found.
        sum: f64,
    },
}

/// A class as a number: every integer type, or a type of your own.
///
/// ```
/// use typenet_runtime::schema::label::Class;
///
/// #[derive(Clone, Copy)]
/// enum Animal {
///     Cat,
///     Dog,
/// }
///
/// impl std::fmt::Display for Animal {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str(match self {
///             Self::Cat => "cat",
///             Self::Dog => "dog",
///         })
///     }
/// }
///
/// impl Class for Animal {
///     fn class(self) -> Option<usize> {
///         Some(self as usize)
///     }
/// }
///
/// assert_eq!([Animal::Cat, Animal::Dog].map(Class::class), [Some(0), Some(1)]);
/// // -1 is no class of several, and a no where there is yes or no.
/// assert_eq!(((-1i32).class(), (-1i32).answer()), (None, Some(false)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a class number",
    note = "class numbers are integers: `u8`, `u16`, `u32`, `u64`, `usize`, `i32`, `i64`"
)]
pub trait Class: Copy + Display + Send + Sync {
    /// The class, from 0; `None` if it is below zero or too large for any.
    fn class(self) -> Option<usize>;

    /// What the class says to a single output: 1 says yes, 0 says no, and so does the integer −1 of hinge losses; `None` of
    /// any other.
    fn answer(self) -> Option<bool> {
        match self.class() {
            Some(class @ 0..=1) => Some(class == 1),
            _ => None,
        }
    }
}

macro_rules! class {
    ($($integer:ty)+) => {
        $(impl Class for $integer {
            fn class(self) -> Option<usize> {
                usize::try_from(self).ok()
            }

            fn answer(self) -> Option<bool> {
                match self as i128 {
                    -1 | 0 => Some(false),
                    1 => Some(true),
                    _ => None,
                }
            }
        })+
    };
}
class!(u8 u16 u32 u64 usize i8 i16 i32 i64);

/// A label of one of `N` classes: a [`Class`], or `[f32; N]` with the probability of each (one-hot or soft).
///
/// ```
/// use typenet_runtime::schema::label::{CategoricalLabel, Target};
///
/// assert_eq!(CategoricalLabel::<3>::target(&2u8), Target::Class(2));
/// assert_eq!(CategoricalLabel::<3>::check(&[0.1f32, 0.1, 0.8], 0), Ok(()));
/// let error = CategoricalLabel::<3>::check(&[0.5f32, 0.5, 0.5], 0).unwrap_err();
/// assert_eq!(error.to_string(), "label 0 is a distribution that sums to 1.5, expected 1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not label one of {N} classes",
    note = "labels of {N} classes are integers (`u8`, `u16`, `u32`, `u64`, `usize`, `i32`, `i64`) or `[f32; {N}]`"
)]
pub trait CategoricalLabel<const N: usize>: Sync {
    /// The label as numbers.
    ///
    /// # Panics
    /// If [`check`](Self::check) refuses it.
    fn target(&self) -> Target<'_>;
    /// Whether the label can be; `index` is its place, for the message.
    fn check(&self, index: usize) -> Result<(), LabelError>;
}

#[diagnostic::do_not_recommend]
impl<const N: usize, C: Class> CategoricalLabel<N> for C {
    #[track_caller]
    fn target(&self) -> Target<'_> {
        match self.class() {
            Some(class) if class < N => Target::Class(class),
            _ => panic!("class {self} is not one of {N}"),
        }
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        match self.class() {
            Some(class) if class < N => Ok(()),
            _ => Err(LabelError::Class { index, found: self.to_string(), classes: N }),
        }
    }
}

impl<const N: usize> CategoricalLabel<N> for [f32; N] {
    fn target(&self) -> Target<'_> {
        Target::Distribution(self)
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        check_probabilities(index, self)?;
        let sum: f64 = self.iter().map(|&p| f64::from(p)).sum();
        // Rounding N probabilities to f32 moves their sum by at most N·ε/2; twice that for a sum taken in f32.
        if (sum - 1.0).abs() > N as f64 * f64::from(f32::EPSILON) {
            return Err(LabelError::NotADistribution { index, sum });
        }
        Ok(())
    }
}

/// A truth value, or its probability, for each value of `Output`: `Output` itself, or for one output `bool`,
/// `u8` (0 or 1) and `f32`.
///
/// ```
/// use typenet_runtime::schema::label::BinaryLabel;
///
/// assert_eq!(BinaryLabel::<[f32; 1]>::probability(&true, 0), 1.0);
/// assert_eq!(BinaryLabel::<[f32; 2]>::probability(&[0.0f32, 0.25], 1), 0.25);
/// let error = BinaryLabel::<[f32; 1]>::check(&2u8, 5).unwrap_err();
/// assert_eq!(error.to_string(), "label 5 is class 2, expected a class from 0 to 1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say yes or no to each value of `{Output}`",
    note = "such labels are an array like the output, or for one output `bool`, `u8` (0 or 1) or `f32`"
)]
pub trait BinaryLabel<Output>: Sync {
    /// The probability of yes at `place`.
    fn probability(&self, place: usize) -> f32;
    /// Whether the label can be; `index` is its place, for the message.
    fn check(&self, index: usize) -> Result<(), LabelError>;
}

impl BinaryLabel<[f32; 1]> for bool {
    fn probability(&self, _: usize) -> f32 {
        f32::from(*self)
    }

    fn check(&self, _: usize) -> Result<(), LabelError> {
        Ok(())
    }
}

impl BinaryLabel<[f32; 1]> for u8 {
    fn probability(&self, _: usize) -> f32 {
        f32::from(*self)
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        if *self > 1 {
            return Err(LabelError::Class { index, found: self.to_string(), classes: 2 });
        }
        Ok(())
    }
}

impl BinaryLabel<[f32; 1]> for f32 {
    fn probability(&self, _: usize) -> f32 {
        *self
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        check_probabilities(index, &[*self])
    }
}

impl<O: FloatArray> BinaryLabel<O> for O {
    fn probability(&self, place: usize) -> f32 {
        O::values(core::slice::from_ref(self))[place]
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        check_probabilities(index, O::values(core::slice::from_ref(self)))
    }
}

/// A label of one class of a model that predicts `Output`: a [`Class`], or the probability of each class as `[f32; N]`
/// (one-hot or soft). A single output tells no, class 0, from yes, class 1; there `bool` and `f32` say so too.
///
/// ```
/// use typenet_runtime::schema::label::ClassNumber;
///
/// fn of_three(label: impl ClassNumber<[f32; 3]>) -> Option<usize> {
///     label.class_number()
/// }
/// assert_eq!((of_three(2u8), of_three([0.0, 1.0, 0.0]), of_three([1.0, 1.0, 0.0])), (Some(2), Some(1), None));
///
/// fn of_one(label: impl ClassNumber<[f32; 1]>) -> Option<usize> {
///     label.class_number()
/// }
/// assert_eq!((of_one(true), of_one(-1i32), of_one(0.75), of_one(3.5)), (Some(1), Some(0), Some(1), None));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say one class of a model that predicts `{Output}`",
    note = "such labels are integers (`u8`, `u16`, `u32`, `u64`, `usize`, `i32`, `i64`) or an array like the output; for one \
            output also `bool` and `f32`"
)]
pub trait ClassNumber<Output>: Copy {
    /// The class, the likeliest of several; `None` if there is not one, as of a number that is neither a probability nor
    /// −1, or of numbers that are no distribution. Integers may be too large for any class.
    fn class_number(&self) -> Option<usize>;
}

#[diagnostic::do_not_recommend]
impl<const N: usize, C: Class> ClassNumber<[f32; N]> for C {
    fn class_number(&self) -> Option<usize> {
        if N == 1 { self.answer().map(usize::from) } else { self.class() }
    }
}

impl ClassNumber<[f32; 1]> for bool {
    fn class_number(&self) -> Option<usize> {
        Some(usize::from(*self))
    }
}

impl ClassNumber<[f32; 1]> for f32 {
    fn class_number(&self) -> Option<usize> {
        is_truth(*self).then_some(usize::from(*self > 0.5))
    }
}

impl<const N: usize> ClassNumber<[f32; N]> for [f32; N] {
    fn class_number(&self) -> Option<usize> {
        match self[..] {
            [value] => value.class_number(),
            _ => CategoricalLabel::check(self, 0).is_ok().then(|| argmax(self)),
        }
    }
}

/// Whether `value` is the probability of yes, or −1 for no.
fn is_truth(value: f32) -> bool {
    (0.0..=1.0).contains(&value) || value == -1.0
}

/// Whether each value of label `index` is the probability of yes, or −1, the no of hinge losses.
///
/// ```
/// use typenet_runtime::schema::label::check_truths;
///
/// assert_eq!(check_truths(4, &[-1.0, 0.0, 0.25, 1.0]), Ok(()));
/// let error = check_truths(4, &[0.0, 3.5]).unwrap_err();
/// assert_eq!(error.to_string(), "label 4 has 3.5 at place 1, expected a probability from 0 to 1, or -1 for 0");
/// ```
pub fn check_truths(index: usize, values: &[f32]) -> Result<(), LabelError> {
    match values.iter().position(|&value| !is_truth(value)) {
        None => Ok(()),
        Some(place) => Err(LabelError::NotATruth { index, place, found: values[place] }),
    }
}

/// −1 or 1, or 0 for −1, for each value of `Output`: `Output` itself, or for one output `bool`, `u8`, `i8`, `i32`, `i64`
/// and `f32`.
///
/// ```
/// use typenet_runtime::schema::label::SignLabel;
///
/// assert_eq!(SignLabel::<[f32; 1]>::sign(&false, 0), -1.0);
/// assert_eq!(SignLabel::<[f32; 2]>::sign(&[-1.0f32, 1.0], 1), 1.0);
/// let error = SignLabel::<[f32; 1]>::check(&2u8, 4).unwrap_err();
/// assert_eq!(error.to_string(), "label 4 has 2 at place 0, expected -1 or 1, or 0 for -1");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say -1 or 1 of each value of `{Output}`",
    note = "such labels are an array like the output, or for one output `bool`, `u8`, `i8`, `i32`, `i64` or `f32`"
)]
pub trait SignLabel<Output>: Sync {
    /// −1 or 1 at `place`.
    fn sign(&self, place: usize) -> f64;
    /// Whether the label can be; `index` is its place, for the message.
    fn check(&self, index: usize) -> Result<(), LabelError>;
}

impl SignLabel<[f32; 1]> for bool {
    fn sign(&self, _: usize) -> f64 {
        if *self { 1.0 } else { -1.0 }
    }

    fn check(&self, _: usize) -> Result<(), LabelError> {
        Ok(())
    }
}

/// A number as −1 or 1.
fn sign(value: f64) -> f64 {
    if value == 0.0 { -1.0 } else { value }
}

fn check_sign(index: usize, place: usize, found: f64) -> Result<(), LabelError> {
    if [-1.0, 0.0, 1.0].contains(&found) { Ok(()) } else { Err(LabelError::NotASign { index, place, found }) }
}

macro_rules! sign_label {
    ($($number:ty)+) => {
        $(impl SignLabel<[f32; 1]> for $number {
            fn sign(&self, _: usize) -> f64 {
                sign(*self as f64)
            }

            fn check(&self, index: usize) -> Result<(), LabelError> {
                check_sign(index, 0, *self as f64)
            }
        })+
    };
}
sign_label!(u8 i8 i32 i64 f32);

impl<O: FloatArray> SignLabel<O> for O {
    fn sign(&self, place: usize) -> f64 {
        sign(f64::from(O::values(core::slice::from_ref(self))[place]))
    }

    fn check(&self, index: usize) -> Result<(), LabelError> {
        let values = O::values(core::slice::from_ref(self));
        values.iter().enumerate().try_for_each(|(place, &found)| check_sign(index, place, f64::from(found)))
    }
}

/// A number for each value of `Output`: `Output` itself, or `f32` for one output.
///
/// ```
/// use typenet_runtime::schema::label::FloatLabel;
///
/// assert_eq!(<f32 as FloatLabel<[f32; 1]>>::values(&[0.5, 2.0]), [0.5, 2.0]);
/// assert_eq!(<[f32; 2] as FloatLabel<[f32; 2]>>::values(&[[1.0, 2.0], [3.0, 4.0]]), [1.0, 2.0, 3.0, 4.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give a number for each value of `{Output}`",
    note = "such labels are an array like the output, or `f32` for one output"
)]
pub trait FloatLabel<Output>: Sync + Sized {
    /// The numbers of all labels, one behind the other.
    fn values(labels: &[Self]) -> &[f32];
}

impl FloatLabel<[f32; 1]> for f32 {
    fn values(labels: &[Self]) -> &[f32] {
        labels
    }
}

impl<O: FloatArray> FloatLabel<O> for O {
    fn values(labels: &[Self]) -> &[f32] {
        O::values(labels)
    }
}

/// Whether `values`, of labels with `len` values each, are finite.
///
/// ```
/// use typenet_runtime::schema::label::check_finite;
///
/// assert_eq!(check_finite(2, &[0.0, 1.0, 2.0, 3.0]), Ok(()));
/// let error = check_finite(2, &[0.0, 1.0, f32::NAN, 3.0]).unwrap_err();
/// assert_eq!(error.to_string(), "label 1 has NaN at place 0, expected a finite number");
/// ```
pub fn check_finite(len: usize, values: &[f32]) -> Result<(), LabelError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(i) => Err(LabelError::NotFinite { index: i / len, place: i % len, found: values[i] }),
    }
}

/// Whether `values`, of labels with `len` values each, are finite and not below zero.
///
/// ```
/// use typenet_runtime::schema::label::check_not_negative;
///
/// let error = check_not_negative(2, &[1.0, 0.0, 3.0, -1.0]).unwrap_err();
/// assert_eq!(error.to_string(), "label 1 has -1 at place 1, expected a number not below 0");
/// ```
pub fn check_not_negative(len: usize, values: &[f32]) -> Result<(), LabelError> {
    check_finite(len, values)?;
    match values.iter().position(|value| *value < 0.0) {
        None => Ok(()),
        Some(i) => Err(LabelError::Negative { index: i / len, place: i % len, found: values[i] }),
    }
}

fn check_probabilities(index: usize, values: &[f32]) -> Result<(), LabelError> {
    match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
        None => Ok(()),
        Some(place) => Err(LabelError::NotAProbability { index, place, found: values[place] }),
    }
}
