//! `GlobalAvgPool`: the mean of each channel of an image, or of each feature over the steps of a sequence.

use quote::quote;

use super::{Arguments, Kind, LayerType, Role, Spec};
use crate::size::Shape;

pub(crate) struct GlobalAvgPool;

impl Kind for GlobalAvgPool {
    fn name(&self) -> &'static str {
        "GlobalAvgPool"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &[
            "GlobalAveragePooling2D",
            "GlobalAveragePooling1D",
            "GlobalAveragePool",
            "AdaptiveAvgPool2d",
            "GlobalAveragePooling",
        ]
    }

    fn example(&self) -> &'static str {
        "GlobalAvgPool"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        arguments.finish(&[]);
        let span = arguments.layer.span();
        let Some(input) = arguments.arriving(span) else {
            return Spec::same_shape(None, LayerType::Unknown, Role::Step);
        };
        // Channels come first in an image, features last in a sequence.
        let kept = match input.sizes.as_slice() {
            [channels, _, _] if !input.is_sequence && !input.is_index => channels.clone(),
            [_, features] if !input.is_index => features.clone(),
            _ => {
                let message = format!(
                    "`GlobalAvgPool` takes an image (channels, height, width) or a sequence (steps, features), but {input} arrives"
                );
                arguments.error(span, message);
                return Spec::same_shape(None, LayerType::Unknown, Role::Step);
            }
        };
        let output = Shape::new(vec![kept], span);
        let (name, shapes) = (arguments.kind_ident(), [input.clone(), output.clone()]);
        let layer_type = LayerType::new(move |types| {
            let path = types.path("global_avg_pool", &name);
            let [input, output] = shapes.each_ref().map(|shape| types.shape(shape));
            quote!(#path<#input, #output>)
        });
        Spec {
            output: Some(output),
            changes_shape: true,
            ..Spec::same_shape(Some(input), layer_type, Role::Step)
        }
    }
}
