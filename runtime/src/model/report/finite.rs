//! Which tensor or layer stopped being finite.

use core::cell::Cell;
use core::fmt;

use crate::hardware::{Buffer, threads};
use crate::layers::batch::{output_columns_mut, results};
use crate::layers::model::{Route, WithoutHead};
use crate::layers::{Cpu, Model, Port, Predict, Run, output_len, parameter_count};
use crate::schema::{LayerInfo, Tensors};

/// A value of a model, or of its optimizer's state, that is NaN or infinite.
///
/// ```
/// use typenet::model::NonFiniteValue;
///
/// let found = NonFiniteValue { tensor: "dense_1.bias".into(), index: 3, value: f32::NAN };
/// assert_eq!(found.to_string(), "value 3 of `dense_1.bias` is NaN");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NonFiniteValue {
    /// The tensor's full name: `dense_1.weight`, `optimizer.velocity.dense_1.weight`.
    pub tensor: String,
    /// Index of the value in the tensor, row-major.
    pub index: usize,
    /// The value.
    pub value: f32,
}

impl fmt::Display for NonFiniteValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "value {} of `{}` is {}", self.index, self.tensor, self.value)
    }
}

/// What a loss that is not finite comes from.
///
/// ```
/// use typenet::kernels::Rng;
/// use typenet::model::{Error, NonFiniteCause};
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
/// trainer.set_tensor("dense_1.weight", &[3e38])?;
/// let step = trainer.train_on_batch(&[[10.0]], &[0.0_f32], &Rng::seed(1));
/// let Err(Error::NonFiniteLoss { cause, .. }) = step else { panic!("the prediction is 3e39") };
/// let largest = Some(("dense_1.weight".into(), 3e38));
/// assert_eq!(cause, NonFiniteCause::Overflow { layer: Some("dense_1".into()), largest });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NonFiniteCause {
    /// An earlier update made a weight that is not finite: the first such tensor in the model's order.
    Weights(NonFiniteValue),
    /// Every weight is finite; the sums of this step's forward pass are not.
    Overflow {
        /// The first layer whose output is not finite, found by an inference on the step's samples; a model in the model counts as
        /// one. `None` if the inference is finite, as where dropout scales a value over the limit, and where the samples are not at
        /// hand, in a callback.
        layer: Option<String>,
        /// The tensor with the weight that is largest in size; `None` in a model without weights.
        largest: Option<(String, f32)>,
    },
    /// Every weight and every prediction is finite; the loss of them is not, such as the Poisson loss of predictions below 0.
    LossItself,
}

impl fmt::Display for NonFiniteCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weights(found) => write!(f, "{found} since an earlier step"),
            Self::Overflow { layer, largest } => {
                if let Some(layer) = layer {
                    write!(f, "the first output that is not finite is that of `{layer}`; ")?;
                }
                match largest {
                    Some((tensor, value)) => {
                        write!(f, "every weight is finite, the largest in size is {value:e} in `{tensor}`")
                    }
                    None => f.write_str("the model has no weights"),
                }
            }
            Self::LossItself => {
                f.write_str("every weight and every prediction is finite, the loss of them is not")
            }
        }
    }
}

/// The first value of `block` that is not finite. Allocates nothing if there is none.
fn find(layers: &[LayerInfo], block: &[f32]) -> Option<NonFiniteValue> {
    let at = block.iter().position(|value| !value.is_finite())?;
    let place = Tensors::of(layers).find(|place| place.range().contains(&at))?;
    Some(NonFiniteValue { tensor: place.path.to_string(), index: at - place.start, value: block[at] })
}

/// The first value that is not finite: of the model, then of the optimizer's slots. Allocates nothing if there is none.
pub(in crate::model) fn find_in_state(
    layers: &[LayerInfo],
    block: &[f32],
    names: impl Fn() -> Vec<&'static str>,
    slots: &[Buffer],
) -> Option<NonFiniteValue> {
    let in_slot = |(place, slot): (usize, &Buffer)| {
        let found = find(layers, slot)?;
        let name = names()[place];
        Some(NonFiniteValue { tensor: format!("optimizer.{name}.{}", found.tensor), ..found })
    };
    find(layers, block).or_else(|| slots.iter().enumerate().find_map(in_slot))
}

/// Why a loss that was computed with these weights is not finite.
pub(in crate::model) fn cause(layers: &[LayerInfo], block: &[f32]) -> NonFiniteCause {
    if let Some(found) = find(layers, block) {
        return NonFiniteCause::Weights(found);
    }
    let largest = (0..block.len()).max_by(|&a, &b| block[a].abs().total_cmp(&block[b].abs()));
    let named = |at: usize| {
        let place = Tensors::of(layers).find(|place| place.range().contains(&at))?;
        Some((place.path.to_string(), block[at]))
    };
    NonFiniteCause::Overflow { layer: None, largest: largest.and_then(named) }
}

/// Why the loss of a step on `input` that made these `predictions` is not finite.
pub(in crate::model) fn cause_of_step<M: Model>(
    model: &M,
    batch: usize,
    input: <M::Input as Port>::Values<'_, Cpu>,
    predictions: &[f32],
) -> NonFiniteCause {
    match cause(M::LAYERS, model.block()) {
        NonFiniteCause::Overflow { largest, .. } => match first_layer(model, batch, input) {
            None if predictions.iter().all(|value| value.is_finite()) => NonFiniteCause::LossItself,
            layer => NonFiniteCause::Overflow { layer, largest },
        },
        cause => cause,
    }
}

/// The first layer whose output is not finite in an inference on these samples, up to the logits.
fn first_layer<M: Model>(
    model: &M,
    batch: usize,
    input: <M::Input as Port>::Values<'_, Cpu>,
) -> Option<String> {
    let mut output = Buffer::zeroed(batch * output_len::<M>());
    let mut scratch = Buffer::zeroed(M::MEMORY.predict.of(batch, threads::threads()));
    let (parameters, buffers) = model.block().split_at(parameter_count::<M>());
    let found = Cell::new(None);
    let pass = Predict {
        batch,
        parameters,
        buffers,
        input: M::Input::shorten_values(input),
        output: results::<M::Output>(output_columns_mut::<M::Output>(batch, &mut output)),
        scratch: &mut scratch[..],
    };
    M::predict_with::<WithoutHead, _>(Look { found: &found }, pass);
    found.get().map(|row: usize| M::LAYERS[row].name.to_string())
}

/// Runs each layer by itself, and notes the first whose output is not finite.
#[derive(Clone, Copy)]
struct Look<'a> {
    found: &'a Cell<Option<usize>>,
}

impl Route<Cpu> for Look<'_> {
    fn layer<L: Run>(self, row: usize, pass: Predict<'_, L>) {
        let (mut slices, mut is_finite) = (Vec::new(), true);
        let Predict { batch, parameters, buffers, input, output, scratch } = pass;
        L::Output::each_result::<Cpu>(output, &mut |slice| slices.push(slice));
        let mut lent = slices.iter_mut().map(|slice| &mut **slice);
        L::predict(Predict {
            batch,
            parameters,
            buffers,
            input: L::Input::shorten_values(input),
            output: L::Output::results::<Cpu>(&mut || lent.next().expect("as many as the port has")),
            scratch,
        });
        drop(lent);
        for slice in slices {
            is_finite &= slice.iter().all(|value| value.is_finite());
        }
        if self.found.get().is_none() && !is_finite {
            self.found.set(Some(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Info, TensorInfo};

    const LAYER: LayerInfo = LayerInfo {
        name: "dense_1",
        info: Info {
            tensors: &[TensorInfo::parameter("weight", &[2, 2]), TensorInfo::parameter("bias", &[2])],
            ..Info::new("Dense")
        },
        inputs: &[],
        outputs: &[],
        activation: "linear",
        sources: &[],
        shares: None,
    };

    #[test]
    fn the_first_tensor_that_is_not_finite_is_named() {
        let mut block = [1.0, 2.0, -9.0, 4.0, 5.0, 6.0];
        let mut slot = Buffer::zeroed(6);
        let state = |block: &[f32], slot: &Buffer| {
            let found = find_in_state(&[LAYER], block, || vec!["velocity"], core::slice::from_ref(slot));
            found.map(|found| found.to_string())
        };
        assert_eq!(state(&block, &slot), None);
        slot[0] = f32::INFINITY;
        let expected = "value 0 of `optimizer.velocity.dense_1.weight` is inf";
        assert_eq!(state(&block, &slot).as_deref(), Some(expected));
        block[5] = f32::NAN;
        assert_eq!(state(&block, &slot).as_deref(), Some("value 1 of `dense_1.bias` is NaN"));
    }

    #[test]
    fn a_loss_that_overflows_names_layer_and_largest_weight() {
        let block = [1.0, 2.0, -9.0, 4.0, 5.0, 6.0];
        let text = "every weight is finite, the largest in size is -9e0 in `dense_1.weight`";
        assert_eq!(cause(&[LAYER], &block).to_string(), text);
        let layer = NonFiniteCause::Overflow { layer: Some("dense_1".into()), largest: None };
        let text = "the first output that is not finite is that of `dense_1`; the model has no weights";
        assert_eq!(layer.to_string(), text);
        assert_eq!(cause(&[], &[]), NonFiniteCause::Overflow { layer: None, largest: None });
        let text = "value 0 of `dense_1.weight` is NaN since an earlier step";
        assert_eq!(cause(&[LAYER], &[f32::NAN; 6]).to_string(), text);
    }
}
