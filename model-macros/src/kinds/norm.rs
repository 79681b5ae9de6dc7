//! `BatchNorm(momentum = 0.1, epsilon = 1e-5)`, `LayerNorm(epsilon = 1e-5)`: mean 0 and variance 1, then a scale and a shift.

use quote::quote;

use super::options::{EPSILON, MOMENTUM, OptionName};
use super::{Arguments, Kind, LayerType, Role, Spec, WordType};

/// Over the batch: one mean for each channel of an image, or for each feature.
pub(crate) struct BatchNorm;

/// Over the last size: one mean for each sample, or for each step of one.
pub(crate) struct LayerNorm;

impl Kind for BatchNorm {
    fn name(&self) -> &'static str {
        "BatchNorm"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["BatchNormalization", "BatchNorm1d", "BatchNorm2d"]
    }

    fn example(&self) -> &'static str {
        "BatchNorm(momentum = 0.1)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let is_share = |number: f64| (0.0..=1.0).contains(&number);
        let what = "the share of the newest batch in the running mean, from 0 to 1";
        let momentum = arguments.number(MOMENTUM, 0.1, is_share, what);
        let spec = norm(arguments, "batch_norm", Some(momentum), &[MOMENTUM, EPSILON]);
        Spec { has_buffers: true, ..spec }
    }
}

impl Kind for LayerNorm {
    fn name(&self) -> &'static str {
        "LayerNorm"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["LayerNormalization"]
    }

    fn example(&self) -> &'static str {
        "LayerNorm(epsilon = 1e-5)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        norm(arguments, "layer_norm", None, &[EPSILON])
    }
}

fn norm(
    arguments: &mut Arguments<'_>,
    module: &'static str,
    momentum: Option<f64>,
    options: &[OptionName],
) -> Spec {
    let is_positive = |number: f64| number > 0.0 && number.is_finite();
    let epsilon = arguments.number(EPSILON, 1e-5, is_positive, "a small number above 0");
    arguments.finish(options);
    let span = arguments.layer.span();
    let shape = arguments.arriving(span).filter(|shape| {
        let has_channels = matches!(shape.sizes.len(), 1 | 3) && !shape.is_sequence;
        let is_right = has_channels || momentum.is_none();
        if !is_right {
            let message = format!(
                "`BatchNorm` takes features or an image (channels, height, width), but {shape} arrives: over the \
                 last size of other shapes goes `LayerNorm`"
            );
            arguments.error(span, message);
        }
        is_right
    });
    let numbers = WordType {
        numbers: momentum.into_iter().chain([epsilon]).collect(),
        ..WordType::default(module, "Numbers")
    };
    let name = arguments.kind_ident();
    let layer_type = LayerType::of_shape(shape.as_ref(), move |types, shape| {
        let (path, numbers) = (types.path(module, &name), numbers.write(types));
        quote!(#path<#shape, #numbers>)
    });
    Spec { has_parameters: true, ..Spec::same_shape(shape, layer_type, Role::Step) }
}
