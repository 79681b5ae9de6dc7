//! `Activation(relu)`: an activation as a layer of its own.

use proc_macro2::Ident;
use quote::quote;

use super::options::ACTIVATION;
use super::{Arguments, Kind, LayerType, Role, Spec, WordType};

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
        arguments.finish(&[ACTIVATION]);
        if !is_given {
            let span = arguments.layer.arguments_span;
            arguments.error(span, "`Activation` needs its function: `Activation(relu)`");
        }
        let span = arguments.layer.span();
        let shape = arguments.arriving(span);
        let softmax = activation.as_ref().and_then(super::Activation::softmax);
        let function = activation
            .as_ref()
            .map_or_else(|| WordType::default("activation", "Linear"), super::Activation::marker);
        let name = Ident::new("Activate", span);
        let layer_type = LayerType::of_shape(shape.as_ref(), move |types, shape| {
            let (path, function) = (types.path("activation", &name), function.write(types));
            quote!(#path<#shape, #function>)
        });
        Spec { softmax, ..Spec::same_shape(shape, layer_type, Role::Step) }
    }
}
