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
mod ports;
mod surface;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::check::Model;
use crate::kinds::Role;
use names::Names;

/// What the inner block imports from the facade's private module.
const IMPORTS: &[&str] = &[
    "Aligned",
    "Backend",
    "Backward",
    "BackwardRun",
    "Checked",
    "Computes",
    "Cpu",
    "Debug",
    "Ending",
    "FmtResult",
    "Formatter",
    "Forward",
    "ForwardRun",
    "Graph",
    "Headless",
    "Info",
    "Layer",
    "LayerInfo",
    "Memory",
    "Model",
    "Node",
    "None",
    "One",
    "Otherwise",
    "PartialEq",
    "Passes",
    "Port",
    "Predict",
    "PredictRun",
    "Probe",
    "Rng",
    "Route",
    "Run",
    "Size",
    "Sized",
    "Some",
    "Step",
    "StepRun",
    "Tie",
    "Wire",
    "WithHead",
    "Zeroable",
    "bool",
    "buffer_count",
    "either",
    "embed_block",
    "f32",
    "f64",
    "has_sizes",
    "is_rowwise",
    "is_size",
    "is_softmax_of_one",
    "is_sum_at_most",
    "numbers",
    "output_len",
    "parameter_count",
    "predict_one",
    "prediction_values",
    "rank",
    "sample_values",
    "size",
    "str",
    "u128",
    "u32",
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
    /// The layers whose values the model gives.
    outputs: Vec<usize>,
    /// The module of the joints' traits.
    joints: Ident,
    /// The trait with what is stated of sizes and layers, and the type it is stated for.
    stated: [Ident; 2],
    /// The type of what a mistake hides.
    mistake: Ident,
}

impl Context<'_> {
    /// The layer that computes what the model gives, if it gives one value.
    fn last(&self) -> usize {
        self.outputs[0]
    }

    /// The name of a constant that says whether something holds for a user's type.
    fn fact(&self, layer: usize, what: &str) -> Ident {
        quote::format_ident!("{}_{what}", self.model.layers[layer].constant())
    }

    /// The name of what is stated of a layer's sizes.
    fn requirement(&self, layer: usize, number: usize) -> Ident {
        quote::format_ident!("{}Requires{}", self.aliases[layer], number + 1)
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

    /// The number of the model's inputs.
    fn inputs(&self) -> usize {
        self.model.inputs.len()
    }

    /// The numbers of the values that each layer takes: first the model's inputs, then what each layer gives.
    fn sources(&self) -> impl Iterator<Item = &[usize]> {
        self.model.layers.iter().map(|layer| layer.sources.as_slice())
    }

    /// The layers whose values the model gives.
    fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Whether a layer's value goes out of the model alone, so that the loss may apply its activation; another layer that reads the
    /// value reads it with the activation.
    fn is_end(&self, layer: usize) -> bool {
        let value = self.inputs() + layer;
        self.outputs.contains(&layer) && !self.sources().any(|sources| sources.contains(&value))
            || self.model.outputs.len() == 1 && self.outputs[0] == layer
    }

    /// Whether each layer's gradients by its inputs, or by its parameters, are added to others: its inputs are read by a layer
    /// behind it too, or are given by the model.
    fn adds(&self) -> Vec<bool> {
        let inputs = self.inputs();
        let mut roots: Vec<usize> = (0..inputs).collect();
        for (layer, sources) in self.model.layers.iter().zip(self.sources()) {
            let own = roots.len();
            roots.push(if layer.role == Role::Reshape { roots[sources[0]] } else { own });
        }
        let mut is_written: Vec<bool> = vec![false; roots.len()];
        self.outputs().iter().for_each(|&output| is_written[inputs + output] = true);
        let mut adds = vec![false; self.model.layers.len()];
        // Of several layers with the same parameters, all but the last, whose gradient is the first to be there.
        for owner in self.model.layers.iter().filter_map(|layer| layer.shares) {
            let shares = |i: &usize| self.model.layers[*i].shares == Some(owner);
            let last = (0..self.model.layers.len()).rfind(shares);
            adds[owner] = true;
            (0..last.unwrap_or(owner)).filter(shares).for_each(|i| adds[i] = true);
        }
        for layer in self.steps(true).into_iter().rev() {
            for &source in &self.model.layers[layer].sources {
                adds[layer] |= core::mem::replace(&mut is_written[roots[source]], true);
            }
        }
        adds
    }

    /// The layers that compute in inference, or in training.
    fn steps(&self, in_training: bool) -> Vec<usize> {
        let computes = |role| role == Role::Step || in_training && role == Role::Training;
        let layers = self.model.layers.iter().enumerate();
        layers.filter(|(i, layer)| computes(layer.role) || self.outputs.contains(i)).map(|(i, _)| i).collect()
    }
}

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
    let joints = names.unique("joints");
    let stated = ["Joints", "Stated"].map(|name| names.unique(name));
    let hidden = names.unique("Mistake");
    let mistake = mistake.map(|error| quote!(type #hidden = <[(); #error] as Checked>::Then<()>;));
    let outputs = outputs(model);
    let mut context = Context { model, root, names, this, aliases, outputs, joints, stated, mistake: hidden };

    for (layer, alias) in model.layers.iter().zip(&context.aliases) {
        context.names.name_sizes(alias, &layer.output);
    }
    let layers = surface::layer_aliases(&mut context);
    let declaration = surface::declaration(&context);
    let (records, record_impls) = (ports::records(&context), ports::record_impls(&mut context));
    let inherent = surface::inherent(&mut context);
    let implementations = surface::implementations(&mut context);
    let passes = passes::model_impl(&mut context);
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
