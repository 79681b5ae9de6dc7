use crate::kernels::constrain::at_least_zero;
use crate::layers::rules::Rule;
use crate::schema::Constraint;

/// Negative weights become zero; in `model!` `constraint = non_negative` (`keras.constraints.NonNeg`).
///
/// ```
/// use typenet_runtime::layers::constraints::NonNegative;
/// use typenet_runtime::layers::rules::Rule;
///
/// let mut weight = [3.0, -0.5];
/// NonNegative::CONSTRAINT.unwrap().hold(&mut weight, 1);
/// assert_eq!(weight, [3.0, 0.0]);
/// ```
#[derive(Debug)]
pub struct NonNegative;

impl Rule for NonNegative {
    const CONSTRAINT: Option<Constraint> =
        Some(Constraint { name: "non_negative", settings: &[], apply: |_, weight, _| at_least_zero(weight) });
}
