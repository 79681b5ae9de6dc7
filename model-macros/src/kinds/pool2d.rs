//! `MaxPool2d(3, stride = 2, padding = 1)`, `AvgPool2d(2)`: the largest value under a window, or the mean.

use quote::quote;

use super::options::{KERNEL, PADDING, STRIDE};
use super::window::{Window, both, literal};
use super::{Arguments, Kind, LayerType, Role, Spec};
use crate::size::Shape;

pub(crate) struct Pool2d {
    name: &'static str,
    elsewhere: &'static [&'static str],
    example: &'static str,
}

impl Pool2d {
    pub(crate) const MAX: Self =
        Self { name: "MaxPool2d", elsewhere: &["MaxPooling2D", "MaxPool"], example: "MaxPool2d(2)" };
    pub(crate) const AVERAGE: Self = Self {
        name: "AvgPool2d",
        elsewhere: &["AveragePooling2D", "AveragePool", "AvgPool"],
        example: "AvgPool2d(2)",
    };
}

impl Kind for Pool2d {
    fn name(&self) -> &'static str {
        self.name
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        self.elsewhere
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let layer = arguments.layer.to_string();
        let kernel = match (arguments.option(KERNEL.name), arguments.value()) {
            (Some(_), Some(second)) => {
                arguments.error(second.span(), "this layer already has a kernel");
                None
            }
            (Some(value), None) | (None, Some(value)) => Some(value),
            (None, None) => {
                if !arguments.layer.incomplete && !arguments.is_misspelt(KERNEL) {
                    let message = format!("`{}` needs its kernel: `{}`", self.name, self.example);
                    arguments.error(arguments.layer.arguments_span, message);
                }
                None
            }
        };
        let span = kernel.map_or_else(|| arguments.layer.span(), |value| value.span());
        let kernel = kernel.and_then(|value| both(arguments, KERNEL, value));
        let is_known = kernel.is_some();
        let window = Window::read(arguments, kernel.unwrap_or_else(|| [literal(1), literal(1)]), span, true);
        arguments.finish(&[KERNEL, STRIDE, PADDING]);
        let Some(image) = arguments.image().filter(|_| is_known) else {
            return Spec::same_shape(None, LayerType::Unknown, Role::Step);
        };
        let windowed = window.over(&layer, &image);
        let [height, width] = windowed.height_and_width.clone();
        let output = Shape::new(vec![image.sizes[0].clone(), height, width], arguments.layer.span());
        let mut requirements = windowed.requirements.clone();
        let padding = arguments.option_span(PADDING).unwrap_or(span);
        requirements.extend(window.pads_less_than_it_covers(&layer, padding));
        let (name, shapes) = (arguments.kind_ident(), [image.clone(), output.clone()]);
        let layer_type = LayerType::new(move |types| {
            let path = types.path("pool2d", &name);
            let [input, output] = shapes.each_ref().map(|shape| types.shape(shape));
            let window = window.write(&windowed, &literal(1), types);
            quote!(#path<#input, #output, #window>)
        });
        Spec {
            output: Some(output),
            changes_shape: true,
            requirements,
            ..Spec::same_shape(Some(image), layer_type, Role::Step)
        }
    }
}
