//! What a kind of layer is, and what it says of one layer.

use proc_macro2::{Ident, Span, TokenStream};

use super::{Arguments, TypeTokens, Types};
use crate::ast::{Layer, Path};
use crate::size::{Function, Shape, Size};

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

    /// What arrives.
    fn inputs(&self) -> Inputs {
        Inputs::One
    }

    /// Whether word numbers may arrive, which have no order and no gradient.
    fn takes_words(&self) -> bool {
        false
    }

    /// Reads the arguments. Goes on after a mistake: what cannot be known is `None`.
    fn check(&self, arguments: &mut Arguments<'_>) -> Spec;
}

/// How many values arrive at a layer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inputs {
    One,
    /// At least two, and the kind says how their shapes must agree.
    Several,
}

impl Inputs {
    /// What is wrong where `count` values arrive.
    pub(crate) fn misfit(self, layer: &Layer, count: usize) -> Option<String> {
        let kind = layer.kind();
        match self {
            Self::One if count > 1 => Some(format!(
                "`{kind}` takes one value, but {count} arrive: join them, as in `Concat[ a | b ]`"
            )),
            Self::Several if count < 2 => {
                Some(format!("`{kind}` joins two values or more: `{kind}[ _ | Dense(64 => 64) ]`"))
            }
            _ => None,
        }
    }
}

/// What a kind says of one layer.
pub(crate) struct Spec {
    /// `None` after a mistake.
    pub(crate) input: Option<Shape>,
    /// `None` after a mistake.
    pub(crate) output: Option<Shape>,
    /// Whether the input is written, so that it must be compared with what arrives.
    pub(crate) is_input_written: bool,
    /// Whether errors behind this layer name it as the one that gave the shape, though it has no parameters.
    pub(crate) changes_shape: bool,
    /// How many sizes the input must have; `None` if any number will do.
    pub(crate) input_rank: Option<usize>,
    pub(crate) layer_type: LayerType,
    pub(crate) role: Role,
    /// Whether the layer has trainable tensors.
    pub(crate) has_parameters: bool,
    /// Whether the layer has tensors that move without a gradient.
    pub(crate) has_buffers: bool,
    /// How the layer's parameters are seen; `None` as a slice.
    pub(crate) view: Option<View>,
    /// The sizes of the layer's weight, its largest tensor; empty without one, or if nobody knows.
    pub(crate) weight: Vec<Size>,
    /// Whether each row of the weight belongs to one of the inputs as a whole, as to a word.
    pub(crate) is_table: bool,
    /// Whether the weight is that of an earlier layer, which the declaration names.
    pub(crate) is_tied: bool,
    /// What must hold besides the joints.
    pub(crate) requirements: Vec<Requirement>,
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
            changes_shape: false,
            layer_type,
            role,
            has_parameters: false,
            has_buffers: false,
            view: None,
            weight: Vec::new(),
            is_table: false,
            is_tied: false,
            requirements: Vec::new(),
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

/// The types through which a layer's parameters are seen, each made of a slice by its function `new`.
#[derive(Clone)]
pub(crate) struct View {
    /// Of `layers`.
    pub(crate) module: &'static str,
    pub(crate) view: &'static str,
    pub(crate) view_mut: &'static str,
    /// The generic arguments of both, behind the lifetime.
    pub(crate) arguments: TypeTokens,
}

/// A layer's type.
#[derive(Clone)]
pub(crate) enum LayerType {
    /// A type of the runtime, as its kind writes it.
    BuiltIn(TypeTokens),
    /// A user's type.
    Written(Path),
    /// Stands in for a layer with a mistake.
    Unknown,
}

impl LayerType {
    pub(crate) fn new(write: impl Fn(&mut dyn Types) -> TokenStream + 'static) -> Self {
        Self::BuiltIn(TypeTokens::new(write))
    }

    /// A type with a shape among its arguments, which is known unless a mistake hides it.
    pub(crate) fn of_shape(
        shape: Option<&Shape>,
        write: impl Fn(&mut dyn Types, TokenStream) -> TokenStream + 'static,
    ) -> Self {
        let Some(shape) = shape.cloned() else { return Self::Unknown };
        Self::new(move |types| {
            let shape = types.shape(&shape);
            write(types, shape)
        })
    }
}

/// What a layer needs of its sizes: judged by the macro where all are literals, else by rustc.
#[derive(Clone)]
pub(crate) struct Requirement {
    /// What an error underlines.
    pub(crate) span: Span,
    pub(crate) condition: &'static Function<bool>,
    pub(crate) arguments: Vec<Size>,
    /// What is wrong, with `{0}` for the first of the sizes that are shown.
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) shown: Vec<Size>,
    /// Whether it is judged only where the requirement before it holds: both are one mistake then.
    pub(crate) is_second: bool,
}

impl Requirement {
    /// The text with literals in their places, and each other size as `placeholder` says.
    pub(crate) fn fill(&self, text: &str, placeholder: impl Fn(usize, &Size) -> String) -> String {
        self.shown.iter().enumerate().fold(text.to_owned(), |text, (i, size)| {
            let value = size.literal().map_or_else(|| placeholder(i, size), |value| value.to_string());
            text.replace(&format!("{{{i}}}"), &value)
        })
    }
}
