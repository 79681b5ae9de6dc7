//! The built-in kinds of layers: one file each, and one line in [`KINDS`].
//!
//! A kind reads its arguments, says its shapes and names its type in the runtime. It knows nothing of the layers
//! around it but the shape that arrives.

mod activation;
mod arguments;
mod conv2d;
mod custom;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod global_avg_pool;
mod initializer;
mod input;
mod join;
mod kind;
mod norm;
mod options;
mod pool2d;
mod rules;
mod types;
mod window;
mod word;

pub(crate) use arguments::{Activation, Arguments, Arrives, LARGEST_SIZE, TiedTo};
pub(crate) use custom::Custom;
pub(crate) use kind::{Inputs, Kind, LayerType, Requirement, Role, Spec, View};
pub(crate) use types::{TypeTokens, Types, WordType};

use crate::suggest::{nearest, normal, typos};

/// Every built-in kind, in the order in which errors list them.
pub(crate) static KINDS: &[&dyn Kind] = &[
    &input::Input,
    &dense::Dense,
    &conv2d::Conv2d,
    &pool2d::Pool2d::MAX,
    &pool2d::Pool2d::AVERAGE,
    &global_avg_pool::GlobalAvgPool,
    &norm::BatchNorm,
    &norm::LayerNorm,
    &embedding::Embedding,
    &join::Add,
    &join::Concat,
    &dropout::Dropout,
    &flatten::Flatten,
    &activation::Activation,
];

/// The kind that a word names, or else the one that it means.
pub(crate) fn meant(written: &str) -> Option<&'static dyn Kind> {
    let means = |kind: &dyn Kind| {
        normal(written) == normal(kind.name())
            || kind.elsewhere().iter().any(|name| normal(name) == normal(written))
            || !written.ends_with(|c: char| c.is_ascii_digit())
                && nearest(written, [kind.name()], typos(written).min(1)).is_some()
    };
    KINDS
        .iter()
        .copied()
        .find(|kind| kind.name() == written)
        .or_else(|| KINDS.iter().copied().find(|kind| means(*kind)))
}
