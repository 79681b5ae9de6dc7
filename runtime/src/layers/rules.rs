//! Rules for a layer's weight besides its gradient, as types: what `l1 = …`, `l2 = …` and `constraint = …` become.

use core::marker::PhantomData;

use super::{Backward, Forward, Layer, Predict, Step};
use crate::kernels::{Element, Rng};
use crate::schema::{Constraint, LayerInfo, Regularizer, TensorInfo};

/// A rule for a layer's weight.
///
/// ```
/// use typenet_runtime::layers::constraints::NonNegative;
/// use typenet_runtime::layers::rules::Rule;
/// use typenet_runtime::schema::{Constraint, Regularizer};
///
/// /// Two rules as one.
/// struct Sparse;
///
/// impl Rule for Sparse {
///     const REGULARIZER: Regularizer = Regularizer { l1: 1e-3, l2: 0.0 };
///     const CONSTRAINT: Option<Constraint> = NonNegative::CONSTRAINT;
/// }
///
/// assert_eq!(Sparse::CONSTRAINT.unwrap().name, "non_negative");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a rule for a weight",
    note = "such as `L1L2<…>`, `MaxNorm<…>`, `NonNegative`"
)]
pub trait Rule: 'static {
    /// What is added to the loss.
    const REGULARIZER: Regularizer = Regularizer::NONE;
    /// What holds after every update.
    const CONSTRAINT: Option<Constraint> = None;
}

/// [`Regularizer`] with the bits of `l1` and `l2`: `L1L2<0, { f64::to_bits(1e-4) }>`.
///
/// ```
/// use typenet_runtime::layers::rules::{L1L2, Rule};
/// use typenet_runtime::schema::Regularizer;
///
/// type Decay = L1L2<0, { f64::to_bits(1e-4) }>;
/// assert_eq!(Decay::REGULARIZER, Regularizer { l1: 0.0, l2: 1e-4 });
/// ```
#[derive(Debug)]
pub struct L1L2<const L1: u64, const L2: u64>;

impl<const L1: u64, const L2: u64> Rule for L1L2<L1, L2> {
    const REGULARIZER: Regularizer = Regularizer { l1: f64::from_bits(L1), l2: f64::from_bits(L2) };
}

/// Layer `L`, whose weight is trained by rule `R`. It computes as `L` does; rules act where parameters are updated.
///
/// ```
/// use typenet_runtime::layers::constraints::MaxNorm;
/// use typenet_runtime::layers::rules::Ruled;
/// use typenet_runtime::layers::{Dense, Layer};
/// use typenet_runtime::typenum::{U3, U4};
///
/// type Limited = Ruled<Dense<U3, U4>, MaxNorm<{ f64::to_bits(2.0) }>>;
/// assert_eq!(<Limited as Layer>::CONSTRAINT.unwrap().settings, [("limit", 2.0)]);
/// ```
#[derive(Debug)]
pub struct Ruled<L, R>(PhantomData<(L, R)>);

impl<T: Element, L: Layer<T>, R: Rule> Layer<T> for Ruled<L, R> {
    type Input = L::Input;
    type Output = L::Output;
    type Head = L::Head;
    type Body = Ruled<L::Body, R>;
    const KIND: &'static str = L::KIND;
    const PARAMETERS: &'static [TensorInfo] = L::PARAMETERS;
    const BUFFERS: &'static [TensorInfo] = L::BUFFERS;
    const LAYERS: &'static [LayerInfo] = L::LAYERS;
    const CACHE: usize = L::CACHE;
    const PREDICT_SCRATCH: usize = L::PREDICT_SCRATCH;
    const BACKWARD_SCRATCH: usize = L::BACKWARD_SCRATCH;
    const FLOPS: u64 = L::FLOPS;
    const SETTINGS: &'static [(&'static str, f64)] = L::SETTINGS;
    /// Of several rules about one thing, the outermost holds.
    const REGULARIZER: Regularizer = if R::REGULARIZER.is_none() { L::REGULARIZER } else { R::REGULARIZER };
    const CONSTRAINT: Option<Constraint> = match R::CONSTRAINT {
        None => L::CONSTRAINT,
        constraint => constraint,
    };

    fn initialize(parameters: &mut [T], buffers: &mut [T], rng: Rng) {
        L::initialize(parameters, buffers, rng);
    }

    fn predict(pass: Predict<'_, T>) {
        L::predict(pass);
    }

    fn forward(pass: Forward<'_, T>) {
        L::forward(pass);
    }

    fn backward(pass: Backward<'_, T>) {
        L::backward(pass);
    }

    fn step(pass: Step<'_, T>) {
        L::step(pass);
    }
}
