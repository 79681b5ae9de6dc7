//! The shape of one sample as a type: a tuple of typenum sizes, outermost first, without the batch.

pub use crate::kernels::size::{Const, Size};

/// `(U784,)`, `(U28, U28)` or `(U1, U28, U28)`: the sizes of one sample, outermost first.
///
/// ```
/// use typenet_runtime::schema::Shape;
/// use typenet_runtime::typenum::{U1, U28};
///
/// type Image = (U1, U28, U28);
/// assert_eq!(Image::SIZES, [1, 28, 28]);
/// assert_eq!(Image::LEN, 784);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    note = "a shape is a tuple of one to four sizes: `(U784,)`, `(U1, U28, U28)`"
)]
pub trait Shape: 'static {
    /// The sizes, outermost first.
    const SIZES: &'static [usize];
    /// Number of values in a sample.
    const LEN: usize;
}

macro_rules! shape {
    ($($size:ident)+) => {
        impl<$($size: Size),+> Shape for ($($size,)+) {
            const SIZES: &'static [usize] = &[$($size::VALUE),+];
            const LEN: usize = 1 $(* $size::VALUE)+;
        }
    };
}
shape!(A);
shape!(A B);
shape!(A B C);
shape!(A B C D);
