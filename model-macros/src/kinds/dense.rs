//! `Dense(784 => 512, relu, bias = false, init = he_normal, l2 = 1e-4, constraint = max_norm(2.0))`, `bias_init = constant(0.1)`

use proc_macro2::{Ident, Span};

use super::initializer::{bias_initializer, initializer};
use super::rules::rules;
use super::{Activation, Arguments, Kind, LayerType, Role, Spec, TypeArgument, View};

pub(crate) struct Dense;

impl Kind for Dense {
    fn name(&self) -> &'static str {
        "Dense"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["Linear", "FullyConnected", "Affine", "InnerProduct", "Gemm"]
    }

    fn example(&self) -> &'static str {
        "Dense(784 => 512, relu)"
    }

    fn check(&self, arguments: &mut Arguments<'_>) -> Spec {
        let (input, output, is_input_written) = arguments.shapes();
        let output = output.filter(|output| {
            let is_one = output.sizes.len() == 1;
            if !is_one {
                arguments.error(output.span, format!("`Dense` gives one size, not {output}"));
            }
            is_one
        });
        let activation = arguments.activation();
        let has_bias = arguments.flag("bias", true);
        let init = initializer(arguments);
        let bias_init = bias_initializer(arguments, has_bias);
        let rules = rules(arguments);
        arguments.finish(&["activation", "bias", "init", "bias_init", "l1", "l2", "constraint"]);

        let marker = |module, name: &str, span| TypeArgument::Marker { module, name: Ident::new(name, span) };
        let softmax = activation.as_ref().and_then(Activation::softmax);
        let activation = match activation {
            Some(activation) => activation.marker(),
            None => marker("activation", "Linear", Span::mixed_site()),
        };
        let bias = match bias_init {
            Some(init) => TypeArgument::Of {
                module: "dense",
                name: Ident::new("WithBias", Span::mixed_site()),
                argument: Box::new(init),
            },
            None => marker("dense", if has_bias { "WithBias" } else { "NoBias" }, Span::mixed_site()),
        };
        let init = init.unwrap_or_else(|| marker("initializers", "GlorotUniform", Span::mixed_site()));
        let sizes = [TypeArgument::InputSize, TypeArgument::OutputSize];
        Spec {
            input,
            output,
            is_input_written,
            input_rank: Some(1),
            layer_type: LayerType::BuiltIn {
                module: "dense",
                kind: arguments.kind_ident(),
                arguments: sizes.into_iter().chain([activation, bias, init]).collect(),
            }
            .with_rules(rules),
            role: Role::Step,
            has_parameters: true,
            has_buffers: false,
            view: View::Sizes { module: "dense", view: "DenseView", view_mut: "DenseViewMut" },
            softmax,
        }
    }
}
