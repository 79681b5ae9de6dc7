//! Rules for a layer's weight besides its gradient, as types: what `l1 = …`, `l2 = …` and `constraint = …` become.

use core::marker::PhantomData;

use crate::schema::{Constraint, Regularizer, TensorInfo};

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

/// Nothing but the gradient.
///
/// ```
/// use typenet_runtime::layers::rules::{NoRule, Rule};
///
/// assert!(NoRule::REGULARIZER.is_none() && NoRule::CONSTRAINT.is_none());
/// ```
#[derive(Debug)]
pub struct NoRule;

impl Rule for NoRule {}

/// Two rules for one weight; about one thing, the second holds.
///
/// ```
/// use typenet_runtime::layers::constraints::NonNegative;
/// use typenet_runtime::layers::rules::{Both, L1L2, Rule};
///
/// type Sparse = Both<L1L2<{ f64::to_bits(1e-3) }, 0>, NonNegative>;
/// assert_eq!((Sparse::REGULARIZER.l1, Sparse::CONSTRAINT), (1e-3, NonNegative::CONSTRAINT));
/// ```
#[derive(Debug)]
pub struct Both<R, S>(PhantomData<(R, S)>);

impl<R: Rule, S: Rule> Rule for Both<R, S> {
    const REGULARIZER: Regularizer = if S::REGULARIZER.is_none() { R::REGULARIZER } else { S::REGULARIZER };
    const CONSTRAINT: Option<Constraint> = match S::CONSTRAINT {
        None => R::CONSTRAINT,
        constraint => constraint,
    };
}

/// The tensor, trained by rule `R`.
///
/// ```
/// use typenet_runtime::layers::constraints::NonNegative;
/// use typenet_runtime::layers::rules::{Rule, ruled};
/// use typenet_runtime::schema::TensorInfo;
///
/// const WEIGHT: TensorInfo = ruled::<NonNegative>(TensorInfo::parameter("weight", &[3, 2]));
/// assert_eq!(WEIGHT.constraint, NonNegative::CONSTRAINT);
/// ```
pub const fn ruled<R: Rule>(tensor: TensorInfo) -> TensorInfo {
    TensorInfo { regularizer: R::REGULARIZER, constraint: R::CONSTRAINT, ..tensor }
}
