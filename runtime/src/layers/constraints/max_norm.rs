use super::scale_norms;
use crate::layers::rules::Rule;
use crate::schema::Constraint;

/// Columns that are longer are scaled down to a norm of `LIMIT`, by its bits; in `model!` `constraint = max_norm(2.0)` (Srivastava et al.,
/// "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014; `keras.constraints.MaxNorm`).
///
/// ```
/// use typenet_runtime::layers::constraints::MaxNorm;
/// use typenet_runtime::layers::rules::Rule;
///
/// let mut weight = [3.0, 0.5, 4.0, 0.5];
/// MaxNorm::<{ f64::to_bits(1.0) }>::CONSTRAINT.unwrap().hold(&mut weight, 2);
/// assert_eq!(weight, [0.6, 0.5, 0.8, 0.5]);
/// ```
#[derive(Debug)]
pub struct MaxNorm<const LIMIT: u64>;

impl<const LIMIT: u64> Rule for MaxNorm<LIMIT> {
    const CONSTRAINT: Option<Constraint> = Some(Constraint {
        name: "max_norm",
        settings: &[("limit", f64::from_bits(LIMIT))],
        apply: |constraint, weight, columns| {
            scale_norms(weight, columns, |norm| norm.min(constraint.settings[0].1))
        },
    });
}
