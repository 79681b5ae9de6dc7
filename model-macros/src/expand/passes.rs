//! The straight-line code of a model: one step for each layer that computes.
//!
//! Which values lie where is a matter of wiring and lengths, which `runtime/src/layers/graph.rs` turns into constants: a run
//! of the runtime hands each layer its pass.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::context::Context;
use crate::kinds::Role;

/// The constant that says what belongs to a layer.
pub(crate) fn node(context: &Context<'_>, layer: usize) -> Ident {
    constant(context, layer, "NODE")
}

/// A constant of a layer.
pub(crate) fn constant(context: &Context<'_>, layer: usize, what: &str) -> Ident {
    let name = context.model.layers[layer].constant();
    format_ident!("{name}_{what}", span = Span::mixed_site())
}

/// The layers, wired, and what follows from it for each.
pub(crate) fn graph(context: &Context<'_>) -> TokenStream {
    let layers = &context.model.layers;
    let inputs = context.inputs();
    let (count, sources) = (layers.len(), context.sources().map(|sources| sources.len()).sum::<usize>());
    let sources = sources + layers.iter().filter(|layer| layer.ties.is_some()).count();
    let [layer_count, values, all] =
        [count, inputs + count, inputs + count + sources].map(Literal::usize_unsuffixed);
    let wires = context.sources().enumerate().map(|(index, sources)| {
        let alias = &context.aliases[index];
        let sources = sources.iter().map(|&value| Literal::usize_unsuffixed(value));
        let computes = match layers[index].role {
            _ if context.outputs().contains(&index) => quote!(Computes::Always),
            Role::Reshape => quote!(Computes::Never),
            Role::Training => quote!(Computes::InTraining),
            Role::Step | Role::Sample => quote!(Computes::Always),
        };
        let wire = match layers[index].shares.map(Literal::usize_unsuffixed) {
            Some(owner) => quote!(Wire::shared::<#alias>(&[#(#sources),*], #owner)),
            None => quote!(Wire::of::<#alias>(&[#(#sources),*], #computes)),
        };
        let tied = layers[index].ties.map(|owner| {
            let (owner, number) = (&context.aliases[owner], Literal::usize_unsuffixed(owner));
            quote!(.tied(Tie::of::<#owner>(#number, "weight")))
        });
        quote!(#wire #tied)
    });
    let outputs =
        context.outputs().iter().map(|&layer| Literal::usize_unsuffixed(inputs + layer)).collect::<Vec<_>>();
    let this = &context.this;
    let nodes = context.steps(true).into_iter().map(|layer| {
        let (name, index) = (node(context, layer), Literal::usize_unsuffixed(layer));
        let takes = &layers[layer];
        let sources = Literal::usize_unsuffixed(takes.sources.len() + usize::from(takes.ties.is_some()));
        quote!(const #name: Node<#sources, 1> = GRAPH.node(#index);)
    });
    quote! {
        /// Which layer takes which value: the inputs come first, then what each layer gives.
        const GRAPH: &Graph<#layer_count, #values, #all> = &Graph::new(
            <#this as Layer>::Input::PARTS,
            [#(#wires),*],
            &[#(#outputs),*],
        );
        #(#nodes)*
    }
}

/// `Layer::initialize`
pub(crate) fn initialize(context: &Context<'_>) -> TokenStream {
    let layers = &context.model.layers;
    let has_numbers =
        |i: &usize| layers[*i].shares.is_none() && (layers[*i].has_parameters || layers[*i].has_buffers);
    let with_numbers = (0..layers.len()).filter(has_numbers);
    let calls = with_numbers.filter(|_| !context.model.is_mistaken).map(|i| {
        let (alias, index) = (&context.aliases[i], Literal::usize_unsuffixed(i));
        quote!(GRAPH.initialize::<#alias>(#index, parameters, buffers, &rng);)
    });
    quote! {
        #[allow(unused_variables)]
        fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
            #(#calls)*
        }
    }
}

/// The number of a model's inputs and of its outputs.
fn ends(context: &Context<'_>) -> [Literal; 2] {
    [context.inputs(), context.outputs().len()].map(Literal::usize_unsuffixed)
}

fn predict_with(context: &Context<'_>) -> TokenStream {
    let [inputs, outputs] = ends(context);
    let calls = context.steps(false).into_iter().map(|layer| {
        let (alias, node, row) =
            (&context.aliases[layer], node(context, layer), Literal::usize_unsuffixed(layer));
        if context.is_end(layer) {
            quote!(E::predict::<#alias, B, R>(route, #row, run.layer::<#alias, _, _>(&#node));)
        } else {
            quote!(route.layer::<#alias>(#row, run.layer::<#alias, _, _>(&#node));)
        }
    });
    quote! {
        #[inline(always)]
        fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>) {
            let mut run = PredictRun::<B, #inputs, #outputs>::new(pass, GRAPH);
            #(#calls)*
        }
    }
}

fn forward_with(context: &Context<'_>) -> TokenStream {
    let [inputs, outputs] = ends(context);
    let calls = context.steps(true).into_iter().map(|layer| {
        let (alias, node) = (&context.aliases[layer], node(context, layer));
        if context.is_end(layer) {
            quote!(E::forward::<#alias, B>(run.layer::<#alias, _, _>(&#node));)
        } else {
            quote!(<#alias as Run<B>>::forward(run.layer::<#alias, _, _>(&#node));)
        }
    });
    quote! {
        fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
            let mut run = ForwardRun::<B, #inputs, #outputs>::new(pass, GRAPH);
            #(#calls)*
        }
    }
}

/// The layers in reverse: `backward_with`, or `step_with`, in which the layers that have parameters also update them.
fn reverse_with(context: &Context<'_>, updates: bool) -> TokenStream {
    let [inputs, outputs] = ends(context);
    let adds = context.adds();
    let calls = context.steps(true).into_iter().rev().map(|layer| {
        let (alias, node) = (&context.aliases[layer], node(context, layer));
        let is_step = updates && context.model.layers[layer].has_parameters;
        let method = if is_step { quote!(step) } else { quote!(backward) };
        let pass = if is_step {
            quote!(run.step::<#alias, _, _>(&#node))
        } else {
            quote!(run.layer::<#alias, _, _>(&#node))
        };
        let call = if context.is_end(layer) {
            quote!(E::#method::<#alias, B>(#pass);)
        } else {
            quote!(<#alias as Run<B>>::#method(#pass);)
        };
        let sum = adds[layer].then(|| quote!(run.sum(&#node);));
        // A model with tied weights makes no step in one pass.
        let tied = context.model.layers.iter().enumerate().rev();
        let tied = tied.filter(|(_, other)| !updates && other.ties == Some(layer));
        let ties = tied.map(|(other, _)| {
            let node = self::node(context, other);
            quote!(run.tie(&#node);)
        });
        quote!(#call #sum #(#ties)*)
    });
    let (method, pass, run) = if updates {
        (quote!(step_with), quote!(Step), quote!(StepRun))
    } else {
        (quote!(backward_with), quote!(Backward), quote!(BackwardRun))
    };
    quote! {
        fn #method<E: Ending>(pass: #pass<'_, Self, B>) {
            let mut run = #run::<B, #inputs, #outputs>::new(pass, GRAPH);
            #(#calls)*
        }
    }
}

/// `Passes`, for every backend on which all layers run.
pub(crate) fn passes(context: &Context<'_>) -> TokenStream {
    let this = &context.this;
    if context.model.is_mistaken {
        return quote! {
            impl<B: Backend> Passes<B> for #this {
                fn predict_with<E: Ending, R: Route<B>>(_: R, _: Predict<'_, Self, B>) {}
                fn forward_with<E: Ending>(_: Forward<'_, Self, B>) {}
                fn backward_with<E: Ending>(_: Backward<'_, Self, B>) {}
                fn step_with<E: Ending>(_: Step<'_, Self, B>) {}
            }
        };
    }
    let bounds = context.steps(true).into_iter().map(|layer| {
        let alias = &context.aliases[layer];
        if context.is_end(layer) {
            quote!(#alias: Run<B>, <#alias as Layer>::Body: Run<B>)
        } else {
            quote!(#alias: Run<B>)
        }
    });
    let (predict_with, forward_with) = (predict_with(context), forward_with(context));
    let (backward_with, step_with) = (reverse_with(context, false), reverse_with(context, true));
    quote! {
        impl<B: Backend> Passes<B> for #this
        where
            #(#bounds),*
        {
            #predict_with
            #forward_with
            #backward_with
            #step_with
        }
    }
}
