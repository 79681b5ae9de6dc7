use super::scale_norms;
use crate::layers::rules::Rule;
use crate::schema::Constraint;

/// Columns are scaled to norm 1; in `model!` `constraint = unit_norm` (`keras.constraints.UnitNorm`).
///
/// ```
/// use typenet_runtime::layers::constraints::UnitNorm;
/// use typenet_runtime::layers::rules::Rule;
///
/// let mut weight = [3.0, 0.5, 4.0, 0.0];
/// UnitNorm::CONSTRAINT.unwrap().hold(&mut weight, 2);
/// assert_eq!(weight, [0.6, 1.0, 0.8, 0.0]);
/// ```
#[derive(Debug)]
pub struct UnitNorm;

impl Rule for UnitNorm {
    const CONSTRAINT: Option<Constraint> = Some(Constraint {
        name: "unit_norm",
        settings: &[],
        apply: |_, weight, columns| scale_norms(weight, columns, |_| 1.0),
    });
}
