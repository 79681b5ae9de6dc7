//! What a trainer knows of its model's parameters: which of them are trained, and by which rules.

use core::ops::Range;

use super::Error;
use crate::kernels::constrain::{at_least_zero, scale_columns};
use crate::kernels::reduce::sum_of;
use crate::kernels::update::{Gradient, UpdateRule, update};
use crate::layers::Model;
use crate::tensor::{Constraint, Regularizer, TensorPlace, Tensors};

/// The trainable tensors of a model.
#[derive(Debug)]
pub(super) struct Trainable {
    /// In the order of the block.
    tensors: Vec<Tensor>,
    /// Where those are that are trained.
    ranges: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Tensor {
    place: TensorPlace,
    frozen: bool,
}

impl Trainable {
    pub(super) fn of<M: Model>() -> Self {
        let places = Tensors::of(M::LAYERS).filter(|place| place.trainable);
        let tensors = places.map(|place| Tensor { place, frozen: false }).collect();
        let mut trainable = Self { tensors, ranges: Vec::new() };
        trainable.find_ranges();
        trainable
    }

    fn find_ranges(&mut self) {
        self.ranges = self.trained().map(TensorPlace::range).collect();
    }

    fn trained(&self) -> impl Iterator<Item = &TensorPlace> {
        self.tensors.iter().filter(|tensor| !tensor.frozen).map(|tensor| &tensor.place)
    }

    /// Where the trained tensors are.
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Whether every parameter is trained by its gradient alone.
    pub(super) fn is_plain(&self) -> bool {
        self.tensors.iter().all(|Tensor { place, frozen }| {
            !frozen && place.regularizer.is_none() && place.constraint.is_none()
        })
    }

    /// Full names of the frozen tensors, with commas between them.
    pub(super) fn frozen(&self) -> String {
        let frozen = self.tensors.iter().filter(|tensor| tensor.frozen);
        frozen.map(|tensor| tensor.place.path.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The full name of the tensor that holds a parameter.
    pub(super) fn name_at(&self, parameter: usize) -> String {
        let holds = |tensor: &&Tensor| tensor.place.range().contains(&parameter);
        self.tensors.iter().find(holds).map_or_else(String::new, |tensor| tensor.place.path.to_string())
    }

    /// Freezes the tensors of a layer, or the tensor, with this name, or lets them be trained again; says which those are.
    pub(super) fn set_frozen(&mut self, name: &str, frozen: bool) -> Result<Vec<Range<usize>>, Error> {
        let mut found = Vec::new();
        for tensor in &mut self.tensors {
            let path = tensor.place.path.to_string();
            if path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                if tensor.frozen != frozen {
                    found.push(tensor.place.range());
                }
                tensor.frozen = frozen;
            }
        }
        let is_known = self.layers().any(|layer| layer == name)
            || self.tensors.iter().any(|tensor| tensor.place.path.to_string() == name);
        if !is_known {
            let mut known: Vec<String> = self.layers().collect();
            known.dedup();
            return Err(Error::Layer { name: name.to_string(), known: known.join("`, `") });
        }
        self.find_ranges();
        Ok(found)
    }

    /// Names of the layers that hold the tensors, outer ones first; a layer's name comes once for each of its tensors.
    fn layers(&self) -> impl Iterator<Item = String> {
        let paths = self.tensors.iter().map(|tensor| tensor.place.path);
        paths.flat_map(|path| {
            let depth = path.names().len();
            (1..depth).map(move |depth| path.names()[..depth].join("."))
        })
    }

    fn regularized(&self) -> impl Iterator<Item = (Range<usize>, Regularizer)> {
        let trained = self.trained().filter(|place| !place.regularizer.is_none());
        trained.map(|place| (place.range(), place.regularizer))
    }

    /// What the regularizers add to the loss.
    pub(super) fn penalty(&self, parameters: &[f32]) -> f64 {
        let penalties = self.regularized().map(|(range, Regularizer { l1, l2 })| {
            sum_of([&parameters[range]], |[weight]| {
                let weight = f64::from(weight);
                l1 * weight.abs() + l2 * (weight * weight)
            })
        });
        penalties.sum()
    }

    /// Adds what the regularizers add to the gradients.
    pub(super) fn add_penalty_gradients(&self, parameters: &[f32], gradients: &mut [f32]) {
        for (range, Regularizer { l1, l2 }) in self.regularized() {
            let rule = Penalty { l1: l1 as f32, twice_l2: (2.0 * l2) as f32 };
            update(rule, &mut gradients[range.clone()], Gradient::Values(&parameters[range]), []);
        }
    }

    /// Makes every constraint hold.
    pub(super) fn constrain(&self, parameters: &mut [f32]) {
        for place in self.trained() {
            let weight = &mut parameters[place.range()];
            let columns = place.shape.last().copied().unwrap_or(1);
            match place.constraint {
                None => {}
                Some(Constraint::NonNegative) => at_least_zero(weight),
                Some(Constraint::UnitNorm) => scale_columns(weight, columns, |norm| to(1.0, norm)),
                Some(Constraint::MaxNorm { limit }) => {
                    scale_columns(weight, columns, |norm| to(norm.min(limit), norm));
                }
                Some(Constraint::MinMaxNorm { min, max, rate }) => {
                    scale_columns(weight, columns, |norm| {
                        to(norm + rate * (norm.clamp(min, max) - norm), norm)
                    });
                }
            }
        }
    }
}

/// The factor that brings a norm to `wanted`; 1 for zero, which no factor moves.
fn to(wanted: f64, norm: f64) -> f64 {
    if norm > 0.0 { wanted / norm } else { 1.0 }
}

/// A gradient, in a weight's place, and the weight, in a gradient's: `g + l1·sign(w) + 2·l2·w`.
#[derive(Debug, Clone, Copy)]
struct Penalty {
    l1: f32,
    twice_l2: f32,
}

impl UpdateRule<0> for Penalty {
    #[inline(always)]
    fn apply(self, gradient: f32, weight: f32, []: [f32; 0]) -> (f32, [f32; 0]) {
        let sign = f32::from(u8::from(weight > 0.0)) - f32::from(u8::from(weight < 0.0));
        (gradient + (self.l1 * sign + self.twice_l2 * weight), [])
    }
}
