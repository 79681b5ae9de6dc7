//! What holds for a weight besides its gradient.

use core::fmt;

/// What holds for a weight after every update.
///
/// ```
/// use typenet_runtime::layers::Dense;
/// use typenet_runtime::layers::constraints::MaxNorm;
/// use typenet_runtime::layers::activation::Linear;
/// use typenet_runtime::layers::dense::WithBias;
/// use typenet_runtime::layers::initializers::GlorotUniform;
/// use typenet_runtime::layers::rules::Rule;
/// use typenet_runtime::schema::{Constraint, LayerInfo, Tensors};
/// use typenet_runtime::typenum::{U2, U3};
///
/// type Limited = MaxNorm<{ f64::to_bits(2.0) }>;
/// let layers = [LayerInfo::of::<Dense<U3, U2, Linear, WithBias, GlorotUniform, Limited>>("dense_1")];
/// let constraints: Vec<_> = Tensors::of(&layers).map(|tensor| tensor.constraint).collect();
/// // The weight's alone; the bias has none.
/// assert_eq!(constraints, [Limited::CONSTRAINT, None]);
/// assert_eq!(constraints[0].unwrap().to_string(), "max_norm(2)");
///
/// /// No weight beyond ±`limit`.
/// const CLIPPED: Constraint = Constraint {
///     name: "clipped",
///     settings: &[("limit", 0.5)],
///     apply: |constraint, weight, _| {
///         let limit = constraint.settings[0].1 as f32;
///         weight.iter_mut().for_each(|w| *w = w.clamp(-limit, limit));
///     },
/// };
/// let mut weight = [1.0, -0.25];
/// CLIPPED.hold(&mut weight, 2);
/// assert_eq!(weight, [0.5, -0.25]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Constraint {
    /// Its word in `model!`: `max_norm`.
    pub name: &'static str,
    /// Its numbers by name.
    pub settings: &'static [(&'static str, f64)],
    /// Makes it hold, with its settings, for a weight of rows of so many columns. Does no more if it holds already.
    pub apply: fn(&Self, &mut [f32], usize),
}

impl Constraint {
    /// Makes it hold for a weight of rows of `columns` values: a column are the weights that lead to one output.
    pub fn hold(&self, weight: &mut [f32], columns: usize) {
        (self.apply)(self, weight, columns);
    }
}

/// Equal names and numbers.
impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.settings) == (other.name, other.settings)
    }
}

impl fmt::Display for Constraint {
    /// As `model!` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (i, (_, number)) in self.settings.iter().enumerate() {
            write!(f, "{}{number}", if i == 0 { "(" } else { ", " })?;
        }
        if self.settings.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}
