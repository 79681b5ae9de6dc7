//! Samples of different length.

use core::fmt;
use core::ops::Range;
use core::slice::{from_mut, from_ref};

use super::FloatArray;
use super::record::{Column, Columns, ColumnsMut, MAX_FIELDS, Record, Single, single};

/// What a step of a [`Sequence`] can be: a word number, or an array of `f32`.
///
/// ```
/// use typenet_runtime::schema::{Sequence, StepItem};
///
/// fn longest<T: StepItem, const N: usize>(sequences: &[Sequence<T, N>]) -> usize {
///     sequences.iter().map(Sequence::len).max().unwrap_or(0)
/// }
/// let paths = Sequence::<[f32; 1], 4>::all(&[vec![[0.5]], vec![[0.5]; 3]])?;
/// assert_eq!(longest(&paths), 3);
/// # Ok::<(), typenet_runtime::schema::SequenceError>(())
/// ```
pub trait StepItem: bytemuck::Pod + Send + Sync + sealed::Sealed {}

mod sealed {
    /// Four bytes, or several times four, aligned to four.
    #[doc(hidden)]
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl<T: super::FloatArray> Sealed for T {}
}

impl StepItem for u32 {}
impl<T: FloatArray> StepItem for T {}

/// A sample of 1 to `N` steps, of an input `Input(..N, F)` or `Input(..N, u32)`. Steps are arrays `[f32; F]`, or word numbers as in
/// [`Words<N>`](Words).
///
/// ```
/// use typenet_runtime::schema::Sequence;
///
/// let path = Sequence::<[f32; 2], 8>::try_from(&[[0.0, 1.0], [0.5, 1.5]][..])?;
/// assert_eq!((path.len(), path.as_slice()), (2, &[[0.0, 1.0], [0.5, 1.5]][..]));
/// # Ok::<(), typenet_runtime::schema::SequenceError>(())
/// ```
///
/// # Errors
/// `try_from` gives a [`SequenceError`] for no steps, and for more than `N`.
#[derive(Clone, Copy, PartialEq)]
#[repr(C)]
pub struct Sequence<T, const N: usize> {
    len: u32,
    /// Zero behind the first `len`.
    items: [T; N],
}

/// A text as up to `N` word numbers, whose limit is the vocabulary of the model that reads it.
///
/// ```
/// use typenet_runtime::schema::Words;
///
/// let text = Words::<40>::try_from(&[17, 4, 250][..])?;
/// assert_eq!(text.as_slice(), [17, 4, 250]);
/// assert!(Words::<2>::try_from(&[17, 4, 250][..]).is_err());
/// # Ok::<(), typenet_runtime::schema::SequenceError>(())
/// ```
pub type Words<const N: usize> = Sequence<u32, N>;

// SAFETY: all bits zero is a length of zero and items of zero, for which that is a value.
unsafe impl<T: StepItem, const N: usize> bytemuck::Zeroable for Sequence<T, N> {}
// SAFETY: `u32` and then `N` items that are any bits, four bytes or a multiple of them long and aligned to four (`Sealed`), so there
// is no padding. A length that no constructor made is found where it is read (`check_column`).
unsafe impl<T: StepItem, const N: usize> bytemuck::Pod for Sequence<T, N> {}

single!([T: StepItem, const N: usize] Sequence<T, N>);

impl<T: StepItem, const N: usize> Sequence<T, N> {
    /// Number of its steps.
    pub fn len(&self) -> usize {
        (self.len as usize).min(N)
    }

    /// Whether it has no step, as one made of zeros.
    ///
    /// ```
    /// use typenet_runtime::bytemuck::Zeroable;
    /// use typenet_runtime::schema::Words;
    ///
    /// assert!(Words::<40>::zeroed().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its steps.
    pub fn as_slice(&self) -> &[T] {
        &self.items[..self.len()]
    }

    /// Many sequences, in their order.
    ///
    /// ```
    /// use typenet_runtime::schema::Words;
    ///
    /// let texts = Words::<3>::all(&[vec![1, 2], vec![3]])?;
    /// assert_eq!((texts.len(), texts[1].as_slice()), (2, &[3][..]));
    /// let error = Words::<3>::all(&[vec![1, 2], vec![3; 5]]).unwrap_err();
    /// assert_eq!(error.to_string(), "sequence 1 has 5 steps, expected 1 to 3");
    /// # Ok::<(), typenet_runtime::schema::SequenceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SequenceError`] for the first that has no steps or more than `N`.
    #[cfg(feature = "std")]
    pub fn all<S: AsRef<[T]>>(sequences: &[S]) -> Result<Vec<Self>, SequenceError> {
        let numbered = sequences.iter().enumerate();
        let of = |(sample, steps): (usize, &S)| {
            Self::try_from(steps.as_ref()).map_err(|error| SequenceError { sample: Some(sample), ..error })
        };
        numbered.map(of).collect()
    }
}

impl<T: StepItem, const N: usize> TryFrom<&[T]> for Sequence<T, N> {
    type Error = SequenceError;

    fn try_from(steps: &[T]) -> Result<Self, SequenceError> {
        let found = steps.len();
        if found == 0 || found > N {
            return Err(SequenceError { sample: None, found, most: N });
        }
        let mut sequence: Self = bytemuck::Zeroable::zeroed();
        sequence.len = found as u32;
        sequence.items[..found].copy_from_slice(steps);
        Ok(sequence)
    }
}

impl<T: StepItem + fmt::Debug, const N: usize> fmt::Debug for Sequence<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// A sequence has no steps, or more than the input that it is for.
///
/// ```
/// use typenet_runtime::schema::{SequenceError, Words};
///
/// let error = Words::<3>::try_from(&[][..]).unwrap_err();
/// assert_eq!(error, SequenceError { sample: None, found: 0, most: 3 });
/// assert_eq!(error.to_string(), "a sequence has 0 steps, expected 1 to 3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceError {
    /// Which of several, where there are several.
    pub sample: Option<usize>,
    /// Number of its steps.
    pub found: usize,
    /// The most that there may be.
    pub most: usize,
}

impl fmt::Display for SequenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sample, found, most } = self;
        match sample {
            Some(sample) => write!(f, "sequence {sample} has {found} steps, expected 1 to {most}"),
            None => write!(f, "a sequence has {found} steps, expected 1 to {most}"),
        }
    }
}

impl core::error::Error for SequenceError {}
