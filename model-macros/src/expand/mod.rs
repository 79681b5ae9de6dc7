//! A checked model to tokens. Cannot fail.
//!
//! The expansion stands on nothing that a user can shadow. The struct is in the user's scope, and beside it one
//! constant without a name holds the rest in two blocks, one in the other:
//!
//! - the outer block sees the user's names, and gives an alias to each of the user's paths: the only place where they
//!   are written, so that a path that leads nowhere is one error;
//! - the inner block imports every name it needs from the facade, primitive types included, and holds the rest:
//!   sizes, layers, joints and implementations.
//!
//! A path that leads to something else than a size or a layer is one error too: a joint says it, and a stand-in of
//! the written shape takes the path's place everywhere else.

mod joints;
mod names;
mod passes;
mod surface;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::check::Model;
use crate::kinds::Role;
use names::Names;

/// What the inner block imports from the facade's private module.
const IMPORTS: &[&str] = &[
    "Aligned",
    "AllOn",
    "Backward",
    "Debug",
    "EachByItself",
    "FmtResult",
    "Formatter",
    "Forward",
    "Headless",
    "If",
    "Layer",
    "LayerInfo",
    "Model",
    "None",
    "Otherwise",
    "PartialEq",
    "Predict",
    "Probe",
    "Rng",
    "Route",
    "Select",
    "Simd",
    "Some",
    "Step",
    "Unknown",
    "Unsigned",
    "Zeroable",
    "bool",
    "buffer_count",
    "embed_block",
    "ends",
    "f32",
    "f64",
    "has_sizes",
    "is_rowwise",
    "max",
    "output_len",
    "parameter_count",
    "predict_one",
    "rank",
    "size",
    "str",
    "u64",
    "u8",
    "usize",
];

/// What the functions of this module share.
struct Context<'a> {
    model: &'a Model<'a>,
    root: &'a TokenStream,
    names: Names<'a>,
    /// The struct's name inside the inner block.
    this: Ident,
    /// The alias of each layer's type.
    aliases: Vec<Ident>,
    /// The module of the joints' traits.
    joints: Ident,
}

impl Context<'_> {
    /// The last layer with an effect.
    fn last(&self) -> usize {
        let layers = &self.model.layers;
        layers.iter().rposition(|layer| layer.role != Role::Reshape).unwrap_or(layers.len() - 1)
    }

    /// The name of a constant that says whether something holds for a user's type.
    fn fact(&self, layer: usize, what: &str) -> Ident {
        quote::format_ident!("{}_{what}", self.model.layers[layer].name.to_string().to_uppercase())
    }

    /// The layers that compute in inference, or in training.
    fn steps(&self, in_training: bool) -> Vec<usize> {
        let computes = |role| role == Role::Step || in_training && role == Role::Training;
        let last = self.last();
        (0..=last).filter(|&i| i == last || computes(self.model.layers[i].role)).collect()
    }
}

pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let root = &model.written.root;
    let mut names = Names::new(model.written, IMPORTS);
    let aliases: Vec<_> = model.layers.iter().map(|layer| names.alias(&layer.name)).collect();
    let (this, this_alias) = names.this();
    let joints = names.unique("joints");
    let mut context = Context { model, root, names, this, aliases, joints };

    let layers = surface::layer_aliases(&mut context);
    let declaration = surface::declaration(&context);
    let inherent = surface::inherent(&mut context);
    let implementations = surface::implementations(&mut context);
    let passes = passes::model_impl(&mut context);
    let joints = joints::joints(&mut context);
    let (written, sizes) = (context.names.written(), context.names.sizes(root));
    let imports = IMPORTS.iter().map(|name| Ident::new(name, proc_macro2::Span::mixed_site()));
    let conditions = surface::conditions(&model.written.attributes);
    quote! {
        #declaration

        #(#conditions)*
        const _: () = {
            #written
            #this_alias

            const _: () = {
                #[allow(unused_imports)]
                use #root::__private::{#(#imports),*};

                #sizes
                #layers
                #joints
                #inherent
                #implementations
                #passes
            };
        };
    }
}
