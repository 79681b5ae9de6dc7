//! `Input(28, 28)`: the shape of one sample.

use super::{Arguments, Kind, LayerType, Role, Spec};

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
        Spec::same_shape(shape, LayerType::Unknown, Role::Sample)
    }
}
