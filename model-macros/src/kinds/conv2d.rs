//! `Conv2d(3 => 64, kernel = 3, relu, stride = 2, padding = same, groups = 1, dilation = 1, bias = false, init = he_normal)`

use proc_macro2::{Ident, Span};
use quote::quote;

use super::initializer::{bias_initializer, initializer};
use super::options::{
    ACTIVATION, BIAS, BIAS_INIT, CONSTRAINT, DILATION, GROUPS, INIT, KERNEL, L1, L2, PADDING, STRIDE,
};
use super::rules::rules;
use super::types::{bias_type, rule_type};
use super::window::{Window, literal, pair};
use super::{Arguments, Inputs, Kind, LayerType, Requirement, Role, Spec, TypeTokens, View, WordType};
use crate::size::{Function, Shape};

pub(crate) struct Conv2d;

/// Whether a number is a multiple of another.
static DIVIDES: Function<bool> = Function {
    path: &["layers", "sizes", "divides"],
    takes_slice: false,
    evaluate: |numbers| matches!(*numbers, [parts, size] if parts > 0 && size % parts == 0),
};

impl Kind for Conv2d {
    fn name(&self) -> &'static str {
        "Conv2d"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["Convolution2d", "Convolution", "Conv"]
    }

    fn example(&self) -> &'static str {
        "Conv2d(3 => 64, kernel = 3)"
    }

    fn inputs(&self) -> Inputs {
        Inputs::One
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let layer = arguments.layer.to_string();
        let (channels, filters, is_written) = arguments.channels();
        let image = arguments.image();
        let kernel_span = arguments.option_span(KERNEL);
        let kernel = pair(arguments, KERNEL);
        let has_shapes = channels.is_some() || filters.is_some();
        if kernel_span.is_none()
            && has_shapes
            && !arguments.is_misspelt(KERNEL)
            && !arguments.layer.incomplete
        {
            let span = arguments.layer.arguments_span;
            arguments.error(span, "`Conv2d` needs its kernel: `Conv2d(3 => 64, kernel = 3)`");
        }
        let span = kernel_span.unwrap_or_else(|| arguments.layer.span());
        let window = kernel.map(|kernel| Window::read(arguments, kernel, span, false));
        if window.is_none() {
            // What is right of the rest is taken all the same.
            Window::read(arguments, [literal(1), literal(1)], span, false);
        }
        let groups_span = arguments.option_span(GROUPS).unwrap_or(span);
        let groups = match arguments.option(GROUPS.name) {
            Some(value) => arguments.size(value),
            None => Some(literal(1)),
        };
        let activation = arguments.activation();
        let has_bias = arguments.flag(BIAS.name, true);
        let init = initializer(arguments);
        let bias_init = bias_initializer(arguments, has_bias);
        let rules = rules(arguments);
        arguments.finish(&[
            KERNEL, STRIDE, PADDING, GROUPS, DILATION, ACTIVATION, BIAS, INIT, BIAS_INIT, L1, L2, CONSTRAINT,
        ]);

        let activation = activation.filter(|activation| {
            let softmax = activation.softmax();
            if let Some(name) = &softmax {
                let message = format!("`{name}` is over the classes of a sample, and an image is no row of classes: end with `Dense`");
                arguments.error(name.span(), message);
            }
            softmax.is_none()
        });
        let input = image.map(|image| {
            let mut input = image;
            if let Some(channels) = channels.filter(|_| is_written) {
                input = Shape::new(
                    vec![channels.clone(), input.sizes[1].clone(), input.sizes[2].clone()],
                    channels.span(),
                );
            }
            input
        });
        let unknown = |input| Spec {
            output: None,
            is_input_written: false,
            has_parameters: true,
            ..Spec::same_shape(input, LayerType::Unknown, Role::Step)
        };
        let (Some(image), Some(filters), Some(window), Some(groups)) =
            (input.clone(), filters, window, groups)
        else {
            return unknown(input);
        };
        let windowed = window.over(&layer, &image);
        let [height, width] = windowed.height_and_width.clone();
        let output = Shape::new(vec![filters.clone(), height, width], arguments.layer.span());
        let mut requirements = windowed.requirements.clone();
        for (what, size) in [("channels", &image.sizes[0]), ("filters", &filters)] {
            if groups.literal() != Some(1) {
                requirements.push(Requirement {
                    span: groups_span,
                    condition: &DIVIDES,
                    arguments: vec![groups.clone(), size.clone()],
                    message: format!("`{layer}`: {{0}} groups do not divide {{1}} {what}"),
                    label: format!("does not divide {{1}} {what}"),
                    shown: vec![groups.clone(), size.clone()],
                    is_second: what == "filters",
                });
            }
        }
        let [kernel_height, kernel_width] = window.kernel().clone();
        // How many channels a group has, the macro says where it sees that; else the numbers are shown as a slice.
        let of_group = match (groups.literal(), image.sizes[0].literal()) {
            (Some(1), _) => Some(image.sizes[0].clone()),
            (Some(groups), Some(channels)) => channels.checked_div(groups).map(literal),
            _ => None,
        };
        let view = of_group.map(|channels| {
            let sizes = [filters.clone(), channels, kernel_height.clone(), kernel_width.clone()];
            let arguments = TypeTokens::new(move |types| {
                let sizes = sizes.iter().map(|size| types.number(size));
                quote!(#(#sizes),*)
            });
            View { module: "conv2d", view: "Conv2dView", view_mut: "Conv2dViewMut", arguments }
        });
        let mut weight = vec![filters, kernel_height, kernel_width];
        weight.extend((groups.literal() == Some(1)).then(|| image.sizes[0].clone()));
        let function =
            activation.map_or_else(|| WordType::default("activation", "Linear"), |written| written.marker());
        let init = init.unwrap_or_else(|| WordType::default("initializers", "GlorotUniform"));
        let (name, shapes) = (Ident::new("Conv2d", arguments.layer.span()), [image, output.clone()]);
        let layer_type = LayerType::new(move |types| {
            let path = types.path("conv2d", &name);
            let [input, output] = shapes.each_ref().map(|shape| types.shape(shape));
            let window = window.write(&windowed, &groups, types);
            let (function, init) = (function.write(types), init.write(types));
            let bias = bias_type(has_bias, bias_init.as_ref(), types);
            let rule = rule_type(&rules, types);
            quote!(#path<#input, #output, #window, #function, #bias, #init #rule>)
        });
        Spec {
            output: Some(output),
            is_input_written: is_written,
            input_rank: Some(3),
            has_parameters: true,
            view,
            weight,
            requirements,
            ..Spec::same_shape(input, layer_type, Role::Step)
        }
    }
}

impl Arguments<'_> {
    /// Where the value of an option stands.
    pub(super) fn option_span(&self, option: super::options::OptionName) -> Option<Span> {
        self.layer.arguments().iter().find_map(|argument| match argument {
            crate::ast::Argument::Option { name, value } if name == option.name => Some(value.span()),
            _ => None,
        })
    }
}
