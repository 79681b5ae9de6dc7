//! Short `Debug` of long slices.

use core::fmt;

/// How many values are shown.
const SHOWN: usize = 4;

/// A slice by its first values and its length: `[0.5, 1.0, 0.25, 3.0, … 512 in all]`.
pub(crate) struct Brief<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Debug> fmt::Debug for Brief<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.0.len();
        let mut list = f.debug_list();
        list.entries(&self.0[..len.min(SHOWN)]);
        if len > SHOWN {
            list.entry(&format_args!("… {len} in all"));
        }
        list.finish()
    }
}

/// `Debug` as if derived, but with `[field]` a slice and `(field)` an `Option` of one as [`Brief`].
macro_rules! brief_debug {
    ($name:ident $(<$lifetime:lifetime $(, $T:ident)?>)? { $($field:tt),* }) => {
        impl $($(<$T: ::core::fmt::Debug>)?)? ::core::fmt::Debug for $name $(<$lifetime $(, $T)?>)? {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut fields = f.debug_struct(stringify!($name));
                $($crate::brief::brief_debug!(@field self fields $field);)*
                fields.finish()
            }
        }
    };
    (@field $self:ident $fields:ident [$field:ident]) => {
        $fields.field(stringify!($field), &$crate::brief::Brief(&$self.$field[..]))
    };
    (@field $self:ident $fields:ident ($field:ident)) => {
        $fields.field(stringify!($field), &$self.$field.as_deref().map($crate::brief::Brief))
    };
    (@field $self:ident $fields:ident $field:ident) => {
        $fields.field(stringify!($field), &$self.$field)
    };
}
pub(crate) use brief_debug;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_slices_are_cut_and_say_their_length() {
        assert_eq!(format!("{:?}", Brief(&[0.5, 1.0])), "[0.5, 1.0]");
        assert_eq!(format!("{:?}", Brief::<u8>(&[])), "[]");
        assert_eq!(format!("{:?}", Brief(&[1, 2, 3, 4])), "[1, 2, 3, 4]");
        assert_eq!(format!("{:.1?}", Brief(&[0.25; 512])), "[0.2, 0.2, 0.2, 0.2, … 512 in all]");
    }
}
