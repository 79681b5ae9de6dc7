//! `Activation(relu)`: an activation as a layer of its own.

use proc_macro2::{Ident, Span};

use super::{Arguments, Kind, LayerType, Role, Spec, TypeArgument};

pub(crate) struct Activation;

impl Kind for Activation {
    fn name(&self) -> &'static str {
        "Activation"
    }

    fn example(&self) -> &'static str {
        "Activation(relu)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let is_given = !arguments.layer.arguments().is_empty() || arguments.layer.incomplete;
        let activation = arguments.activation();
        arguments.finish(&["activation"]);
        if !is_given {
            let span = arguments.layer.arguments_span;
            arguments.error(span, "`Activation` needs its function: `Activation(relu)`");
        }
        let span = arguments.layer.span();
        let shape = arguments.arriving(span);
        let softmax = activation.as_ref().and_then(super::Activation::softmax);
        let marker = match activation {
            Some(activation) => activation.marker(),
            None => {
                TypeArgument::Marker { module: "activation", name: Ident::new("Linear", Span::mixed_site()) }
            }
        };
        let layer_type = LayerType::BuiltIn {
            module: "activation",
            kind: Ident::new("Activate", span),
            arguments: vec![TypeArgument::InputShape, marker],
        };
        Spec { softmax, ..Spec::same_shape(shape, layer_type, Role::Step) }
    }
}
