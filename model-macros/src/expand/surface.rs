//! The struct, what a user calls on it, and the tables and constants of its layers.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use super::context::Context;
use super::ports::{self, Side};
use crate::kinds::{LayerType, Types};

/// An attribute, and the predicates of every `cfg_attr` around it.
struct Conditional {
    predicates: Vec<Meta>,
    attribute: Meta,
}

impl Conditional {
    /// All of these attributes, out of their `cfg_attr`s.
    fn all(attributes: &[Attribute]) -> Vec<Self> {
        fn collect(predicates: &[Meta], attribute: Meta, into: &mut Vec<Conditional>) {
            let inner = attribute.require_list().ok().filter(|list| list.path.is_ident("cfg_attr"));
            let inner = inner
                .and_then(|list| list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok());
            let Some(inner) = inner else {
                into.push(Conditional { predicates: predicates.to_vec(), attribute });
                return;
            };
            let mut inner = inner.into_iter();
            let predicates: Vec<Meta> = predicates.iter().cloned().chain(inner.next()).collect();
            inner.for_each(|attribute| collect(&predicates, attribute, into));
        }
        let mut all = Vec::new();
        attributes.iter().for_each(|attribute| collect(&[], attribute.meta.clone(), &mut all));
        all
    }

    /// The predicate for where the attribute stands.
    fn predicate(&self) -> TokenStream {
        let predicates = &self.predicates;
        quote!(all(#(#predicates),*))
    }
}

/// Attributes under which the whole expansion stands: every `cfg`, also in a `cfg_attr`.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<TokenStream> {
    let all = Conditional::all(attributes).into_iter();
    let conditions = all.filter(|found| found.attribute.path().is_ident("cfg")).map(|found| {
        let (predicate, condition) = (found.predicate(), &found.attribute);
        quote!(#[cfg_attr(#predicate, #condition)])
    });
    conditions.collect()
}

/// `type Dense1 = Dense<U784, U512, Relu>;`
pub(crate) fn layer_aliases(context: &mut Context<'_>) -> TokenStream {
    let model = context.model;
    let mut aliases = TokenStream::new();
    for (index, (layer, alias)) in model.layers.iter().zip(context.aliases.clone()).enumerate() {
        let [stated, of] = &context.stated;
        let layer_type = match &layer.layer_type {
            LayerType::Written(path) => {
                let written = context.names.written_alias(&alias.to_string(), path);
                let (fact, check) = (context.fact(index, "IS_LAYER"), format_ident!("{alias}IsLayer"));
                let (runs, check_runs) = (context.fact(index, "RUNS"), format_ident!("{alias}Runs"));
                aliases.extend(quote! {
                    const #fact: bool = Probe::<#written>::IS_LAYER;
                    // What is no layer is an error of its own.
                    const #runs: bool = !#fact || Probe::<#written>::RUNS;
                });
                quote!(<[(); <#of as #stated>::#check + <#of as #stated>::#check_runs] as Checked>::Then<#written>)
            }
            LayerType::Unknown => {
                let mistake = &context.mistake;
                checked(context, index, quote!(#mistake))
            }
            LayerType::BuiltIn(tokens) => {
                let layer_type = tokens.write(&mut context.names);
                checked(context, index, layer_type)
            }
        };
        aliases.extend(quote!(type #alias = #layer_type;));
    }
    aliases
}

/// The type of a layer, or an error where what rustc must prove of its sizes does not hold.
fn checked(context: &Context<'_>, layer: usize, layer_type: TokenStream) -> TokenStream {
    let [stated, of] = &context.stated;
    let required = (0..context.model.layers[layer].requirements.len()).map(|i| context.requirement(layer, i));
    let numbers = context.counts_numbers().then(|| Ident::new("NumbersFit", Span::mixed_site()));
    let checks: Vec<_> = required.chain(numbers).collect();
    if checks.is_empty() {
        return layer_type;
    }
    quote!(<[(); #(<#of as #stated>::#checks)+*] as Checked>::Then<#layer_type>)
}

/// The struct in the user's scope.
pub(crate) fn declaration(context: &Context<'_>) -> TokenStream {
    let (root, written) = (context.root, context.model.written);
    let (attributes, visibility, name) = (&written.attributes, &written.visibility, &written.name);
    let docs = layer_docs(context);
    quote! {
        #(#attributes)*
        #(#[doc = #docs])*
        #[repr(C, align(64))]
        #visibility struct #name {
            block: [#root::__private::f32; Self::BLOCK_LEN],
        }
    }
}

/// The table of layers, as documentation.
fn layer_docs(context: &Context<'_>) -> Vec<String> {
    let has_docs = context.model.written.attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let title =
        if has_docs { Vec::new() } else { vec![format!(" The model `{}`.", context.model.written.name)] };
    let head = ["", " | layer | kind | samples in | samples out |", " |---|---|---|---|"].map(str::to_owned);
    let rows = context.model.layers.iter().map(|layer| {
        format!(" | `{}` | `{}` | {} | {} |", layer.name, layer.kind, layer.input, layer.output)
    });
    title.into_iter().chain(head).chain(rows).collect()
}

/// Constants, the prediction of one sample, and the views of the layers.
pub(crate) fn inherent(context: &mut Context<'_>) -> TokenStream {
    let model = context.model;
    let (this, visibility) = (context.this.clone(), &model.written.visibility);
    let views = views(context);
    let embed = if model.is_mistaken {
        quote!(let _ = file; Self { block: [0.0; Self::BLOCK_LEN] })
    } else {
        quote!(Self { block: embed_block(file, <Self as Model>::NAME, <Self as Layer>::INFO.layers) })
    };
    let (sample, prediction) = (ports::sample_reference(context), ports::record_type(context, Side::Out));
    // Written in place: an unoptimised call that returns the array would have a copy of its own.
    let predict = match ports::zeros(context) {
        None => quote!(let _ = sample; loop {}),
        Some(zeros) => quote! {
            let mut prediction = #zeros;
            predict_one(self, sample, &mut prediction);
            prediction
        },
    };
    quote! {

        #[allow(dead_code)]
        impl #this {
            /// Number of trainable values.
            #visibility const PARAMETER_COUNT: usize = parameter_count::<Self>();
            /// Number of values that move without a gradient.
            #visibility const BUFFER_COUNT: usize = buffer_count::<Self>();
            /// Number of values in the block: the parameters of every layer, then the buffers of every layer.
            #visibility const BLOCK_LEN: usize = Self::PARAMETER_COUNT + Self::BUFFER_COUNT;
            /// Multiplications and additions per sample in a forward pass.
            #visibility const FLOPS: u64 = <Self as Model>::FLOPS;
            /// Bytes per sample that a forward pass in training writes: what the backward pass reads again, the largest of
            /// the rest, and the output.
            #visibility const ACTIVATION_BYTES: usize = activation_bytes::<Self>();
            /// One row for each layer.
            #visibility const LAYERS: &'static [LayerInfo] = <Self as Layer>::INFO.layers;

            /// The model whose numbers these are, in the order of [`Self::LAYERS`].
            #visibility const fn from_block(block: [f32; Self::BLOCK_LEN]) -> Self {
                Self { block }
            }

            /// The model in the bytes of a safetensors file; what `embed!` calls.
            #[doc(hidden)]
            #[track_caller]
            #visibility const fn __embed(file: &[u8]) -> Self {
                #embed
            }

            /// The model's answer to one sample, by value. Without heap, unless layers in between need more than
            /// `layers::model::STACK_SCRATCH` values: `Model::predict_with_scratch` takes the memory for them and for
            /// the answer from the caller.
            #[track_caller]
            #visibility fn predict(&self, sample: #sample) -> #prediction {
                #predict
            }

            #views
        }
    }
}

/// What shows each layer's parameters.
fn views(context: &mut Context<'_>) -> TokenStream {
    let model = context.model;
    let visibility = &model.written.visibility;
    let mut views = TokenStream::new();
    for (index, layer) in model.layers.iter().enumerate().filter(|(_, layer)| layer.has_parameters) {
        let name = &layer.method();
        let name_mut = format_ident!("{name}_mut");
        let full = &layer.name;
        let (docs, title) = (&layer.docs, format!(" The parameters of layer `{full}`: `{}`.", layer.text));
        let title_mut = format!(" The parameters of layer `{full}`, to be changed.");
        if !layer.has_shapes && layer.view.is_some() {
            let mistake = &context.mistake;
            views.extend(quote! {
                #visibility fn #name(&self) -> #mistake { loop {} }
                #visibility fn #name_mut(&mut self) -> #mistake { loop {} }
            });
            continue;
        }
        let (view, view_mut, see, see_mut) = match &layer.view {
            None => (quote!(&[f32]), quote!(&mut [f32]), None, None),
            Some(view) => {
                let arguments = view.arguments.write(&mut context.names);
                let path = |name| context.names.path(view.module, &Ident::new(name, Span::mixed_site()));
                let (view, view_mut) = (path(view.view), path(view.view_mut));
                (
                    quote!(#view<'_, #arguments>),
                    quote!(#view_mut<'_, #arguments>),
                    Some(quote!(#view::new)),
                    Some(quote!(#view_mut::new)),
                )
            }
        };
        let (own, own_mut) = if model.is_mistaken {
            (quote!(&self.block[..0]), quote!(&mut self.block[..0]))
        } else {
            let (wiring, index) = (&context.wiring, Literal::usize_unsuffixed(index));
            (
                quote!(#wiring::INFERENCE.parameters(#index, &self.block)),
                quote!(#wiring::INFERENCE.parameters_mut(#index, &mut self.block)),
            )
        };
        let (see, see_mut) = (call(see, own), call(see_mut, own_mut));
        views.extend(quote! {
            #[doc = #title]
            #(#docs)*
            #visibility fn #name(&self) -> #view {
                #see
            }

            #[doc = #title_mut]
            #visibility fn #name_mut(&mut self) -> #view_mut {
                #see_mut
            }
        });
    }
    views
}

fn call(function: Option<TokenStream>, argument: TokenStream) -> TokenStream {
    match function {
        Some(function) => quote!(#function(#argument)),
        None => argument,
    }
}

/// `Zeroable`, `Debug`, `PartialEq` and `Layer`.
pub(crate) fn implementations(context: &mut Context<'_>) -> TokenStream {
    let model = context.model;
    let this = context.this.clone();
    let name = Literal::string(&model.written.name.to_string());
    let (input, output) = (ports::port(context, Side::In), ports::port(context, Side::Out));
    let (root, inputs) = (context.root, context.inputs());
    let rows = model.layers.iter().zip(&context.aliases).enumerate().map(|(index, (layer, alias))| {
        let name = Literal::string(&layer.name);
        let before = inputs + index;
        let takes_before = layer.sources == [before - 1] && (index > 0 || inputs == 1);
        let from = (!takes_before).then(|| {
            let sources = layer.sources.iter().map(|&source| match source.checked_sub(inputs) {
                Some(giver) => model.layers[giver].name.clone(),
                None => model.inputs[source].name.to_string(),
            });
            quote!(.from(&[#(#sources),*]))
        });
        let shares = layer.shares.map(|owner| {
            let owner = Literal::string(&model.layers[owner].name);
            quote!(.sharing(#owner))
        });
        quote!(LayerInfo::of::<#alias>(#name) #from #shares)
    });
    let head = match model.outputs.as_slice() {
        [_] => {
            let last = context.last_type();
            quote!(<#last as Layer>::Head)
        }
        // Each output has its own.
        _ => quote!(#root::layers::activation::Linear),
    };
    let ends = (model.inputs.len() > 1 || model.outputs.len() > 1).then(|| {
        let inputs = model.inputs.iter().map(|end| end.name.to_string());
        let inputs = inputs.filter(|_| model.inputs.len() > 1);
        // A field may have the name of a block: the layer's own says which row it is.
        let outputs = model.outputs.iter().map(|end| &model.layers[end.layer].name);
        let outputs = outputs.filter(|_| model.outputs.len() > 1);
        quote!(.ends(&[#(#inputs),*], &[#(#outputs),*]))
    });
    let initialize = super::passes::initialize(context);
    let (graph, memory) = if context.model.is_mistaken {
        (TokenStream::new(), quote!(Memory::NONE))
    } else {
        {
            let wiring = &context.wiring;
            (super::passes::wiring(context), quote!(#wiring::<Cpu>::graph().memory))
        }
    };
    let equal = unless_derived(&model.written.attributes, "PartialEq").map(|unless| {
        quote! {
            /// Whether all numbers are equal, as numbers: NaN equals nothing, and −0 equals 0.
            #unless
            impl PartialEq for #this {
                fn eq(&self, other: &Self) -> bool {
                    self.block == other.block
                }
            }
        }
    });
    let debug = unless_derived(&model.written.attributes, "Debug").map(|unless| {
        quote! {
            #unless
            impl Debug for #this {
                fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
                    f.debug_struct(#name).field("parameters", &Self::PARAMETER_COUNT).finish_non_exhaustive()
                }
            }
        }
    });
    quote! {
        // SAFETY: the struct is an array of `f32`, for which all bits zero is a value.
        unsafe impl Zeroable for #this {}

        #debug
        #equal
        impl Layer for #this {
            type Input = #input;
            type Output = #output;
            type Head = #head;
            type Body = Headless<Self>;
            const INFO: Info = Info::model(#name, &[#(#rows),*]) #ends;
            const MEMORY: Memory = #memory;

            #initialize
        }

        #graph
    }
}

/// `Model`.
pub(crate) fn model_impl(context: &mut Context<'_>) -> TokenStream {
    let (sample, prediction) =
        (ports::record_type(context, Side::In), ports::record_type(context, Side::Out));
    let predict_one = predict_one(context);
    let this = &context.this;
    let name = Literal::string(&context.model.written.name.to_string());
    let plan = if context.model.is_mistaken {
        quote! {
            const UNSHARED_BYTES: usize = 0;
            const UNSHARED_SCRATCH: usize = 0;
            const HAS_SHARED: bool = false;
        }
    } else {
        let wiring = &context.wiring;
        quote! {
            const PREDICT_SCRATCH: usize = #wiring::INFERENCE.scratch.of(1, 1);
            const UNSHARED_BYTES: usize = 4 * (#wiring::<Cpu>::graph().unshared + output_len::<Self>());
            const UNSHARED_SCRATCH: usize = #wiring::INFERENCE.unshared;
            const HAS_SHARED: bool = #wiring::<Cpu>::graph().has_shared;
        }
    };
    quote! {
        impl Model for #this {
            type Sample = #sample;
            type Prediction = #prediction;
            const NAME: &'static str = #name;
            #plan

            fn block(&self) -> &[f32] {
                &self.block
            }

            fn block_mut(&mut self) -> &mut [f32] {
                &mut self.block
            }

            #predict_one
        }
    }
}

/// The condition of an implementation of what the user may derive: empty if no attribute derives it, `None` if one always does.
fn unless_derived(attributes: &[Attribute], name: &str) -> Option<TokenStream> {
    let derives = |found: &Conditional| {
        let list = found.attribute.require_list().ok().filter(|list| list.path.is_ident("derive"));
        list.is_some_and(|list| list.tokens.clone().into_iter().any(|token| token.to_string() == name))
    };
    let derived: Vec<Conditional> = Conditional::all(attributes).into_iter().filter(derives).collect();
    if derived.is_empty() {
        return Some(TokenStream::new());
    }
    if derived.iter().any(|derive| derive.predicates.is_empty()) {
        return None;
    }
    let predicates = derived.iter().map(Conditional::predicate);
    Some(quote!(#[cfg(not(any(#(#predicates),*)))]))
}

/// `Model::predict_one`.
fn predict_one(context: &mut Context<'_>) -> TokenStream {
    let model = context.model;
    let prediction = ports::record_type(context, Side::Out);
    if model.is_mistaken {
        return quote! {
            fn predict_one<R: Route<Cpu>>(&self, _: R, _: One<'_, Self::Sample>, _: &mut #prediction) {
                loop {}
            }
        };
    }
    let input = match ports::array(context, Side::In) {
        Some(sizes) => (1..sizes).fold(quote!(sample), |name, _| quote!(#name.as_flattened())),
        None => quote!(sample_values::<<Self as Layer>::Input, Self::Sample>(sample)),
    };
    let output = match ports::array(context, Side::Out) {
        Some(sizes) => (1..sizes).fold(quote!(prediction), |name, _| quote!(#name.as_flattened_mut())),
        None => quote!(prediction_values::<<Self as Layer>::Output, Self::Prediction>(prediction)),
    };
    let scratch = &context.scratch;
    quote! {
        #[inline(always)]
        fn predict_one<R: Route<Cpu>>(&self, route: R, sample: One<'_, Self::Sample>, prediction: &mut #prediction) {
            let (parameters, buffers) = self.block.split_at(parameter_count::<Self>());
            let mut scratch: #scratch = Aligned([0.0; _]);
            <Self as Passes>::predict_with::<WithHead, R>(route, Predict {
                batch: 1,
                parameters,
                buffers,
                input: #input,
                output: #output,
                scratch: &mut scratch.0,
            });
        }
    }
}
