//! `Dense(784 => 512, relu, bias = false, init = he_normal, l2 = 1e-4, constraint = max_norm(2.0))`, `bias_init = constant(0.1)`

use quote::quote;

use super::initializer::{bias_initializer, initializer};
use super::options::{ACTIVATION, BIAS, BIAS_INIT, CONSTRAINT, INIT, L1, L2};
use super::rules::rules;
use super::types::{bias_type, rule_type};
use super::{Activation, Arguments, Kind, LayerType, Role, Spec, TypeTokens, View, WordType};
use crate::size::Size;

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
        arguments.finish(&[ACTIVATION, BIAS, INIT, BIAS_INIT, L1, L2, CONSTRAINT]);

        let softmax = activation.as_ref().and_then(Activation::softmax);
        let function =
            activation.map_or_else(|| WordType::default("activation", "Linear"), |written| written.marker());
        let init = init.unwrap_or_else(|| WordType::default("initializers", "GlorotUniform"));
        let name = arguments.kind_ident();
        let weight: Vec<Size> = [&input, &output]
            .into_iter()
            .flatten()
            .filter_map(|shape| shape.sizes.first().cloned())
            .collect();
        let sizes = weight.clone();
        let layer_type = LayerType::new(move |types| {
            let path = types.path("dense", &name);
            let sizes: Vec<_> = sizes.iter().map(|size| types.size(size)).collect();
            let (function, init) = (function.write(types), init.write(types));
            let bias = bias_type(has_bias, bias_init.as_ref(), types);
            let rule = rule_type(&rules, types);
            quote!(#path<#(#sizes,)* #function, #bias, #init #rule>)
        });
        let sizes = weight.clone();
        let arguments = TypeTokens::new(move |types| {
            let sizes: Vec<_> = sizes.iter().map(|size| types.number(size)).collect();
            quote!(#(#sizes),*)
        });
        Spec {
            output,
            is_input_written,
            input_rank: Some(1),
            has_parameters: true,
            view: Some(View { module: "dense", view: "DenseView", view_mut: "DenseViewMut", arguments }),
            weight,
            softmax,
            ..Spec::same_shape(input, layer_type, Role::Step)
        }
    }
}
