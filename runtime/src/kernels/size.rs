//! Sizes as types: typenum's numbers, and constants.

use typenum::Unsigned;

/// A size that the compiler knows: a number of typenum, or [`Const`].
///
/// ```
/// use typenet_runtime::schema::{Const, Size};
/// use typenet_runtime::typenum::U784;
///
/// const HIDDEN: usize = 1600;
/// assert_eq!(<Const<HIDDEN> as Size>::VALUE, 1600);
/// assert_eq!(U784::VALUE, 784);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a size",
    label = "not a size",
    note = "a size is a typenum number such as `U784`, or `Const<784>`"
)]
pub trait Size: 'static {
    /// The number.
    const VALUE: usize;
}

#[diagnostic::do_not_recommend]
impl<N: Unsigned + 'static> Size for N {
    const VALUE: usize = N::USIZE;
}

/// A size that is given as a constant, where typenum has no name for it.
///
/// ```
/// use typenet_runtime::layers::{Dense, parameter_count};
/// use typenet_runtime::schema::Const;
///
/// const HIDDEN: usize = 1600;
/// assert_eq!(parameter_count::<f32, Dense<Const<784>, Const<HIDDEN>>>(), 784 * 1600 + 1600);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Const<const V: usize>;

impl<const V: usize> Size for Const<V> {
    const VALUE: usize = V;
}
