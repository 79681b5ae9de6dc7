//! Start values of weights, as types: one file each, and one line in the list below. Names, formulas and defaults are Keras's.
//!
//! Draws are f64 and rounded once, so a layer in `f32` and in `f64` starts from the same numbers.

use crate::kernels::{Element, Rng};

/// How a weight starts.
///
/// ```
/// use typenet_runtime::kernels::{Element, Rng};
/// use typenet_runtime::layers::initializers::Initializer;
///
/// /// Every input leads to every output with the same weight, so that a layer starts as a mean.
/// struct Mean;
///
/// impl Initializer for Mean {
///     fn fill<T: Element>(fan_in: usize, _: usize, _: &mut Rng, weight: &mut [T]) {
///         weight.fill(T::from_f64(1.0 / fan_in as f64));
///     }
/// }
///
/// let mut weight = [0.0f32; 8];
/// Mean::fill(4, 2, &mut Rng::seed(0), &mut weight);
/// assert_eq!(weight, [0.25; 8]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an initializer",
    note = "such as `GlorotUniform`, `HeNormal`, `Orthogonal`, `Zeros`"
)]
pub trait Initializer: 'static {
    /// Fills `weight`, laid out `[fan_in, fan_out]`.
    fn fill<T: Element>(fan_in: usize, fan_out: usize, rng: &mut Rng, weight: &mut [T]);

    /// Fills the weight of a convolution, or of one group of it, laid out `shape`: filters, channels, height and width of the kernel.
    ///
    /// [`fill`](Self::fill) where nothing else is said, which suits an initializer that treats every number alike: there are
    /// `channels·height·width` inputs to an output, but an input leads to `filters·height·width` outputs (`fans`), so these are no two
    /// sides of a matrix.
    ///
    /// ```
    /// use typenet_runtime::kernels::Rng;
    /// use typenet_runtime::layers::initializers::{Identity, Initializer};
    ///
    /// // One at the middle of the kernel that leads from a channel to the filter of the same number.
    /// let mut weight = [7.0f32; 2 * 2 * 3];
    /// Identity::fill_filters([2, 2, 1, 3], [2 * 3; 2], &mut Rng::seed(0), &mut weight);
    /// assert_eq!(weight, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    /// ```
    fn fill_filters<T: Element>(shape: [usize; 4], fans: [usize; 2], rng: &mut Rng, weight: &mut [T]) {
        let _ = shape;
        Self::fill(fans[0], fans[1], rng, weight);
    }
}

/// Every initializer, in the order in which errors of `model!` list them; handed to another macro, see [`__words!`](crate::__words), which
/// also says what stands in a line.
#[doc(hidden)]
#[macro_export]
macro_rules! __initializers {
    ({ $($then:tt)* } $($rest:tt)*) => {
        $($then)* { $($rest)* initializers {
            glorot_uniform: GlorotUniform ["xavier", "xavier_uniform", "glorot"];
            glorot_normal: GlorotNormal ["xavier_normal"];
            he_uniform: HeUniform ["kaiming", "kaiming_uniform", "he"];
            he_normal: HeNormal ["kaiming_normal"];
            lecun_uniform: LecunUniform ["lecun"];
            lecun_normal: LecunNormal;
            #[any_shape] truncated_normal(mean ["loc", "mu"] = 0.0, stddev ["std", "deviation", "sigma", "scale"] = 0.05): TruncatedNormal where (0 < stddev) "the `stddev` of `truncated_normal` is above 0, not {stddev}";
            #[any_shape] random_normal(mean ["loc", "mu"] = 0.0, stddev ["std", "deviation", "sigma", "scale"] = 0.05): RandomNormal ["normal", "gaussian"] where (0 < stddev) "the `stddev` of `random_normal` is above 0, not {stddev}";
            #[any_shape] random_uniform(minval ["a", "min", "low", "lower"] = -0.05, maxval ["b", "max", "high", "upper"] = 0.05): RandomUniform ["uniform"] where (minval < maxval) "`random_uniform` draws from below `maxval`: not from {minval} to {maxval}";
            orthogonal: Orthogonal;
            #[any_shape] zeros: Zeros ["zero"];
            #[any_shape] ones: Ones ["one"];
            identity: Identity ["eye"];
            #[any_shape] constant(value): Constant ["const", "fill", "full"] where () "`constant` takes its number: `constant(0.1)`";
            variance_scaling(
                scale,
                fan in { fan_in: FanIn; fan_out: FanOut; fan_avg: FanAverage; },
                distribution in { truncated_normal: Truncated; normal: Normal ["untruncated_normal"]; uniform: Uniform; }
            ): VarianceScaling where (0 < scale) "`variance_scaling` takes its scale, which is above 0, and may take what it divides by and what it draws from: `variance_scaling(2.0, fan_in, truncated_normal)`";
        } }
    };
}

macro_rules! define {
    (initializers { $(
        $(#[$flag:ident])? $word:ident $(| $synonym:ident)* $(($($number:tt)*))? : $name:ident $([$($elsewhere:literal),+])?
            $(where $condition:tt $sentence:literal)?;
    )+ }) => {$(
        mod $word;
        pub use $word::*;
    )+};
}
__initializers! { {define!} }

#[cfg(test)]
mod tests;

/// Standard deviation of a standard normal cut at two: what a truncated draw is divided by to have deviation 1.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Uniform in `±limit`.
fn uniform<T: Element>(limit: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(limit * (2.0 * rng.uniform() - 1.0));
    }
}

/// Normal of standard deviation `deviation`.
fn normal<T: Element>(deviation: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(deviation * rng.normal());
    }
}

/// Normal of standard deviation `deviation`, redrawn until within two of it.
fn truncated<T: Element>(deviation: f64, rng: &mut Rng, weight: &mut [T]) {
    for value in weight {
        *value = T::from_f64(deviation * rng.truncated_normal());
    }
}
