//! The straight-line code of a model: one step for each layer that computes.
//!
//! Memory is planned here. In inference and for gradients, outputs of even and odd steps take turns in two areas, each
//! as large as its largest use; a forward pass in training keeps every output and every layer's cache in a row.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::Context;

/// The code's local names: every name that comes from a layer ends in one of four ways, so that no two layers, however
/// they are called, give the same.
fn output(context: &Context<'_>, layer: usize) -> Ident {
    local(context, layer, "output")
}

fn local(context: &Context<'_>, layer: usize, what: &str) -> Ident {
    format_ident!("{}_{what}", context.model.layers[layer].name, span = proc_macro2::Span::mixed_site())
}

/// The layer's type in code that is generic in the last layer.
fn step_type(context: &Context<'_>, layer: usize) -> TokenStream {
    if layer == context.last() {
        quote!(Last)
    } else {
        let alias = &context.aliases[layer];
        quote!(#alias)
    }
}

/// Splits a slice between layers, one after the other; the last part is the rest.
fn split(base: &TokenStream, rest: &str, method: &str, parts: &[(Ident, TokenStream)]) -> TokenStream {
    let rest = format_ident!("{rest}", span = proc_macro2::Span::mixed_site());
    let method = format_ident!("{method}", span = proc_macro2::Span::mixed_site());
    let mut code = TokenStream::new();
    let mut from = base.clone();
    for (i, (name, len)) in parts.iter().enumerate() {
        match (i, parts.len() - i) {
            (0, 1) => code.extend(quote!(let #name = #base;)),
            (_, 1) => {}
            (_, 2) => {
                let last = &parts[i + 1].0;
                code.extend(quote!(let (#name, #last) = #from.#method(#len);));
            }
            _ => code.extend(quote!(let (#name, #rest) = #from.#method(#len);)),
        }
        from = quote!(#rest);
    }
    code
}

/// The parameters of each layer that has some, under names that end with `suffix`.
fn split_parameters(context: &Context<'_>, base: &TokenStream, suffix: &str, method: &str) -> TokenStream {
    let parts: Vec<_> = (0..context.model.layers.len())
        .filter(|&i| context.model.layers[i].has_parameters)
        .map(|i| {
            let alias = &context.aliases[i];
            (local(context, i, suffix), quote!(parameter_count::<f32, #alias>()))
        })
        .collect();
    split(base, suffix, method, &parts)
}

/// The buffers of each layer that has some.
fn split_buffers(context: &Context<'_>, base: &TokenStream, method: &str) -> TokenStream {
    let parts: Vec<_> = (0..context.model.layers.len())
        .filter(|&i| context.model.layers[i].has_buffers)
        .map(|i| {
            let alias = &context.aliases[i];
            (local(context, i, "buffers"), quote!(buffer_count::<f32, #alias>()))
        })
        .collect();
    split(base, "buffers", method, &parts)
}

fn parameters(context: &Context<'_>, layer: usize) -> TokenStream {
    if context.model.layers[layer].has_parameters {
        let name = local(context, layer, "parameters");
        quote!(#name)
    } else {
        quote!(&[])
    }
}

fn buffers(context: &Context<'_>, layer: usize, none: TokenStream) -> TokenStream {
    if context.model.layers[layer].has_buffers {
        let name = local(context, layer, "buffers");
        quote!(#name)
    } else {
        none
    }
}

/// `Layer::initialize`
pub(crate) fn initialize(context: &Context<'_>) -> TokenStream {
    let split_parameters = split_parameters(context, &quote!(parameters), "parameters", "split_at_mut");
    let split_buffers = split_buffers(context, &quote!(buffers), "split_at_mut");
    let layers = &context.model.layers;
    let calls = (0..layers.len()).filter(|&i| layers[i].has_parameters || layers[i].has_buffers).map(|i| {
        let alias = &context.aliases[i];
        let parameters = if layers[i].has_parameters { parameters(context, i) } else { quote!(&mut []) };
        let buffers = buffers(context, i, quote!(&mut []));
        let index = proc_macro2::Literal::usize_unsuffixed(i);
        quote!(<#alias as Layer>::initialize(#parameters, #buffers, rng.fork(#index));)
    });
    quote! {
        #[allow(unused_variables)]
        fn initialize(parameters: &mut [f32], buffers: &mut [f32], rng: Rng) {
            #split_parameters
            #split_buffers
            #(#calls)*
        }
    }
}

/// The constants of `Layer` that say how much memory a pass needs.
pub(crate) fn memory(context: &Context<'_>) -> TokenStream {
    let aliases =
        |steps: &[usize]| -> Vec<Ident> { steps.iter().map(|&i| context.aliases[i].clone()).collect() };
    let (predict, training) = (aliases(&context.steps(false)), aliases(&context.steps(true)));
    let kept = &training[..training.len() - 1];
    quote! {
        const CACHE: usize = #(output_len::<#kept>() +)* #(<#training as Layer>::CACHE)+*;
        const PREDICT_SCRATCH: usize =
            PREDICT_EVEN + PREDICT_ODD + max(&[#(<#predict as Layer>::PREDICT_SCRATCH),*]);
        const BACKWARD_SCRATCH: usize =
            BACKWARD_EVEN + BACKWARD_ODD + max(&[#(<#training as Layer>::BACKWARD_SCRATCH),*]);
    }
}

/// The sizes of the two areas in which the outputs of all steps but the last take turns.
fn areas(context: &Context<'_>, steps: &[usize], even: &Ident, odd: &Ident, what: &str) -> TokenStream {
    let inner = &steps[..steps.len() - 1];
    let lens = |parity: usize| {
        let lens: Vec<_> = inner
            .iter()
            .skip(parity)
            .step_by(2)
            .map(|&i| {
                let alias = &context.aliases[i];
                quote!(output_len::<#alias>())
            })
            .collect();
        match lens.as_slice() {
            [] => quote!(0),
            [len] => len.clone(),
            lens => quote!(max(&[#(#lens),*])),
        }
    };
    let (even_len, odd_len) = (lens(0), lens(1));
    let (even_doc, odd_doc) = (format!(" {what} of steps 0, 2, …"), format!(" {what} of steps 1, 3, …"));
    quote! {
        #[doc = #even_doc]
        const #even: usize = #even_len;
        #[doc = #odd_doc]
        const #odd: usize = #odd_len;
    }
}

/// Names the two areas inside a pass's scratch; what is left is for the steps' own use.
fn split_areas(steps: usize, even: &Ident, odd: &Ident) -> TokenStream {
    match steps {
        1 => quote!(let scratch = pass.scratch;),
        2 => quote!(let (even, scratch) = pass.scratch.split_at_mut(pass.batch * #even);),
        _ => quote! {
            let (even, scratch) = pass.scratch.split_at_mut(pass.batch * #even);
            let (odd, scratch) = scratch.split_at_mut(pass.batch * #odd);
        },
    }
}

/// A step's output in one of the two areas.
fn in_area(context: &Context<'_>, name: &Ident, position: usize, layer: usize) -> TokenStream {
    let area = [quote!(even), quote!(odd)][position % 2].clone();
    let alias = &context.aliases[layer];
    quote!(let #name = &mut #area[..pass.batch * output_len::<#alias>()];)
}

fn predict_with(context: &Context<'_>) -> TokenStream {
    let steps = context.steps(false);
    let split_parameters = split_parameters(context, &quote!(pass.parameters), "parameters", "split_at");
    let split_buffers = split_buffers(context, &quote!(pass.buffers), "split_at");
    let split_areas = split_areas(steps.len(), &format_ident!("PREDICT_EVEN"), &format_ident!("PREDICT_ODD"));
    let calls = steps.iter().enumerate().map(|(position, &layer)| {
        let step = step_type(context, layer);
        let input = match position.checked_sub(1) {
            Some(before) => output_name(context, steps[before]),
            None => quote!(pass.input),
        };
        let is_last = position + 1 == steps.len();
        let name = output(context, layer);
        let allocate = (!is_last).then(|| in_area(context, &name, position, layer));
        let output = if is_last { quote!(pass.output) } else { quote!(&mut *#name) };
        let parameters = parameters(context, layer);
        let buffers = buffers(context, layer, quote!(&[]));
        quote! {
            #allocate
            route.layer::<#step>(Predict {
                batch: pass.batch,
                parameters: #parameters,
                buffers: #buffers,
                input: #input,
                output: #output,
                scratch: &mut scratch[..pass.batch * <#step as Layer>::PREDICT_SCRATCH],
            });
        }
    });
    quote! {
        #[allow(unused_variables)]
        #[inline(always)]
        fn predict_with<Last: Layer, R: Route>(route: R, pass: Predict<'_, f32>) {
            #split_parameters
            #split_buffers
            #split_areas
            #(#calls)*
        }
    }
}

fn output_name(context: &Context<'_>, layer: usize) -> TokenStream {
    let name = output(context, layer);
    quote!(#name)
}

/// Names each kept output and each layer's cache.
fn split_cache(context: &Context<'_>, steps: &[usize], method: &str) -> TokenStream {
    let method = format_ident!("{method}", span = proc_macro2::Span::mixed_site());
    let mut code = TokenStream::new();
    let mut from = quote!(pass.cache);
    for (position, &layer) in steps.iter().enumerate() {
        let (name, cache) = (output(context, layer), local(context, layer, "cache"));
        let step = step_type(context, layer);
        if position + 1 < steps.len() {
            code.extend(quote! {
                let (#name, cache) = #from.#method(pass.batch * output_len::<#step>());
                let (#cache, cache) = cache.#method(pass.batch * <#step as Layer>::CACHE);
            });
        } else {
            code.extend(quote!(let (#cache, _) = #from.#method(pass.batch * <#step as Layer>::CACHE);));
        }
        from = quote!(cache);
    }
    code
}

fn forward_with(context: &Context<'_>) -> TokenStream {
    let steps = context.steps(true);
    let split_parameters = split_parameters(context, &quote!(pass.parameters), "parameters", "split_at");
    let split_buffers = split_buffers(context, &quote!(pass.buffers), "split_at_mut");
    let split_cache = split_cache(context, &steps, "split_at_mut");
    let calls = steps.iter().enumerate().map(|(position, &layer)| {
        let step = step_type(context, layer);
        let input = match position.checked_sub(1) {
            Some(before) => output_name(context, steps[before]),
            None => quote!(pass.input),
        };
        let output = if position + 1 == steps.len() {
            quote!(pass.output)
        } else {
            let name = output(context, layer);
            quote!(&mut *#name)
        };
        let parameters = parameters(context, layer);
        let buffers = buffers(context, layer, quote!(&mut []));
        let cache = local(context, layer, "cache");
        let index = proc_macro2::Literal::usize_unsuffixed(layer);
        quote! {
            <#step as Layer>::forward(Forward {
                batch: pass.batch,
                parameters: #parameters,
                buffers: #buffers,
                input: #input,
                output: #output,
                cache: #cache,
                rng: pass.rng.fork(#index),
            });
        }
    });
    quote! {
        #[allow(unused_variables)]
        fn forward_with<Last: Layer>(pass: Forward<'_, f32>) {
            #split_parameters
            #split_buffers
            #split_cache
            #(#calls)*
        }
    }
}

/// The layers in reverse: `backward_with`, or `step_with`, in which the layers that have parameters also update them.
fn reverse_with(context: &Context<'_>, updates: bool) -> TokenStream {
    let layers = &context.model.layers;
    let steps = context.steps(true);
    let split_parameters = if updates {
        split_parameters(context, &quote!(pass.trained), "trained", "split_at")
    } else {
        let values = split_parameters(context, &quote!(pass.parameters), "parameters", "split_at");
        let gradients =
            split_parameters(context, &quote!(pass.grad_parameters), "parameters_grad", "split_at_mut");
        quote!(#values #gradients)
    };
    let split_cache = split_cache(context, &steps, "split_at");
    let split_areas =
        split_areas(steps.len(), &format_ident!("BACKWARD_EVEN"), &format_ident!("BACKWARD_ODD"));
    // No layer before the first one with parameters needs a gradient, unless the caller does.
    let first_with_parameters = steps.iter().position(|&i| layers[i].has_parameters).unwrap_or(steps.len());
    let grad_name = |layer| local(context, layer, "output_grad");
    let calls = steps.iter().enumerate().rev().map(|(position, &layer)| {
        let step = step_type(context, layer);
        let is_last = position + 1 == steps.len();
        let grad_output = if is_last {
            quote!(pass.grad_output)
        } else {
            let name = grad_name(layer);
            quote!(#name)
        };
        let output = if is_last { quote!(pass.output) } else { output_name(context, layer) };
        let (allocate, input, grad_input) = match position.checked_sub(1) {
            None => (None, quote!(pass.input), quote!(pass.grad_input)),
            Some(before) => {
                let name = grad_name(steps[before]);
                let allocate = in_area(context, &name, before, steps[before]);
                let grad_input = if position <= first_with_parameters {
                    quote!(if pass.grad_input.is_some() { Some(&mut *#name) } else { None })
                } else {
                    quote!(Some(&mut *#name))
                };
                (Some(allocate), output_name(context, steps[before]), grad_input)
            }
        };
        let cache = local(context, layer, "cache");
        let rest = quote! {
            batch: pass.batch,
            input: #input,
            output: #output,
            cache: #cache,
            grad_output: #grad_output,
            grad_input: #grad_input,
            scratch: &mut scratch[..pass.batch * <#step as Layer>::BACKWARD_SCRATCH],
        };
        if updates && layers[layer].has_parameters {
            let trained = local(context, layer, "trained");
            return quote! {
                #allocate
                <#step as Layer>::step(Step { trained: #trained, #rest });
            };
        }
        let parameters = parameters(context, layer);
        let grad_parameters = if layers[layer].has_parameters {
            let name = local(context, layer, "parameters_grad");
            quote!(#name)
        } else {
            quote!(&mut [])
        };
        quote! {
            #allocate
            <#step as Layer>::backward(Backward {
                parameters: #parameters,
                grad_parameters: #grad_parameters,
                #rest
            });
        }
    });
    let (method, pass) =
        if updates { (quote!(step_with), quote!(Step)) } else { (quote!(backward_with), quote!(Backward)) };
    quote! {
        #[allow(unused_variables)]
        fn #method<Last: Layer>(pass: #pass<'_, f32>) {
            #split_parameters
            #split_cache
            #split_areas
            #(#calls)*
        }
    }
}

/// `Model`, and the sizes of the areas that its passes use.
pub(crate) fn model_impl(context: &mut Context<'_>) -> TokenStream {
    let (sample, prediction) = super::surface::sample_types(context);
    let predict_one = super::surface::predict_one(context);
    let this = &context.this;
    let name = proc_macro2::Literal::string(&context.model.written.name.to_string());
    let last = context.last_type();
    let predict_areas = areas(
        context,
        &context.steps(false),
        &format_ident!("PREDICT_EVEN"),
        &format_ident!("PREDICT_ODD"),
        "Values per sample in inference: the largest output",
    );
    let backward_areas = areas(
        context,
        &context.steps(true),
        &format_ident!("BACKWARD_EVEN"),
        &format_ident!("BACKWARD_ODD"),
        "Values per sample in a backward pass: the largest gradient by the output",
    );
    let (predict_with, forward_with) = (predict_with(context), forward_with(context));
    let (backward_with, step_with) = (reverse_with(context, false), reverse_with(context, true));
    quote! {
        #predict_areas
        #backward_areas

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

            #predict_with
            #predict_one
            #forward_with
            #backward_with
            #step_with
        }
    }
}
