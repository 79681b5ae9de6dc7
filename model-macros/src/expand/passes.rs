//! The straight-line code of a model: one step for each layer that computes.
//!
//! What belongs to whom is a matter of lengths alone, which `runtime/src/layers/row.rs` knows: a row of the runtime
//! hands each layer its pass.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use super::Context;

/// The constant with the lengths of what belongs to a layer.
fn lengths(context: &Context<'_>, layer: usize) -> Ident {
    let name = context.model.layers[layer].name.to_string();
    format_ident!("{}_LENGTHS", name.trim_start_matches("r#").to_uppercase(), span = Span::mixed_site())
}

/// The layer's type, and its lengths, in code that is generic in the last layer.
fn step(context: &Context<'_>, layer: usize) -> (TokenStream, TokenStream) {
    if layer == context.last() {
        (quote!(Last), quote!(const { &Lengths::of::<Last>() }))
    } else {
        let (alias, lengths) = (&context.aliases[layer], lengths(context, layer));
        (quote!(#alias), quote!(&#lengths))
    }
}

/// `Layer::initialize`
pub(crate) fn initialize(context: &Context<'_>) -> TokenStream {
    let layers = &context.model.layers;
    let with_numbers = (0..layers.len()).filter(|&i| layers[i].has_parameters || layers[i].has_buffers);
    let calls = with_numbers.filter(|_| !context.model.is_mistaken).map(|i| {
        let (alias, lengths) = (&context.aliases[i], lengths(context, i));
        let index = Literal::usize_unsuffixed(i);
        quote! {
            let (parameters, buffers, rng) = row.next(&#lengths, #index);
            <#alias as Layer>::initialize(parameters, buffers, rng);
        }
    });
    quote! {
        #[allow(unused_mut, unused_variables)]
        fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
            let mut row = InitializeRow::new(parameters, buffers, rng);
            #(#calls)*
        }
    }
}

/// The constants of `Layer` that say how much memory a pass needs.
pub(crate) fn memory() -> TokenStream {
    quote! {
        const CACHE: usize = TRAINING.cache;
        const PREDICT_SCRATCH: usize = INFERENCE.predict_scratch;
        const BACKWARD_SCRATCH: usize = TRAINING.backward_scratch;
    }
}

/// The lengths of every layer, and of those that compute.
fn tables(context: &Context<'_>) -> TokenStream {
    let all = context.aliases.iter().enumerate().map(|(i, alias)| {
        let name = lengths(context, i);
        quote!(const #name: Lengths = Lengths::of::<#alias>();)
    });
    let row = |steps: &[usize]| {
        let names = steps.iter().map(|&i| lengths(context, i));
        quote!(RowLengths = RowLengths::of(&[#(#names),*]))
    };
    let (inference, training) = (row(&context.steps(false)), row(&context.steps(true)));
    quote! {
        #(#all)*
        /// The layers that compute in inference.
        const INFERENCE: #inference;
        /// The layers that compute in training.
        const TRAINING: #training;
    }
}

fn predict_with(context: &Context<'_>) -> TokenStream {
    let calls = context.steps(false).into_iter().map(|layer| {
        let (step, lengths) = step(context, layer);
        let next = if layer == context.last() { quote!(last) } else { quote!(next) };
        quote!(route.layer::<#step>(row.#next(#lengths));)
    });
    quote! {
        #[allow(unused_mut)]
        #[inline(always)]
        fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>) {
            let mut row = PredictRow::new(pass, &INFERENCE);
            #(#calls)*
        }
    }
}

fn forward_with(context: &Context<'_>) -> TokenStream {
    let calls = context.steps(true).into_iter().map(|layer| {
        let (step, lengths) = step(context, layer);
        let next = if layer == context.last() { quote!(last) } else { quote!(next) };
        let index = Literal::usize_unsuffixed(layer);
        quote!(<#step as Layer>::forward(row.#next(#lengths, #index));)
    });
    quote! {
        #[allow(unused_mut)]
        fn forward_with<Last: Layer>(pass: Forward<'_, f32>) {
            let mut row = ForwardRow::new(pass);
            #(#calls)*
        }
    }
}

/// The layers in reverse: `backward_with`, or `step_with`, in which the layers that have parameters also update them.
fn reverse_with(context: &Context<'_>, updates: bool) -> TokenStream {
    let layers = &context.model.layers;
    let steps = context.steps(true);
    // No layer before the first one with parameters needs a gradient, unless the caller does.
    let first_with_parameters = steps.iter().position(|&i| layers[i].has_parameters).unwrap_or(steps.len());
    let calls = steps.iter().enumerate().rev().map(|(position, &layer)| {
        let (step, own) = step(context, layer);
        let is_step = updates && layers[layer].has_parameters;
        let method = if is_step { quote!(step) } else { quote!(backward) };
        let pass = match position.checked_sub(1) {
            None if is_step => quote!(row.first_step(#own)),
            None => quote!(row.first(#own)),
            Some(before) => {
                let next = if is_step { quote!(next_step) } else { quote!(next) };
                let before = lengths(context, steps[before]);
                let is_needed = position > first_with_parameters;
                quote!(row.#next(#own, &#before, #is_needed))
            }
        };
        quote!(<#step as Layer>::#method(#pass);)
    });
    let (method, pass, row) = if updates {
        (quote!(step_with), quote!(Step), quote!(StepRow))
    } else {
        (quote!(backward_with), quote!(Backward), quote!(BackwardRow))
    };
    quote! {
        #[allow(unused_mut)]
        fn #method<Last: Layer>(pass: #pass<'_, f32>) {
            let mut row = #row::new(pass, &TRAINING, const { &Lengths::of::<Last>() });
            #(#calls)*
        }
    }
}

/// Stands in for the passes of a model with a mistake.
fn no_passes() -> TokenStream {
    quote! {
        fn predict_with<Last: Layer, R: Route>(_: R, _: Predict<'_, f32>) {}
        fn forward_with<Last: Layer>(_: Forward<'_, f32>) {}
        fn backward_with<Last: Layer>(_: Backward<'_, f32>) {}
        fn step_with<Last: Layer>(_: Step<'_, f32>) {}
    }
}

/// `Model`, and the lengths that its passes use.
pub(crate) fn model_impl(context: &mut Context<'_>) -> TokenStream {
    let (sample, prediction) = super::surface::sample_types(context);
    let predict_one = super::surface::predict_one(context);
    let this = &context.this;
    let name = Literal::string(&context.model.written.name.to_string());
    let last = context.last_type();
    let tables = tables(context);
    let passes = if context.model.is_mistaken {
        no_passes()
    } else {
        let (predict_with, forward_with) = (predict_with(context), forward_with(context));
        let (backward_with, step_with) = (reverse_with(context, false), reverse_with(context, true));
        quote!(#predict_with #predict_one #forward_with #backward_with #step_with)
    };
    let predict_one = context.model.is_mistaken.then_some(predict_one);
    quote! {
        #tables

        impl Model for #this {
            type Sample = #sample;
            type Prediction = #prediction;
            const NAME: &'static str = #name;
            type Last = #last;

            fn block(&self) -> &[f32] {
                &self.block
            }

            fn block_mut(&mut self) -> &mut [f32] {
                &mut self.block
            }

            #passes
            #predict_one
        }
    }
}
