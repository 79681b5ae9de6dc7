//! `Flatten`: the same values as one row.

use super::{Arguments, Kind, LayerType, Role, Spec, TypeArgument};
use crate::size::Shape;

pub(crate) struct Flatten;

impl Kind for Flatten {
    fn name(&self) -> &'static str {
        "Flatten"
    }

    fn example(&self) -> &'static str {
        "Flatten"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        arguments.finish(&[]);
        let span = arguments.layer.span();
        let input = arguments.arriving(span);
        let output = input.as_ref().map(Shape::flat);
        let layer_type = LayerType::BuiltIn {
            module: "flatten",
            kind: arguments.kind_ident(),
            arguments: vec![TypeArgument::InputShape, TypeArgument::OutputSize],
        };
        Spec { output, ..Spec::same_shape(input, layer_type, Role::Reshape) }
    }
}
