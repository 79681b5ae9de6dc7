//! A model's tensors by their names.

use crate::brief::brief_debug;
use crate::schema::{LayerInfo, TensorPlace, Tensors};

/// A tensor of a model.
///
/// ```
/// use typenet::model::TensorView;
/// use typenet::prelude::*;
///
/// model! { Digits < Dense(64 => 10, softmax) > }
///
/// let model = Digits::new(1);
/// let TensorView { shape, values } = model.tensor("dense_1.weight")?;
/// assert_eq!((shape, values.len()), (&[64, 10][..], 640));
/// assert_eq!(values[..10], model.dense_1().weight()[0]);
/// # Ok::<(), typenet::model::TensorError>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct TensorView<'a> {
    /// Sizes, outermost first.
    pub shape: &'static [usize],
    /// Values, row-major.
    pub values: &'a [f32],
}

brief_debug!(TensorView<'_> { shape, [values] });

/// Why a tensor or a layer was not found, or does not fit.
///
/// ```
/// use typenet::prelude::*;
///
/// model! { Line < Dense(1 => 1) > }
///
/// let mut model = Line::zeros();
/// let unknown = model.tensor("dense_2.bias").unwrap_err();
/// assert_eq!(
///     unknown.to_string(),
///     "`Line` has no tensor `dense_2.bias`, it has `dense_1.weight`, `dense_1.bias`"
/// );
/// let too_many = model.set_tensor("dense_1.bias", &[1.0, 2.0]).unwrap_err();
/// assert_eq!(too_many.to_string(), "`dense_1.bias` of shape [1] takes 1 values, found 2");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// There is no tensor of this name.
    #[error("`{model}` has no tensor `{name}`, it has {}", list(found))]
    Unknown {
        /// The model.
        model: &'static str,
        /// The name asked for.
        name: String,
        /// The tensors that there are.
        found: Vec<String>,
    },
    /// There is no layer of this name with tensors.
    #[error("`{model}` has no layer `{name}` with tensors, it has the tensors {}", list(found))]
    UnknownLayer {
        /// The model.
        model: &'static str,
        /// The name asked for.
        name: String,
        /// The tensors that there are.
        found: Vec<String>,
    },
    /// There are not as many values as the tensor has.
    #[error("`{name}` of shape {shape:?} takes {expected} values, found {found}")]
    Length {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: &'static [usize],
        /// Number of its values.
        expected: usize,
        /// Number of values given.
        found: usize,
    },
    /// Two layers do not have the same tensors.
    #[error("{to} takes {expected}, but {from} has {found}")]
    Layers {
        /// The layer that is copied to: ``layer `dense_1` of `Digits` ``.
        to: String,
        /// Its first tensor that differs: `` `weight` of shape [784, 512] ``.
        expected: String,
        /// The layer that is copied from.
        from: String,
        /// What it has in its place.
        found: String,
    },
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => text.push_str("none"),
        len if len > SHOWN => text.push_str(&format!(" and {} more", len - SHOWN)),
        _ => {}
    }
    text
}

fn names(layers: &[LayerInfo]) -> Vec<String> {
    Tensors::of(layers).map(|place| place.path.to_string()).collect()
}

/// Where the tensor of this full name lies.
pub(super) fn find(
    model: &'static str,
    layers: &[LayerInfo],
    name: &str,
) -> Result<TensorPlace, TensorError> {
    let found = Tensors::of(layers).find(|place| place.path.to_string() == name);
    found.ok_or_else(|| TensorError::Unknown { model, name: name.to_owned(), found: names(layers) })
}

/// Sets the values of the tensor of this full name.
pub(super) fn set(
    model: &'static str,
    layers: &[LayerInfo],
    block: &mut [f32],
    name: &str,
    values: &[f32],
) -> Result<(), TensorError> {
    let place = find(model, layers, name)?;
    if values.len() != place.len {
        let (name, shape) = (name.to_owned(), place.shape);
        return Err(TensorError::Length { name, shape, expected: place.len, found: values.len() });
    }
    block[place.range()].copy_from_slice(values);
    Ok(())
}

/// The tensors of a layer, with their names within it; of the whole model if `layer` is empty.
fn of_layer(
    model: &'static str,
    layers: &[LayerInfo],
    layer: &str,
) -> Result<Vec<(String, TensorPlace)>, TensorError> {
    let prefix = if layer.is_empty() { String::new() } else { format!("{layer}.") };
    let within = |place: TensorPlace| {
        let name = place.path.to_string();
        name.strip_prefix(&prefix).map(|name| (name.to_owned(), place))
    };
    let tensors: Vec<_> = Tensors::of(layers).filter_map(within).collect();
    if tensors.is_empty() {
        return Err(TensorError::UnknownLayer { model, name: layer.to_owned(), found: names(layers) });
    }
    Ok(tensors)
}

fn described(model: &str, layer: &str) -> String {
    if layer.is_empty() { format!("`{model}`") } else { format!("layer `{layer}` of `{model}`") }
}

/// A model's block beside what describes it.
pub(super) struct Described<B> {
    pub(super) model: &'static str,
    pub(super) layers: &'static [LayerInfo],
    pub(super) block: B,
}

/// Copies the tensors of layer `from` to layer `to`, which must have the same names and shapes in the same order. On an
/// error nothing is changed.
pub(super) fn copy_layer(
    into: Described<&mut [f32]>,
    to: &str,
    other: Described<&[f32]>,
    from: &str,
) -> Result<(), TensorError> {
    let targets = of_layer(into.model, into.layers, to)?;
    let sources = of_layer(other.model, other.layers, from)?;
    let text = |tensor: Option<&(String, TensorPlace)>| match tensor {
        Some((name, place)) => format!("`{name}` of shape {:?}", place.shape),
        None => "no tensor more".to_string(),
    };
    for i in 0..targets.len().max(sources.len()) {
        let (target, source) = (targets.get(i), sources.get(i));
        let key = |tensor: Option<&(String, TensorPlace)>| {
            tensor.map(|(name, place)| (name.clone(), place.shape, place.trainable))
        };
        if key(target) != key(source) {
            return Err(TensorError::Layers {
                to: described(into.model, to),
                expected: text(target),
                from: described(other.model, from),
                found: text(source),
            });
        }
    }
    for ((_, target), (_, source)) in targets.iter().zip(&sources) {
        into.block[target.range()].copy_from_slice(&other.block[source.range()]);
    }
    Ok(())
}
