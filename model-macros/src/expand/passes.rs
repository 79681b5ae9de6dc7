//! The straight-line code of a model: one step for each layer that computes.
//!
//! Which values lie where is a matter of wiring and lengths, which `runtime/src/layers/graph/` turns into constants: a walk
//! of the runtime along the layers hands each its pass.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::context::Context;
use crate::kinds::Role;

/// The constant that says what belongs to a layer.
fn node(context: &Context<'_>, layer: usize) -> Ident {
    format_ident!("{}_NODE", context.model.layers[layer].constant(), span = Span::mixed_site())
}

/// The layers, wired, and what follows from it for each.
///
/// A plan takes rustc time, and it computes every constant that it meets, but for those of a type with parameters, which it
/// computes when it compiles a use. So the plan of training has one, and costs `cargo check` nothing.
pub(crate) fn wiring(context: &Context<'_>) -> TokenStream {
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
    let (this, wiring, scratch) = (&context.this, &context.wiring, &context.scratch);
    let nodes = context.steps().into_iter().map(|layer| {
        let (name, alias, index) =
            (node(context, layer), &context.aliases[layer], Literal::usize_unsuffixed(layer));
        let takes = &layers[layer];
        let sources = Literal::usize_unsuffixed(takes.sources.len() + usize::from(takes.ties.is_some()));
        quote!(const #name: Node<#alias, #sources, 1> = Self::GRAPH.node(#index);)
    });
    quote! {
        type #scratch = Aligned<[f32; #wiring::INFERENCE.scratch.of(1, 1)]>;
        /// Which layer takes which value: the inputs come first, then what each layer gives.
        struct #wiring<B = Cpu>(PhantomData<B>);
        impl #wiring {
            const INFERENCE: &Inference<#layer_count, #values> = &Inference::new(
                <#this as Layer>::Input::PARTS,
                [#(#wires),*],
                &[#(#outputs),*],
            );
            const fn inference() -> &'static Inference<#layer_count, #values> {
                Self::INFERENCE
            }
        }
        impl<B> #wiring<B> {
            const GRAPH: &Graph<#layer_count, #values, #all> = &Graph::new(#wiring::inference());
            #(#nodes)*
            const fn graph() -> &'static Graph<#layer_count, #values, #all> {
                Self::GRAPH
            }
        }
    }
}

/// `Layer::initialize`
pub(crate) fn initialize(context: &Context<'_>) -> TokenStream {
    let layers = &context.model.layers;
    let has_numbers =
        |i: &usize| layers[*i].shares.is_none() && (layers[*i].has_parameters || layers[*i].has_buffers);
    let with_numbers = (0..layers.len()).filter(has_numbers);
    let wiring = &context.wiring;
    let calls = with_numbers.filter(|_| !context.model.is_mistaken).map(|i| {
        let (alias, index) = (&context.aliases[i], Literal::usize_unsuffixed(i));
        quote!(#wiring::INFERENCE.initialize::<#alias>(#index, parameters, buffers, &rng);)
    });
    quote! {
        #[allow(unused_variables)]
        fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
            #(#calls)*
        }
    }
}

/// The layers in the order in which they compute, or from the last to the first.
fn walk(context: &Context<'_>, is_backward: bool) -> TokenStream {
    let (mut steps, wiring) = (context.steps(), &context.wiring);
    if is_backward {
        steps.reverse();
    }
    let calls = steps.into_iter().map(|layer| {
        let node = node(context, layer);
        let method = if context.is_end(layer) { quote!(output_layer) } else { quote!(layer) };
        let tied = context.model.layers.iter().enumerate().rev();
        let tied = tied.filter(|(_, other)| is_backward && other.ties == Some(layer));
        let ties = tied.map(|(other, _)| {
            let node = self::node(context, other);
            quote!(walk.tie(&#wiring::<B>::#node);)
        });
        quote!(walk.#method(&#wiring::<B>::#node); #(#ties)*)
    });
    let method = if is_backward { quote!(walk_backward) } else { quote!(walk_forward) };
    quote! {
        #[inline(always)]
        fn #method<W: Walk<B>>(walk: &mut W) {
            #(#calls)*
        }
    }
}

/// `Layers` and `Passes`, for every backend on which all layers run.
pub(crate) fn passes(context: &Context<'_>) -> TokenStream {
    let (this, wiring) = (&context.this, &context.wiring);
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
    let bounds = context.steps().into_iter().map(|layer| {
        let alias = &context.aliases[layer];
        if context.is_end(layer) {
            quote!(#alias: Run<B>, <#alias as Layer>::Body: Run<B>)
        } else {
            quote!(#alias: Run<B>)
        }
    });
    let [walk_forward, walk_backward] = [false, true].map(|is_backward| walk(context, is_backward));
    let ends = [context.model.layers.len(), context.inputs(), context.outputs().len()];
    let [layers, inputs, outputs] = ends.map(Literal::usize_unsuffixed);
    quote! {
        impl<B: Backend> Layers<B> for #this
        where
            #(#bounds),*
        {
            #walk_forward
            #walk_backward
        }

        impl<B: Backend> Passes<B> for #this
        where
            #this: Layers<B>,
        {
            #[inline(always)]
            fn predict_with<E: Ending, R: Route<B>>(route: R, pass: Predict<'_, Self, B>) {
                Self::walk_forward(&mut PredictWalk::<B, E, R, #layers, #inputs, #outputs>::new(route, pass, #wiring::inference()));
            }
            fn forward_with<E: Ending>(pass: Forward<'_, Self, B>) {
                Self::walk_forward(&mut ForwardWalk::<B, E, #layers, #inputs, #outputs>::new(pass, #wiring::<B>::GRAPH));
            }
            fn backward_with<E: Ending>(pass: Backward<'_, Self, B>) {
                Self::walk_backward(&mut BackwardWalk::<B, E, #layers, #inputs, #outputs>::new(pass, #wiring::<B>::GRAPH));
            }
            fn step_with<E: Ending>(pass: Step<'_, Self, B>) {
                Self::walk_backward(&mut StepWalk::<B, E, #layers, #inputs, #outputs>::new(pass, #wiring::<B>::GRAPH));
            }
        }
    }
}
