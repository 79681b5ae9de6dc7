//! Constraints for weights, as types: one file each, and one line in the list below. They hold after every update, each for the weights
//! that lead to one output. Norms are Euclidean; a column of zeros stays.

use crate::kernels::constrain::scale_columns;

/// Every constraint, in the order in which errors of `model!` list them; handed to another macro, see [`__words!`](crate::__words), which
/// also says what stands in a line.
#[doc(hidden)]
#[macro_export]
macro_rules! __constraints {
    ({ $($then:tt)* } $($rest:tt)*) => {
        $($then)* { $($rest)* constraints {
            max_norm(limit): MaxNorm where (0 < limit) "`max_norm` takes the largest norm, which is above 0: `max_norm(2.0)`";
            min_max_norm(min, max, rate = 1.0): MinMaxNorm where (0 <= min, min <= max, 0 < max, 0 <= rate, rate <= 1) "`min_max_norm` takes the smallest and the largest norm, and may take the share of the way to them, from 0 to 1: `min_max_norm(0.5, 2.0)`";
            non_negative: NonNegative ["non_neg", "positive"];
            unit_norm: UnitNorm;
        } }
    };
}

macro_rules! define {
    (constraints { $(
        $word:ident $(| $synonym:ident)* $(($($number:tt)*))? : $name:ident $([$($elsewhere:literal),+])?
            $(where $condition:tt $sentence:literal)?;
    )+ }) => {$(
        mod $word;
        pub use $word::$name;
    )+};
}
__constraints! { {define!} }

/// Gives each column the norm that `wanted` makes of its norm; zero stays.
fn scale_norms(weight: &mut [f32], columns: usize, wanted: impl Fn(f64) -> f64 + Sync) {
    scale_columns(weight, columns, |norm| if norm > 0.0 { wanted(norm) / norm } else { 1.0 });
}
