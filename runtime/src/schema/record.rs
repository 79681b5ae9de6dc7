//! What one sample or one prediction of a model is, and many of them.
//!
//! A model with one input takes arrays or sequences, and many of them are a slice. One with several inputs takes a struct with a
//! field for each, and many samples are the same struct with a slice in each field; predictions likewise. Code that
//! does not care for types sees [`Column`]s: the four-byte words of one field of many records.

use core::fmt;
use core::ops::Range;
use core::slice::{from_mut, from_ref};

use super::Part;

/// The most inputs, and the most outputs, of a model that is trained.
#[doc(hidden)]
pub const MAX_FIELDS: usize = 8;

/// One field of many records as words of four bytes: numbers, whole numbers, or sequences, each of which begins with its length.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Column<'a> {
    pub words: &'a [u32],
    pub rows: usize,
}

/// The fields of many records, empty ones last.
#[doc(hidden)]
pub type Columns<'a> = [Column<'a>; MAX_FIELDS];

/// The fields of many records of numbers, to be written.
#[doc(hidden)]
pub type ColumnsMut<'a> = [&'a mut [f32]; MAX_FIELDS];

/// What one sample, or one prediction, of a model is: an array, a [`Sequence`](super::Sequence), or a struct with one of these for each
/// input or output, which `model!` declares.
///
/// ```
/// use typenet_runtime::schema::Record;
///
/// /// Whether a model's samples have a name for each input.
/// fn has_names<R: Record>() -> bool {
///     !R::NAMES.is_empty()
/// }
/// assert!(!has_names::<[f32; 2]>());
/// ```
pub trait Record: Sized + Send + Sync + 'static {
    /// One: `&[f32; 784]`, or a struct of references.
    type One<'a>: Copy;
    /// Many: `&[[f32; 784]]`, or a struct of slices.
    type Many<'a>: Copy + Send + Sync;
    /// Many, to be written.
    type ManyMut<'a>;
    /// Many on the heap: a vector, or a struct of vectors.
    #[cfg(feature = "std")]
    type Owned;
    /// A `T` for each field: for one field itself.
    type Each<T>;
    /// Names of the fields; none for one field without a name.
    const NAMES: &'static [&'static str] = &[];

    #[doc(hidden)]
    fn zeroed() -> Self;
    #[doc(hidden)]
    fn only(one: Self::One<'_>) -> Self::Many<'_>;
    #[doc(hidden)]
    fn only_mut(one: &mut Self) -> Self::ManyMut<'_>;
    #[doc(hidden)]
    fn rows(many: Self::Many<'_>, rows: Range<usize>) -> Self::Many<'_>;
    #[doc(hidden)]
    fn columns(many: Self::Many<'_>) -> Columns<'_>;
    #[doc(hidden)]
    fn columns_mut(many: Self::ManyMut<'_>) -> ColumnsMut<'_>;
    /// Records of numbers in these columns.
    #[doc(hidden)]
    fn of_columns(columns: [&[f32]; MAX_FIELDS]) -> Self::Many<'_>;
    #[cfg(feature = "std")]
    #[doc(hidden)]
    fn owned(rows: usize) -> Self::Owned;
    #[cfg(feature = "std")]
    #[doc(hidden)]
    fn owned_mut(owned: &mut Self::Owned) -> Self::ManyMut<'_>;
    /// What is there for each field; `None` behind the last.
    #[doc(hidden)]
    fn each<T: Copy>(each: Self::Each<T>) -> [Option<T>; MAX_FIELDS];
}

/// One sample or prediction: `&[f32; 784]`, or a struct of references.
///
/// ```
/// use typenet::prelude::*;
/// use typenet::schema::One;
///
/// model! { Line < Dense(1 => 1) > }
///
/// /// The answer of any model.
/// fn ask<M: Model>(model: &M, sample: One<'_, M::Sample>) -> M::Prediction {
///     model.predict(sample)
/// }
/// assert_eq!(ask(&*Line::zeros(), &[1.0]), [0.0]);
/// ```
pub type One<'a, R> = <R as Record>::One<'a>;
/// Many samples or predictions: `&[[f32; 784]]`, or a struct of slices.
///
/// ```
/// use typenet::prelude::*;
/// use typenet::schema::{Many, Owned};
///
/// model! { Line < Dense(1 => 1) > }
///
/// /// The answers of any model.
/// fn ask<M: Model>(model: &M, samples: Many<'_, M::Sample>) -> Owned<M::Prediction> {
///     model.predict_batch(samples)
/// }
/// assert_eq!(ask(&*Line::zeros(), &[[1.0], [2.0]]), [[0.0], [0.0]]);
/// ```
pub type Many<'a, R> = <R as Record>::Many<'a>;
/// Many samples or predictions, to be written.
///
/// ```
/// use typenet::prelude::*;
/// use typenet::schema::{Many, ManyMut};
///
/// model! { Line < Dense(1 => 1) > }
///
/// fn write<M: Model>(model: &M, samples: Many<'_, M::Sample>, to: ManyMut<'_, M::Prediction>) {
///     Predictor::new(1).predict(model, samples, to);
/// }
/// let mut answer = [[1.0]];
/// write(&*Line::zeros(), &[[1.0]], &mut answer);
/// assert_eq!(answer, [[0.0]]);
/// ```
pub type ManyMut<'a, R> = <R as Record>::ManyMut<'a>;
/// Many samples or predictions on the heap: a vector, or a struct of vectors.
///
/// ```
/// use typenet_runtime::schema::Owned;
///
/// let predictions: Owned<[f32; 1]> = vec![[1.0], [2.0]];
/// assert_eq!(predictions.len(), 2);
/// ```
#[cfg(feature = "std")]
pub type Owned<R> = <R as Record>::Owned;

/// A record of one field: an array or a sequence. Many of them are a slice.
///
/// ```
/// use typenet_runtime::schema::Single;
///
/// assert_eq!(<[f32; 2]>::many(&[[1.0, 2.0]]), &[[1.0, 2.0]]);
/// ```
pub trait Single: Record + bytemuck::Pod {
    /// This one.
    #[doc(hidden)]
    fn one(&self) -> Self::One<'_>;
    /// These.
    #[doc(hidden)]
    fn many(rows: &[Self]) -> Self::Many<'_>;
    /// These, to be written.
    #[doc(hidden)]
    fn many_mut(rows: &mut [Self]) -> Self::ManyMut<'_>;
}

macro_rules! single {
    ([$($generic:tt)*] $record:ty) => {
        impl<$($generic)*> Record for $record {
            type One<'a> = &'a Self;
            type Many<'a> = &'a [Self];
            type ManyMut<'a> = &'a mut [Self];
            #[cfg(feature = "std")]
            type Owned = Vec<Self>;
            type Each<E> = E;

            fn zeroed() -> Self {
                bytemuck::Zeroable::zeroed()
            }

            fn only(one: Self::One<'_>) -> Self::Many<'_> {
                from_ref(one)
            }

            fn only_mut(one: &mut Self) -> &mut [Self] {
                from_mut(one)
            }

            fn rows(many: Self::Many<'_>, rows: Range<usize>) -> Self::Many<'_> {
                &many[rows]
            }

            fn columns(many: Self::Many<'_>) -> Columns<'_> {
                let mut columns = Columns::default();
                columns[0] = Column { words: bytemuck::cast_slice(many), rows: many.len() };
                columns
            }

            fn columns_mut(many: Self::ManyMut<'_>) -> ColumnsMut<'_> {
                let mut columns = ColumnsMut::default();
                columns[0] = bytemuck::cast_slice_mut(many);
                columns
            }

            fn of_columns(columns: [&[f32]; MAX_FIELDS]) -> Self::Many<'_> {
                bytemuck::cast_slice(columns[0])
            }

            #[cfg(feature = "std")]
            fn owned(rows: usize) -> Vec<Self> {
                crate::hardware::buffer::zeroed_vec(rows)
            }

            #[cfg(feature = "std")]
            fn owned_mut(owned: &mut Vec<Self>) -> &mut [Self] {
                owned
            }

            fn each<E: Copy>(each: E) -> [Option<E>; MAX_FIELDS] {
                let mut all = [None; MAX_FIELDS];
                all[0] = Some(each);
                all
            }
        }

        impl<$($generic)*> Single for $record {
            fn one(&self) -> &Self {
                self
            }

            fn many(rows: &[Self]) -> &[Self] {
                rows
            }

            fn many_mut(rows: &mut [Self]) -> &mut [Self] {
                rows
            }
        }
    };
}
pub(super) use single;

single!([T: bytemuck::Pod + Send + Sync, const N: usize] [T; N]);

/// A value of an input that is no word of the vocabulary, or a sequence of a length that cannot be.
///
/// ```
/// use typenet_runtime::schema::IndexError;
///
/// let error = IndexError::Word { input: "text", sample: 5, position: 3, found: 12_000, below: 10_000 };
/// assert_eq!(error.to_string(), "input `text`: word 3 of sample 5 is 12000, expected a number below 10000");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexError {
    /// A whole number is not below its limit.
    Word {
        /// The input's name; empty if the model has one input.
        input: &'static str,
        /// Index of the sample.
        sample: usize,
        /// Place in the sample.
        position: usize,
        /// The number.
        found: u32,
        /// What it must be below.
        below: usize,
    },
    /// A sequence has no steps or too many: one that was not made by `Sequence::try_from`.
    Steps {
        /// The input's name; empty if the model has one input.
        input: &'static str,
        /// Index of the sample.
        sample: usize,
        /// Number of steps.
        found: u32,
        /// The most that there may be.
        most: usize,
    },
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Word { input, .. } | Self::Steps { input, .. }) = self;
        if !input.is_empty() {
            write!(f, "input `{input}`: ")?;
        }
        match self {
            Self::Word { sample, position, found, below, .. } => {
                write!(f, "word {position} of sample {sample} is {found}, expected a number below {below}")
            }
            Self::Steps { sample, found, most, .. } => {
                write!(f, "sample {sample} has {found} steps, expected 1 to {most}")
            }
        }
    }
}

impl core::error::Error for IndexError {}

/// Whether whole numbers and lengths of sequences in a column can be.
#[doc(hidden)]
pub fn check_column(input: &'static str, column: Column<'_>, part: &Part) -> Result<(), IndexError> {
    if part.below.is_none() && !part.is_sequence {
        return Ok(());
    }
    let width = part.len() + usize::from(part.is_sequence);
    let item = if part.is_sequence { part.len() / part.shape[0] } else { 1 };
    for (sample, row) in column.words.chunks_exact(width).enumerate() {
        let items = if part.is_sequence {
            let (found, most) = (row[0], part.shape[0]);
            if !(1..=most).contains(&(found as usize)) {
                return Err(IndexError::Steps { input, sample, found, most });
            }
            &row[1..][..found as usize * item]
        } else {
            row
        };
        if let Some(below) = part.below
            && let Some(position) = items.iter().position(|&word| word as usize >= below)
        {
            return Err(IndexError::Word { input, sample, position, found: items[position], below });
        }
    }
    Ok(())
}

/// `Record` for a struct with a type parameter for each field.
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    ($name:ident { $($field:ident: $Field:ident),+ $(,)? }) => {
        impl<$($Field: $crate::schema::Record),+> $crate::schema::Record for $name<$($Field),+> {
            type One<'a> = $name<$(<$Field as $crate::schema::Record>::One<'a>),+>;
            type Many<'a> = $name<$(<$Field as $crate::schema::Record>::Many<'a>),+>;
            type ManyMut<'a> = $name<$(<$Field as $crate::schema::Record>::ManyMut<'a>),+>;
            $crate::__if_std! { type Owned = $name<$(<$Field as $crate::schema::Record>::Owned),+>; }
            type Each<T> = $name<$($crate::__first!(T, $Field)),+>;
            const NAMES: &'static [&'static $crate::__core::primitive::str] = &[$($crate::__core::stringify!($field)),+];

            fn zeroed() -> Self {
                Self { $($field: <$Field as $crate::schema::Record>::zeroed()),+ }
            }

            fn only(one: Self::One<'_>) -> Self::Many<'_> {
                $name { $($field: <$Field as $crate::schema::Record>::only(one.$field)),+ }
            }

            fn only_mut(one: &mut Self) -> Self::ManyMut<'_> {
                $name { $($field: <$Field as $crate::schema::Record>::only_mut(&mut one.$field)),+ }
            }

            fn rows(many: Self::Many<'_>, rows: $crate::__core::ops::Range<$crate::__core::primitive::usize>) -> Self::Many<'_> {
                $name { $($field: <$Field as $crate::schema::Record>::rows(
                    many.$field,
                    $crate::__core::clone::Clone::clone(&rows),
                )),+ }
            }

            fn columns(many: Self::Many<'_>) -> $crate::schema::Columns<'_> {
                let mut all: $crate::schema::Columns<'_> = $crate::__core::default::Default::default();
                let fields = [$(<$Field as $crate::schema::Record>::columns(many.$field)[0]),+];
                all[..fields.len()].copy_from_slice(&fields);
                all
            }

            fn columns_mut(many: Self::ManyMut<'_>) -> $crate::schema::ColumnsMut<'_> {
                let mut all: $crate::schema::ColumnsMut<'_> = $crate::__core::default::Default::default();
                let fields = [$({
                    let [first, ..] = <$Field as $crate::schema::Record>::columns_mut(many.$field);
                    first
                }),+];
                for (all, field) in $crate::__core::iter::Iterator::zip(all.iter_mut(), fields) {
                    *all = field;
                }
                all
            }

            fn of_columns(columns: [&[$crate::__core::primitive::f32]; $crate::schema::MAX_FIELDS]) -> Self::Many<'_> {
                let mut columns = columns.as_slice();
                $(let $field = {
                    let (own, rest) = columns.split_at(1);
                    columns = rest;
                    let mut all: [&[$crate::__core::primitive::f32]; $crate::schema::MAX_FIELDS] = $crate::__core::default::Default::default();
                    all[0] = own[0];
                    <$Field as $crate::schema::Record>::of_columns(all)
                };)+
                let _ = columns;
                $name { $($field),+ }
            }

            $crate::__if_std! {
                fn owned(rows: $crate::__core::primitive::usize) -> Self::Owned {
                    $name { $($field: <$Field as $crate::schema::Record>::owned(rows)),+ }
                }
            }
            $crate::__if_std! {
                fn owned_mut(owned: &mut Self::Owned) -> Self::ManyMut<'_> {
                    $name { $($field: <$Field as $crate::schema::Record>::owned_mut(&mut owned.$field)),+ }
                }
            }

            fn each<T: $crate::__core::marker::Copy>(each: Self::Each<T>) -> [$crate::__core::option::Option<T>; $crate::schema::MAX_FIELDS] {
                let mut all = [$crate::__core::option::Option::None; $crate::schema::MAX_FIELDS];
                let fields = [$($crate::__core::option::Option::Some(each.$field)),+];
                all[..fields.len()].copy_from_slice(&fields);
                all
            }
        }
    };
}

/// The first of two.
#[doc(hidden)]
#[macro_export]
macro_rules! __first {
    ($first:ty, $second:ty) => {
        $first
    };
}

/// What needs a heap.
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_std {
    ($($tokens:tt)*) => { $($tokens)* };
}

/// What needs a heap.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_std {
    ($($tokens:tt)*) => {};
}
