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
    "BackwardRow",
    "Checked",
    "Debug",
    "EachByItself",
    "FmtResult",
    "Formatter",
    "Forward",
    "ForwardRow",
    "Headless",
    "InitializeRow",
    "Layer",
    "LayerInfo",
    "Lengths",
    "Model",
    "None",
    "Otherwise",
    "PartialEq",
    "Predict",
    "PredictRow",
    "Probe",
    "Rng",
    "Route",
    "RowLengths",
    "Simd",
    "Sized",
    "Some",
    "Step",
    "StepRow",
    "Zeroable",
    "bool",
    "buffer_count",
    "embed_block",
    "either",
    "ends",
    "f32",
    "f64",
    "has_sizes",
    "is_rowwise",
    "is_size",
    "is_sum_at_most",
    "is_softmax_of_one",
    "numbers",
    "output_len",
    "parameter_count",
    "predict_one",
    "rank",
    "size",
    "str",
    "u128",
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
    /// The trait with what is stated of sizes and layers, and the type it is stated for.
    stated: [Ident; 2],
    /// The type of what a mistake hides.
    mistake: Ident,
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

    /// Whether only rustc knows how many numbers the model has.
    fn counts_numbers(&self) -> bool {
        let shapes = self.model.layers.iter().flat_map(|layer| [&layer.input, &layer.output]);
        shapes.flat_map(|shape| &shape.sizes).any(|size| size.literal().is_none())
    }

    /// The type of the last layer with an effect.
    fn last_type(&self) -> &Ident {
        if self.model.incomplete { &self.mistake } else { &self.aliases[self.last()] }
    }

    /// The layers that compute in inference, or in training.
    fn steps(&self, in_training: bool) -> Vec<usize> {
        let computes = |role| role == Role::Step || in_training && role == Role::Training;
        let last = self.last();
        (0..=last).filter(|&i| i == last || computes(self.model.layers[i].role)).collect()
    }
}

/// `mistake` is the first error of a declaration that has some.
pub(crate) fn model(model: &Model<'_>, mistake: Option<TokenStream>) -> TokenStream {
    let root = &model.written.root;
    let mut names = Names::new(model.written, IMPORTS);
    let aliases: Vec<_> = model.layers.iter().map(|layer| names.alias(&layer.name)).collect();
    let (this, this_alias) = names.this();
    let joints = names.unique("joints");
    let stated = ["Joints", "Stated"].map(|name| names.unique(name));
    let hidden = names.unique("Mistake");
    let mistake = mistake.map(|error| quote!(type #hidden = <[(); #error] as Checked>::Then<()>;));
    let mut context = Context { model, root, names, this, aliases, joints, stated, mistake: hidden };

    let layers = surface::layer_aliases(&mut context);
    let declaration = surface::declaration(&context);
    let inherent = surface::inherent(&mut context);
    let implementations = surface::implementations(&mut context);
    let passes = passes::model_impl(&mut context);
    let joints = joints::joints(&mut context);
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
            #layers
            #joints
            #inherent
            #implementations
            #passes
        };
    };
    if !neither.is_empty() {
        blocks = quote!(#neither const _: () = { #blocks };);
    }
    quote! {
        #declaration

        #(#conditions)*
        const _: () = { #blocks };
    }
}
