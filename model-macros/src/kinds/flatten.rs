//! `Flatten`: the same values as one row.

use quote::quote;

use super::{Arguments, Kind, LayerType, Role, Spec};
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
        let (name, flat) = (arguments.kind_ident(), output.clone());
        let layer_type = LayerType::of_shape(input.as_ref(), move |types, shape| {
            let size = flat.iter().flat_map(|flat| &flat.sizes).map(|size| types.size(size));
            let size: Vec<_> = size.collect();
            let path = types.path("flatten", &name);
            quote!(#path<#shape, #(#size),*>)
        });
        Spec { output, ..Spec::same_shape(input, layer_type, Role::Reshape) }
    }
}
