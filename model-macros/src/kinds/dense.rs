//! `Dense(784 => 512, relu, bias = false, init = he_normal, l2 = 1e-4, constraint = max_norm(2.0))`, `bias_init = constant(0.1)`

use proc_macro2::{Ident, Span};
use quote::quote;

use super::initializer::{bias_initializer, initializer};
use super::join::ARE_EQUAL;
use super::options::{ACTIVATION, BIAS, BIAS_INIT, CONSTRAINT, INIT, L1, L2};
use super::rules::rules;
use super::types::{bias_type, rule_type};
use super::{
    Activation, Arguments, Kind, LayerType, Requirement, Role, Spec, TiedTo, TypeTokens, View, WordType,
};
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
        let tie = arguments.tied_weight();
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
        if let (Some(tie), [inputs, outputs]) = (tie, weight.as_slice()) {
            let (layout, requirements) = layout(arguments, tie, [inputs, outputs]);
            let sizes = weight.clone();
            let layer_type = LayerType::new(move |types| {
                let path = types.path("tied", &Ident::new("TiedDense", name.span()));
                let layout = types.path("tied", &Ident::new(layout, Span::mixed_site()));
                let sizes: Vec<_> = sizes.iter().map(|size| types.size(size)).collect();
                let function = function.write(types);
                let bias = bias_type(has_bias, bias_init.as_ref(), types);
                quote!(#path<#(#sizes,)* #layout, #function, #bias>)
            });
            return Spec {
                output,
                is_input_written,
                input_rank: Some(1),
                has_parameters: has_bias,
                changes_shape: true,
                is_tied: true,
                requirements,
                softmax,
                ..Spec::same_shape(input, layer_type, Role::Step)
            };
        }
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

/// How the weight lies in the tensor that it is, and what must hold for that: the tensor is `[inputs, outputs]`, or turned.
fn layout(
    arguments: &mut Arguments<'_>,
    tie: &TiedTo,
    [inputs, outputs]: [&Size; 2],
) -> (&'static str, Vec<Requirement>) {
    let [rows, columns] = tie.weight.as_slice() else {
        let message = match tie.weight.as_slice() {
            [] => format!("`{}` has no tensor `weight`", tie.layer),
            _ => format!("the weight of `{}` is no matrix: a `Dense` cannot have it", tie.layer),
        };
        arguments.error(tie.place, message);
        return ("AsItIs", Vec::new());
    };
    let is_equal = |a: &Size, b: &Size| a.to_string() == b.to_string();
    let is_turned = tie.is_table || !(is_equal(rows, inputs) && is_equal(columns, outputs));
    let (first, second) = if is_turned { (outputs, inputs) } else { (inputs, outputs) };
    let requirement = |is_second, tensor: &Size, own: &Size| Requirement {
        span: tie.place,
        condition: &ARE_EQUAL,
        arguments: vec![tensor.clone(), own.clone()],
        message: format!(
            "the weight of `{}` is ({{0}}, {{1}}), but that of this layer is ({{2}}, {{3}}): one is the other, or the other turned",
            tie.layer
        ),
        label: "a weight of another shape".to_owned(),
        shown: vec![rows.clone(), columns.clone(), inputs.clone(), outputs.clone()],
        is_second,
    };
    let requirements = vec![requirement(false, rows, first), requirement(true, columns, second)];
    (if is_turned { "Turned" } else { "AsItIs" }, requirements)
}
