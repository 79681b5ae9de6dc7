use super::scale_norms;
use crate::kernels::lerp::lerp;
use crate::layers::rules::Rule;
use crate::schema::Constraint;

/// Columns are scaled to a norm in `MIN ..= MAX`, going the share `RATE` of the way, numbers by their bits; in `model!`
/// `constraint = min_max_norm(0.5, 2.0)`, whose rate is 1, or `min_max_norm(0.5, 2.0, 0.9)` (`keras.constraints.MinMaxNorm`).
///
/// ```
/// use typenet_runtime::layers::constraints::MinMaxNorm;
/// use typenet_runtime::layers::rules::Rule;
///
/// let mut weight = [3.0, 0.25, 4.0, 0.0];
/// type Between = MinMaxNorm<{ f64::to_bits(0.5) }, { f64::to_bits(1.0) }, { f64::to_bits(1.0) }>;
/// Between::CONSTRAINT.unwrap().hold(&mut weight, 2);
/// assert_eq!(weight, [0.6, 0.5, 0.8, 0.0]);
/// ```
#[derive(Debug)]
pub struct MinMaxNorm<const MIN: u64, const MAX: u64, const RATE: u64>;

impl<const MIN: u64, const MAX: u64, const RATE: u64> Rule for MinMaxNorm<MIN, MAX, RATE> {
    const CONSTRAINT: Option<Constraint> = Some(Constraint {
        name: "min_max_norm",
        settings: &[
            ("min", f64::from_bits(MIN)),
            ("max", f64::from_bits(MAX)),
            ("rate", f64::from_bits(RATE)),
        ],
        apply: |constraint, weight, columns| {
            let [(_, min), (_, max), (_, rate)] = *constraint.settings else {
                unreachable!("three settings")
            };
            scale_norms(weight, columns, |norm| lerp(norm, norm.clamp(min, max), rate));
        },
    });
}
