//! A checked model to tokens. Cannot fail.
//!
//! The expansion stands on no name that a user can shadow; it needs the prelude's `diagnostic` alone. The struct is in the user's scope, and beside it one
//! constant without a name holds the rest in two blocks, one in the other:
//!
//! - the outer block sees the user's names, and gives an alias to each of the user's paths: the only place where they
//!   are written, so that a path that leads nowhere is one error;
//! - the inner block imports every name it needs from the facade, primitive types included, and holds the rest:
//!   sizes, layers, joints and implementations.
//!
//! A mistake is one error, also where the model is used. What it hides (a layer, the shape of a sample, the
//! activation at the end) is a type that rustc knows to be an error already, so that rustc says nothing about what is
//! done with it. The type is `<[(); N] as Checked>::Then<…>`, whose `N` is a constant that does not compile: a
//! `compile_error!`, or an obligation that a user's path does not fulfil.

mod context;
mod imports;
mod joints;
mod names;
mod passes;
mod ports;
mod surface;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::check::Model;
use crate::kinds::Role;
use context::Context;
use imports::IMPORTS;
use names::Names;

/// The layers that compute what the model gives: not those that show it under another shape, unless nothing else computes it
/// for this output.
fn outputs(model: &Model<'_>) -> Vec<usize> {
    let (mut outputs, inputs): (Vec<usize>, _) = (Vec::new(), model.inputs.len());
    for output in model.outputs.iter().map(|output| output.layer) {
        let mut layer = output;
        while model.layers[layer].role == Role::Reshape && model.layers[layer].sources[0] >= inputs {
            layer = model.layers[layer].sources[0] - inputs;
        }
        let is_free = model.layers[layer].role != Role::Reshape && !outputs.contains(&layer);
        outputs.push(if is_free { layer } else { output });
    }
    outputs
}

/// `mistake` is the first error of a declaration that has some.
pub(crate) fn model(model: &Model<'_>, mistake: Option<TokenStream>) -> TokenStream {
    let root = &model.written.root;
    let mut names = Names::new(model.written, IMPORTS);
    let aliases: Vec<_> = model.layers.iter().map(|layer| names.alias(&layer.name)).collect();
    let (this, this_alias) = names.this();
    let [wiring, scratch] = ["Wiring", "Scratch"].map(|name| names.unique(name));
    let joints = names.unique("joints");
    let stated = ["Joints", "Stated"].map(|name| names.unique(name));
    let hidden = names.unique("Mistake");
    let mistake = mistake.map(|error| quote!(type #hidden = <[(); #error] as Checked>::Then<()>;));
    let outputs = outputs(model);
    let mut context = Context {
        model,
        root,
        names,
        this,
        aliases,
        outputs,
        wiring,
        scratch,
        joints,
        stated,
        mistake: hidden,
    };

    for (layer, alias) in model.layers.iter().zip(&context.aliases) {
        context.names.name_sizes(alias, &layer.output);
    }
    let layers = surface::layer_aliases(&mut context);
    let declaration = surface::declaration(&context);
    let (records, record_impls) = (ports::records(&context), ports::record_impls(&mut context));
    let inherent = surface::inherent(&mut context);
    let implementations = surface::implementations(&mut context);
    let model_impl = surface::model_impl(&mut context);
    let passes = passes::passes(&context);
    let joints = joints::joints(&mut context);
    let derived = context.names.derived_sizes();
    let neither = context.names.neither();
    let (written, sizes) = (context.names.written(), context.names.sizes(&context.stated));
    let imports = IMPORTS.iter().map(|name| Ident::new(name, proc_macro2::Span::mixed_site()));
    let conditions = surface::conditions(&model.written.attributes);
    let mut blocks = quote! {
        #written
        #this_alias

        const _: () = {
            #[allow(unused_imports)]
            use #root::__private::{#(#imports),*};

            #mistake
            #sizes
            #derived
            #layers
            #joints
            #inherent
            #implementations
            #record_impls
            #model_impl
            #passes
        };
    };
    if !neither.is_empty() {
        blocks = quote!(#neither const _: () = { #blocks };);
    }
    quote! {
        #declaration
        #records

        #(#conditions)*
        const _: () = { #blocks };
    }
}
