//! `Input(28, 28)`: the shape of one sample.

use super::{Arguments, Arrives, Kind, LayerType, Role, Spec};

pub(crate) struct Input;

impl Kind for Input {
    fn name(&self) -> &'static str {
        "Input"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["InputLayer"]
    }

    fn example(&self) -> &'static str {
        "Input(28, 28)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let shape = arguments.rest_as_shape();
        arguments.finish(&[]);
        if !matches!(arguments.arrives, [Arrives::Nothing]) {
            let span = arguments.layer.span();
            arguments.error(span, "`Input` is the shape of a sample: it comes first, and once");
        }
        if let Some(name) = &arguments.layer.name {
            arguments.error(name.span(), "`Input` has no name: it is the shape of a sample, not a layer");
        }
        Spec::same_shape(shape, LayerType::Unknown, Role::Sample)
    }
}
