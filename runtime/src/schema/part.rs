//! What a value between layers is.

use core::fmt;

/// What a value between layers is.
///
/// ```
/// use typenet_runtime::layers::{Dense, IndexSteps, Layer, Port};
/// use typenet_runtime::typenum::{U2, U3, U40, U1000};
///
/// let part = <Dense<U3, U2> as Layer>::Input::PARTS[0];
/// assert_eq!((part.shape, part.below, part.is_sequence), ([3].as_slice(), None, false));
/// assert_eq!(<(U2, U3)>::PARTS[0].to_string(), "(2, 3)");
/// assert_eq!(IndexSteps::<U40, U1000>::PARTS[0].to_string(), "..40 below 1000");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Sizes of one sample, outermost first; the first is the largest number of steps where it is a sequence.
    pub shape: &'static [usize],
    /// For whole numbers, which have no gradient: what they are below.
    pub below: Option<usize>,
    /// Whether each sample has its own number of steps.
    pub is_sequence: bool,
    /// Whether it is the same for all samples of a batch: a tensor of another layer.
    pub is_tensor: bool,
}

impl Part {
    /// Number of values in a sample.
    ///
    /// ```
    /// use typenet_runtime::layers::Port;
    /// use typenet_runtime::typenum::{U2, U3};
    ///
    /// assert_eq!(<(U2, U3)>::PARTS[0].len(), 6);
    /// assert!(!<(U2, U3)>::PARTS[0].is_empty());
    /// ```
    pub const fn len(&self) -> usize {
        let (mut len, mut i) = (1, 0);
        while i < self.shape.len() {
            len *= self.shape[i];
            i += 1;
        }
        len
    }

    /// Whether a sample has no value.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Part {
    /// `784`, `(28, 28)`; of a sequence `(..40, 64)`, of words `..40 below 1000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dots = if self.is_sequence { ".." } else { "" };
        match self.shape {
            [size] => write!(f, "{dots}{size}")?,
            sizes => {
                f.write_str("(")?;
                for (i, size) in sizes.iter().enumerate() {
                    write!(f, "{}{size}", if i == 0 { dots } else { ", " })?;
                }
                f.write_str(")")?;
            }
        }
        match self.below {
            Some(below) => write!(f, " below {below}"),
            None => Ok(()),
        }
    }
}
