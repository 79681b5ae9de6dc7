//! Activations: one file each, and one line in the list below.
//!
//! A file holds a type that says its formulas (`Formula`). The list gives each its module, its [`Function`] and its word in `model!`.

mod formula;
#[cfg(test)]
mod tests;

pub use formula::Kept;
pub(crate) use formula::Scale;
pub(super) use formula::{Formula, Rows};
use formula::{TAIL, above_tail, bounded, logistic, rowwise};

use super::simd::Simd;

/// Every activation, in the order in which errors of `model!` list them; handed to another macro, see
/// [`__words!`](crate::__words).
///
/// A line is the word and its type. Behind `|` stands another word that is accepted, in brackets what other frameworks call it, and
/// `#[rowwise]` marks an activation that looks at whole rows.
#[doc(hidden)]
#[macro_export]
macro_rules! __activations {
    ({ $($then:tt)* } $($rest:tt)*) => {
        $($then)* { $($rest)* activations {
            linear: Linear ["identity", "none"];
            relu: Relu ["rectifier", "relu6"];
            leaky_relu: LeakyRelu ["lrelu"];
            elu: Elu;
            selu: Selu;
            gelu: Gelu;
            gelu_tanh: GeluTanh ["gelu_new", "gelu_approximate"];
            silu | swish: Silu;
            sigmoid: Sigmoid ["logistic", "sigm"];
            hard_sigmoid: HardSigmoid;
            mish: Mish;
            tanh: Tanh ["hyperbolic_tangent"];
            softplus: Softplus;
            softsign: Softsign;
            #[rowwise] softmax: Softmax;
            #[rowwise] log_softmax: LogSoftmax;
        } }
    };
}

/// An activation as a type.
///
/// ```
/// use typenet_runtime::kernels::activation::{Activation, Gelu};
/// use typenet_runtime::kernels::{Function, Map};
///
/// fn apply<A: Activation>(x: &mut [f32]) {
///     f32::map(A::FUNCTION, x.len(), x);
/// }
///
/// assert_eq!((Gelu::FUNCTION, Gelu::NAME), (Function::Gelu, "gelu"));
/// let mut x = [0.0, 1.0];
/// apply::<Gelu>(&mut x);
/// assert_eq!(format!("{x:.4?}"), "[0.0000, 0.8413]");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not an activation")]
pub trait Activation: 'static {
    /// The function.
    const FUNCTION: Function;
    /// Its name in `model!`.
    const NAME: &'static str;
}

macro_rules! define {
    (activations { $($(#[$flag:ident])? $word:ident $(| $synonym:ident)* : $name:ident $([$($elsewhere:literal),+])?;)+ }) => {
        $(
            mod $word;
            pub use $word::$name;

            impl Activation for $name {
                const FUNCTION: Function = Function::$name;
                const NAME: &'static str = stringify!($word);
            }
        )+

        /// An activation as a value.
        ///
        /// ```
        /// use typenet_runtime::kernels::Function;
        /// use typenet_runtime::kernels::function::Kept;
        ///
        /// // Sigmoid's derivative is y·(1 − y); gelu's cannot be had from its value.
        /// assert_eq!(Function::Sigmoid.kept(), Kept::Output);
        /// assert_eq!(Function::Gelu.kept(), Kept::Preactivation);
        /// assert!(Function::Softmax.is_rowwise() && !Function::Sigmoid.is_rowwise());
        /// assert_eq!(Function::ALL.iter().filter(|function| function.is_rowwise()).count(), 2);
        /// assert_eq!(Function::Silu.name(), "silu");
        /// ```
        ///
        /// # Errors in `f32`
        /// The documentation of each activation's type states what no value exceeds in sweeps over all of `f32`, dense where
        /// functions bend, cancel or end in a tail, on any instruction set. Values in units in the last place (ulp); the derivative at
        /// `x`, which is computed from what [`kept`](Self::kept) says, as the difference from the exact one.
        ///
        /// Where an exponential in a tail is below 2⁻¹⁰⁰ (7.9e-31), and counts as zero, a value of less than 6e-29 becomes zero.
        /// Another value below the smallest normal number (1.2e-38) is within 1 unit of 1.4e-45, of [`Silu`] 1.5, of [`Gelu`] 2.5, of
        /// [`GeluTanh`] 140.
        ///
        /// Infinities give the limit. NaN gives NaN, also where it was kept and a gradient is led back through it (`Linear` leaves
        /// gradients as they are), so that no layer hides one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function {
            $(
                #[doc = concat!("See [the type](struct@", stringify!($name), ").")]
                $name,
            )+
        }

        impl Function {
            /// Every activation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its word in `model!`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $name::NAME,)+
                }
            }

            /// What [`Map::map_gradient`](super::Map::map_gradient) wants to see of the forward pass.
            pub const fn kept(self) -> Kept {
                match self {
                    $(Self::$name => <$name as Formula>::KEPT,)+
                }
            }

            /// Whether a value depends on its whole row.
            pub const fn is_rowwise(self) -> bool {
                self.rows().is_some()
            }

            /// How the function computes rows, if it is row-wise.
            pub(super) const fn rows(self) -> Option<Rows> {
                match self {
                    $(Self::$name => <$name as Formula>::ROWS,)+
                }
            }

            /// Cycles for each element, more or less.
            pub(super) const fn cost(self) -> usize {
                match self {
                    $(Self::$name => <$name as Formula>::COST,)+
                }
            }

            /// Where its values lie, as metrics see them.
            #[cfg(feature = "std")]
            pub(crate) const fn scale(self) -> Scale {
                match self {
                    $(Self::$name => <$name as Formula>::SCALE,)+
                }
            }

            /// The definition: `f(x)` of a function that is not row-wise.
            pub(super) fn value(self, x: f64) -> f64 {
                match self {
                    $(Self::$name => <$name as Formula>::value(x),)+
                }
            }

            /// The definition: `f′` from what [`kept`](Self::kept) says, of a function that is not row-wise. NaN of NaN, but for
            /// `Linear`.
            pub(super) fn derivative(self, kept: f64) -> f64 {
                if kept.is_nan() && self != Self::Linear {
                    return kept;
                }
                match self {
                    $(Self::$name => <$name as Formula>::derivative(kept),)+
                }
            }

            /// `f(x)`, lane by lane; `x` itself where the function is row-wise.
            #[inline(always)]
            pub(super) fn value_on<S: Simd>(self, simd: S, x: S::Floats) -> S::Floats {
                match self {
                    $(Self::$name => <$name as Formula>::value_on(simd, x),)+
                }
            }
        }

        /// Evaluates an expression in which a type stands for the formulas of a [`Function`].
        macro_rules! with_formula {
            ($function:expr, $formula:ident => $call:expr) => {
                match $function {
                    $($crate::kernels::Function::$name => {
                        type $formula = $crate::kernels::activation::$name;
                        $call
                    })+
                }
            };
        }
    };
}
__activations! { {define!} }
pub(super) use with_formula;
