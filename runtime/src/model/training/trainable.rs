//! What a trainer knows of its model's parameters: which of them are trained, and by which rules.

use core::ops::Range;

use crate::data::find_non_finite;
use crate::kernels::flush::narrow;
use crate::kernels::reduce::sum_of;
use crate::kernels::update::{Gradient, UpdateRule, update};
use crate::layers::Model;
use crate::model::Error;
use crate::schema::{Constraint, Regularizer, TensorPlace, Tensors};

/// The trainable tensors of a model.
#[derive(Debug)]
pub(in crate::model) struct Trainable {
    /// In the order of the block.
    tensors: Vec<Tensor>,
    /// Where those are that are trained.
    ranges: Vec<Range<usize>>,
    /// Those that are trained and have a regularizer.
    regularized: Vec<(Range<usize>, Regularizer)>,
    /// Those that are trained and have a constraint, with the numbers of each unit that lie together, and of columns: a unit is a column
    /// of all, or all of it lies together.
    constrained: Vec<(Range<usize>, usize, usize, Constraint)>,
}

#[derive(Debug)]
struct Tensor {
    place: TensorPlace,
    frozen: bool,
}

impl Trainable {
    pub(in crate::model) fn of<M: Model>() -> Self {
        let places = Tensors::of(M::LAYERS).filter(|place| place.trainable);
        Self::new(places.map(|place| Tensor { place, frozen: false }).collect())
    }

    /// Finds, once, what every step asks.
    fn new(tensors: Vec<Tensor>) -> Self {
        let trained = || tensors.iter().filter(|tensor| !tensor.frozen).map(|tensor| &tensor.place);
        let regularized = trained().filter(|place| !place.regularizer.is_none());
        let constrained = trained().filter_map(|place| {
            let is_last = place.unit_axis + 1 >= place.shape.len();
            let units = place.shape.get(place.unit_axis).copied().unwrap_or(1);
            let (together, columns) =
                if is_last { (place.len, units) } else { (place.len / units.max(1), 1) };
            Some((place.range(), together, columns, place.constraint?))
        });
        Self {
            ranges: trained().map(TensorPlace::range).collect(),
            regularized: regularized.map(|place| (place.range(), place.regularizer)).collect(),
            constrained: constrained.collect(),
            tensors,
        }
    }

    /// Where the trained tensors are.
    pub(in crate::model) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Whether every parameter is trained by its gradient alone.
    pub(in crate::model) fn is_plain(&self) -> bool {
        self.ranges.len() == self.tensors.len() && self.regularized.is_empty() && self.constrained.is_empty()
    }

    /// Full names of the frozen tensors, with commas between them.
    pub(in crate::model) fn frozen(&self) -> String {
        let frozen = self.tensors.iter().filter(|tensor| tensor.frozen);
        frozen.map(|tensor| tensor.place.path.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The full name of the tensor that holds a parameter.
    fn name_at(&self, parameter: usize) -> String {
        let holds = |tensor: &&Tensor| tensor.place.range().contains(&parameter);
        self.tensors.iter().find(holds).map_or_else(String::new, |tensor| tensor.place.path.to_string())
    }

    /// Whether the gradient of step `step` by every parameter is finite.
    pub(in crate::model) fn check_gradients(&self, gradients: &[f32], step: u64) -> Result<(), Error> {
        match find_non_finite(gradients, gradients.len().max(1)) {
            None => Ok(()),
            Some(found) => {
                let tensor = self.name_at(found.feature);
                Err(Error::NonFiniteGradient { tensor, step, gradient: found.value })
            }
        }
    }

    /// Freezes the tensors of a layer, or the tensor, with this name, or lets them be trained again; says where those are
    /// that this changes.
    pub(in crate::model) fn set_frozen(
        &mut self,
        name: &str,
        frozen: bool,
    ) -> Result<Vec<Range<usize>>, Error> {
        let (mut is_known, mut found) = (false, Vec::new());
        for tensor in &mut self.tensors {
            let path = tensor.place.path.to_string();
            if path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                is_known = true;
                if tensor.frozen != frozen {
                    found.push(tensor.place.range());
                }
                tensor.frozen = frozen;
            }
        }
        if !is_known {
            let mut known: Vec<String> = Vec::new();
            self.layers().for_each(|layer| {
                if !known.contains(&layer) {
                    known.push(layer)
                }
            });
            return Err(Error::Layer { name: name.to_string(), known: known.join("`, `") });
        }
        *self = Self::new(core::mem::take(&mut self.tensors));
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

    /// What the regularizers add to the loss.
    pub(in crate::model) fn penalty(&self, parameters: &[f32]) -> f64 {
        let penalties = self.regularized.iter().map(|(range, Regularizer { l1, l2 })| {
            sum_of([&parameters[range.clone()]], |[weight]| {
                let weight = f64::from(weight);
                l1 * weight.abs() + l2 * (weight * weight)
            })
        });
        penalties.sum()
    }

    /// Adds what the regularizers add to the gradients.
    pub(in crate::model) fn add_penalty_gradients(&self, parameters: &[f32], gradients: &mut [f32]) {
        for (range, Regularizer { l1, l2 }) in &self.regularized {
            // Not infinite, which times a weight of zero is NaN.
            let rule = Penalty { l1: narrow(*l1), twice_l2: narrow(2.0 * l2) };
            let weight = Gradient::Values(&parameters[range.clone()]);
            update(rule, &mut gradients[range.clone()], weight, []);
        }
    }

    /// Makes every constraint hold.
    pub(in crate::model) fn constrain(&self, parameters: &mut [f32]) {
        for (range, together, columns, constraint) in &self.constrained {
            for units in parameters[range.clone()].chunks_mut((*together).max(1)) {
                constraint.hold(units, *columns);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Port, constraints, rules::Rule};
    use crate::schema::{Info, LayerInfo, TensorInfo};
    use proptest::prelude::*;
    use typenum::{U5, U7};

    const ROWS: usize = 7;
    const COLUMNS: usize = 5;

    /// A layer with a weight and a bias, and rules.
    fn trainable(regularizer: Regularizer, constraint: Option<Constraint>) -> Trainable {
        let weight =
            TensorInfo { regularizer, constraint, ..TensorInfo::parameter("weight", &[ROWS, COLUMNS]) };
        let tensors: &'static [TensorInfo] =
            Box::leak(Box::new([weight, TensorInfo::parameter("bias", &[COLUMNS])]));
        let layer = LayerInfo {
            name: "dense_1",
            info: Info { tensors, ..Info::new("Dense") },
            inputs: <(U7,) as Port>::PARTS,
            outputs: <(U5,) as Port>::PARTS,
            activation: "linear",
            sources: &[],
            shares: None,
        };
        let layers: &'static [LayerInfo] = Box::leak(Box::new([layer]));
        Trainable::new(Tensors::of(layers).map(|place| Tensor { place, frozen: false }).collect())
    }

    fn constraint<R: Rule>(numbers: &[f64]) -> Constraint {
        let constraint = R::CONSTRAINT.expect("a constraint");
        let names = constraint.settings.iter().map(|(name, _)| *name);
        let settings: Vec<_> = names.zip(numbers.iter().copied()).collect();
        Constraint { settings: settings.leak(), ..constraint }
    }

    fn max_norm(limit: f64) -> Constraint {
        constraint::<constraints::MaxNorm<0>>(&[limit])
    }

    fn min_max_norm(min: f64, max: f64, rate: f64) -> Constraint {
        constraint::<constraints::MinMaxNorm<0, 0, 0>>(&[min, max, rate])
    }

    fn unit_norm() -> Constraint {
        constraint::<constraints::UnitNorm>(&[])
    }

    fn non_negative() -> Constraint {
        constraint::<constraints::NonNegative>(&[])
    }

    fn norm(weight: &[f32], column: usize) -> f64 {
        weight.chunks_exact(COLUMNS).map(|row| f64::from(row[column]).powi(2)).sum::<f64>().sqrt()
    }

    /// Weights with columns of very different norms, one of them zero.
    fn weights() -> impl Strategy<Value = Vec<f32>> {
        let scales = prop::collection::vec(prop_oneof![Just(0.0f32), 0.001f32..100.0], COLUMNS);
        (prop::collection::vec(-1.0f32..1.0, (ROWS + 1) * COLUMNS), scales).prop_map(
            |(mut weights, scales)| {
                weights.iter_mut().zip(scales.iter().cycle()).for_each(|(w, scale)| *w *= scale);
                weights
            },
        )
    }

    proptest! {
        #[test]
        fn constraints_hold_after_an_update_for_the_weight_alone(start in weights(), rate in 0.0f64..=1.0) {
            let (min, max) = (0.5, 2.0);
            for constraint in [
                max_norm(max),
                min_max_norm(min, max, 1.0),
                min_max_norm(min, max, rate),
                unit_norm(),
                non_negative(),
            ] {
                let mut weights = start.clone();
                trainable(Regularizer::NONE, Some(constraint)).constrain(&mut weights);
                prop_assert_eq!(&weights[ROWS * COLUMNS..], &start[ROWS * COLUMNS..]);
                let (weight, before) = (&weights[..ROWS * COLUMNS], &start[..ROWS * COLUMNS]);
                if constraint.name == "non_negative" {
                    prop_assert!(weight.iter().zip(before).all(|(w, b)| *w == b.max(0.0)));
                    continue;
                }
                for column in 0..COLUMNS {
                    let (after, before_norm) = (norm(weight, column), norm(before, column));
                    let wanted = match constraint.name {
                        _ if before_norm == 0.0 => 0.0,
                        "max_norm" => before_norm.min(constraint.settings[0].1),
                        "min_max_norm" => {
                            let rate = constraint.settings[2].1;
                            rate * before_norm.clamp(min, max) + (1.0 - rate) * before_norm
                        }
                        _ => 1.0,
                    };
                    // A factor is rounded once, and each product.
                    let tolerance = f64::from(f32::EPSILON) * wanted;
                    prop_assert!((after - wanted).abs() <= tolerance, "{constraint:?}: {before_norm} {after} {wanted}");
                    let is_in_range = before_norm == wanted;
                    for (w, b) in weight.iter().zip(before).skip(column).step_by(COLUMNS) {
                        prop_assert!(!is_in_range || w.to_bits() == b.to_bits());
                        prop_assert!(w.signum() == b.signum());
                    }
                }
            }
        }

        #[test]
        fn a_penalty_has_the_gradient_of_its_differences(start in weights(), l1 in 0.0f64..2.0, l2 in 0.0f64..2.0) {
            let trainable = trainable(Regularizer { l1, l2 }, None);
            let mut gradients = vec![0.0; start.len()];
            trainable.add_penalty_gradients(&start, &mut gradients);
            for i in 0..start.len() {
                // The penalty is a parabola on either side of zero, so differences are exact but for their rounding.
                let h = (start[i].abs() / 2.0).clamp(1e-3, 1.0);
                if start[i] != 0.0 && start[i].abs() <= h {
                    continue;
                }
                let at = |w: f32| {
                    let mut moved = start.clone();
                    moved[i] = w;
                    (trainable.penalty(&moved), f64::from(w))
                };
                let ((above, right), (below, left)) = (at(start[i] + h), at(start[i] - h));
                let slope = (above - below) / (right - left);
                // Where the two arms are unequal by rounding, the slope is that of their middle.
                let middle = if i < ROWS * COLUMNS { 2.0 * l2 * ((right + left) / 2.0 - f64::from(start[i])) } else { 0.0 };
                let tolerance = 1e-6 * (l1 + l2 * f64::from(start[i].abs()) + 1e-9) + f64::EPSILON * above * 64.0 / f64::from(h);
                prop_assert!((f64::from(gradients[i]) - (slope - middle)).abs() <= tolerance, "{i}: {} {slope}", gradients[i]);
            }
            prop_assert!(gradients[ROWS * COLUMNS..].iter().all(|&g| g == 0.0));
        }
    }

    #[test]
    fn rules_are_those_of_keras() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/weights.json"))
                .expect("golden numbers are JSON");
        let f64s = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
        };
        let weight: Vec<f32> = f64s(&golden["weight"]).into_iter().map(|w| w as f32).collect();
        let with_bias = || weight.iter().copied().chain([0.0; COLUMNS]).collect::<Vec<f32>>();
        let near = |found: f32, expected: f64, tolerance: f64| {
            assert!((f64::from(found) - expected).abs() <= tolerance, "{found}, expected {expected}");
        };

        let regular = trainable(Regularizer { l1: 0.3, l2: 0.7 }, None);
        let penalty = golden["penalty"].as_f64().expect("a number");
        assert!((regular.penalty(&with_bias()) - penalty).abs() <= 1e-12 * penalty);
        let mut gradients = vec![0.0; (ROWS + 1) * COLUMNS];
        regular.add_penalty_gradients(&with_bias(), &mut gradients);
        for (found, expected) in gradients.iter().zip(f64s(&golden["gradient"])) {
            near(*found, expected, 4.0 * f64::from(f32::EPSILON) * expected.abs());
        }

        let (min, max) = (0.5, 2.0);
        for (name, constraint) in [
            ("max_norm", max_norm(min)),
            ("min_max_norm", min_max_norm(min, max, 1.0)),
            ("min_max_norm_rate", min_max_norm(min, max, 0.25)),
            ("unit_norm", unit_norm()),
            ("non_negative", non_negative()),
        ] {
            let mut found = with_bias();
            trainable(Regularizer::NONE, Some(constraint)).constrain(&mut found);
            let expected = f64s(&golden["constrained"][name]);
            for (i, expected) in expected.iter().enumerate() {
                // Keras divides by the norm and 1e-7.
                let share = 1e-7 / norm(&weight, i % COLUMNS).max(1e-7);
                near(found[i], *expected, (f64::from(f32::EPSILON) + share) * expected.abs());
            }
        }
    }

    #[test]
    fn a_penalty_of_any_size_leaves_a_weight_of_zero_alone() {
        let trainable = trainable(Regularizer { l1: 1e300, l2: f64::MAX }, None);
        let (zeros, mut gradients) = ([0.0; (ROWS + 1) * COLUMNS], [0.5; (ROWS + 1) * COLUMNS]);
        trainable.add_penalty_gradients(&zeros, &mut gradients);
        assert_eq!((gradients, trainable.penalty(&zeros)), ([0.5; (ROWS + 1) * COLUMNS], 0.0));
    }

    #[test]
    fn norms_at_the_ends_of_f32_are_brought_to_where_they_should_be() {
        let constrained = |constraint, column: [f32; 2]| {
            let mut weights = [0.0; (ROWS + 1) * COLUMNS];
            (weights[0], weights[COLUMNS]) = (column[0], column[1]);
            trainable(Regularizer::NONE, Some(constraint)).constrain(&mut weights);
            [weights[0], weights[COLUMNS]]
        };
        let min_max = |rate| min_max_norm(0.5, 2.0, rate);
        for (constraint, column, expected) in [
            (unit_norm(), [1e-40, 0.0], [1.0, 0.0]),
            (unit_norm(), [-1e-45, 0.0], [-1.0, 0.0]),
            (unit_norm(), [3e38, 0.0], [1.0, 0.0]),
            (unit_norm(), [1.8e38, 2.4e38], [0.6, 0.8]),
            (max_norm(2.0), [3e38, 0.0], [2.0, 0.0]),
            (min_max(1.0), [1e-40, 0.0], [0.5, 0.0]),
            (min_max(1.0), [1e17, 0.0], [2.0, 0.0]),
            (min_max(1.0), [3e38, 0.0], [2.0, 0.0]),
            (min_max(0.0), [1e17, 1e-40], [1e17, 1e-40]),
        ] {
            let found = constrained(constraint, column);
            for (found, expected) in found.iter().zip(expected) {
                let error = (found - expected).abs();
                assert!(error <= f32::EPSILON * expected.abs(), "{constraint:?} of {column:?}: {found}");
            }
        }
        // Half of the way.
        let [found, _] = constrained(min_max(0.5), [1e17, 0.0]);
        assert!((found / 0.5e17 - 1.0).abs() <= 2.0 * f32::EPSILON, "{found}");
    }

    #[test]
    fn what_is_frozen_has_no_penalty_and_no_constraint() {
        let mut trainable = trainable(Regularizer { l1: 1.0, l2: 1.0 }, Some(max_norm(1e-3)));
        let mut weights = vec![1.0; (ROWS + 1) * COLUMNS];
        assert_eq!(trainable.penalty(&weights), 2.0 * (ROWS * COLUMNS) as f64);
        let (weight, bias) = (0..ROWS * COLUMNS, ROWS * COLUMNS..(ROWS + 1) * COLUMNS);
        assert_eq!(
            trainable.set_frozen("dense_1.weight", true).expect("a tensor"),
            core::slice::from_ref(&weight)
        );
        assert_eq!(trainable.ranges(), core::slice::from_ref(&bias));
        assert_eq!(trainable.penalty(&weights), 0.0);
        let mut gradients = vec![0.5; weights.len()];
        trainable.add_penalty_gradients(&weights, &mut gradients);
        trainable.constrain(&mut weights);
        assert!(gradients.iter().all(|&g| g == 0.5) && weights.iter().all(|&w| w == 1.0));
        assert_eq!(trainable.frozen(), "dense_1.weight");
        assert_eq!(trainable.set_frozen("dense_1", true).expect("a layer").len(), 1);
        assert_eq!(trainable.set_frozen("dense_1", false).expect("a layer").len(), 2);
        assert!(!trainable.is_plain() && trainable.frozen().is_empty());
        assert_eq!(trainable.name_at(ROWS * COLUMNS), "dense_1.bias");
    }

    #[test]
    fn a_name_that_nothing_has_is_an_error_with_the_names_there_are() {
        let mut trainable = trainable(Regularizer::NONE, None);
        for name in ["dense", "dense_1.", "dense_1.weights", "", "weight"] {
            let error = trainable.set_frozen(name, true).expect_err(name);
            assert!(matches!(&error, Error::Layer { known, .. } if known == "dense_1"), "{error}");
        }
        assert!(trainable.is_plain());
    }
}
