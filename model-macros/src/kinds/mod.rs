//! The built-in kinds of layers: one file each, and one line in [`KINDS`].
//!
//! A kind reads its arguments, says its shapes and names its type in the runtime. It knows nothing of the layers
//! around it but the shape that arrives.

mod activation;
mod arguments;
mod custom;
mod dense;
mod dropout;
mod flatten;
mod initializer;
mod input;
mod rules;
mod word;

use proc_macro2::Ident;

pub(crate) use arguments::{Activation, Arguments, Arrives, LARGEST_SIZE};
pub(crate) use custom::Custom;

use crate::ast::Path;
use crate::size::Shape;

/// Every built-in kind, in the order in which errors list them.
pub(crate) static KINDS: &[&dyn Kind] =
    &[&input::Input, &dense::Dense, &dropout::Dropout, &flatten::Flatten, &activation::Activation];

/// A kind of layer.
pub(crate) trait Kind: Sync {
    /// Its name in `model!`.
    fn name(&self) -> &'static str;

    /// What other frameworks call it.
    fn elsewhere(&self) -> &'static [&'static str] {
        &[]
    }

    /// A layer of this kind, for errors.
    fn example(&self) -> &'static str;

    /// Reads the arguments. Goes on after a mistake: what cannot be known is `None`.
    fn check(&self, arguments: &mut Arguments<'_>) -> Spec;
}

/// What a kind says of one layer.
pub(crate) struct Spec {
    /// `None` after a mistake.
    pub(crate) input: Option<Shape>,
    /// `None` after a mistake.
    pub(crate) output: Option<Shape>,
    /// Whether the input is written, so that it must be compared with what arrives.
    pub(crate) is_input_written: bool,
    /// How many sizes the input must have; `None` if any number will do.
    pub(crate) input_rank: Option<usize>,
    pub(crate) layer_type: LayerType,
    pub(crate) role: Role,
    /// Whether the layer has trainable tensors.
    pub(crate) has_parameters: bool,
    /// Whether the layer has tensors that move without a gradient.
    pub(crate) has_buffers: bool,
    /// How the layer's parameters are seen.
    pub(crate) view: View,
    /// `softmax` or `log_softmax` at the layer's end, where it is written.
    pub(crate) softmax: Option<Ident>,
}

impl Spec {
    /// A layer with no parameters whose samples keep their shape.
    pub(crate) fn same_shape(shape: Option<Shape>, layer_type: LayerType, role: Role) -> Self {
        Self {
            input: shape.clone(),
            output: shape,
            is_input_written: false,
            input_rank: None,
            layer_type,
            role,
            has_parameters: false,
            has_buffers: false,
            view: View::None,
            softmax: None,
        }
    }
}

/// What a layer does when a batch passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Says the shape of a sample; is no layer.
    Sample,
    /// Sees the same values under another shape.
    Reshape,
    /// Computes in training alone.
    Training,
    /// Computes.
    Step,
}

/// How a layer's parameters are seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Not at all.
    None,
    /// As a slice.
    Slice,
    /// As a type of `layers::module` with the sizes of input and output.
    Sizes { module: &'static str, view: &'static str, view_mut: &'static str },
}

/// A layer's type.
#[derive(Clone)]
pub(crate) enum LayerType {
    /// A type of `layers::module`, at the place where its kind is written.
    BuiltIn { module: &'static str, kind: Ident, arguments: Vec<TypeArgument> },
    /// A user's type.
    Written(Path),
    /// A layer whose weight is trained by rules, types of `layers::rules`.
    Ruled { layer: Box<LayerType>, rules: Vec<TypeArgument> },
    /// Stands in for a layer with a mistake.
    Unknown,
}

impl LayerType {
    /// The layer with rules for its weight, if there are any.
    fn with_rules(self, rules: Vec<TypeArgument>) -> Self {
        if rules.is_empty() { self } else { Self::Ruled { layer: Box::new(self), rules } }
    }
}

/// A generic argument of a built-in layer's type.
#[derive(Clone)]
pub(crate) enum TypeArgument {
    /// The input's shape.
    InputShape,
    /// The only size of the input.
    InputSize,
    /// The only size of the output.
    OutputSize,
    /// A type of `layers::module`.
    Marker { module: &'static str, name: Ident },
    /// A type of `layers::module` with numbers, and then types of the same module, as its generic arguments.
    Numbers { module: &'static str, name: Ident, numbers: Vec<f64>, words: Vec<Ident> },
    /// A type of `layers::module` with another as its generic argument.
    Of { module: &'static str, name: Ident, argument: Box<TypeArgument> },
    /// A share.
    Fraction { numerator: u64, denominator: u64 },
}
