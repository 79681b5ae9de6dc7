//! What goes into a model and comes out: one value, or a struct with a field for each.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::context::Context;
use crate::check::{End, Layer};
use crate::kinds::Types;
use crate::size::Shape;
use crate::suggest::camel_case;

/// One side of a model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    In,
    Out,
}

impl Side {
    fn ends<'a>(self, context: &Context<'a>) -> &'a [End] {
        let model = context.model;
        match self {
            Self::In => &model.inputs,
            Self::Out => &model.outputs,
        }
    }

    /// `ProductInputs`
    fn record(self, context: &Context<'_>) -> Ident {
        let name = &context.model.written.name;
        let side = match self {
            Self::In => "Inputs",
            Self::Out => "Outputs",
        };
        format_ident!("{name}{side}", span = name.span())
    }
}

/// The names of the fields, if there are several, and a type parameter for each.
fn fields(context: &Context<'_>, side: Side) -> Option<Vec<(Ident, Ident)>> {
    let ends = side.ends(context);
    let field = |end: &End| {
        let parameter = format_ident!("{}", camel_case(&end.name.to_string()), span = Span::mixed_site());
        (end.name.clone(), parameter)
    };
    (ends.len() > 1).then(|| ends.iter().map(field).collect())
}

/// `[[f32; 28]; 28]`, `Words<40>`, `Sequence<[f32; 12], 40>`
fn value_type(context: &mut Context<'_>, shape: &Shape) -> TokenStream {
    let root = context.root;
    let number = if shape.is_index { quote!(u32) } else { quote!(f32) };
    let (steps, sizes) = match shape.sizes.as_slice() {
        [steps, sizes @ ..] if shape.is_sequence => (Some(context.names.size_value(steps)), sizes),
        sizes => (None, sizes),
    };
    let item = sizes.iter().rev().fold(number, |inner, size| {
        let size = context.names.size_value(size);
        quote!([#inner; #size])
    });
    match steps {
        Some(steps) => quote!(#root::schema::Sequence<#item, { #steps }>),
        None => item,
    }
}

/// The type of each value of one side, unless a mistake hides one.
fn value_types(context: &mut Context<'_>, side: Side) -> Option<Vec<TokenStream>> {
    let shapes: Option<Vec<Shape>> = side.ends(context).iter().map(|end| end.shape.clone()).collect();
    let is_hidden = context.model.is_mistaken && side.ends(context).len() > 1;
    shapes
        .filter(|_| !is_hidden)
        .map(|shapes| shapes.iter().map(|shape| value_type(context, shape)).collect())
}

/// The type of a sample, or of a prediction.
pub(crate) fn record_type(context: &mut Context<'_>, side: Side) -> TokenStream {
    let Some(types) = value_types(context, side) else {
        let mistake = &context.mistake;
        return quote!(#mistake);
    };
    match types.as_slice() {
        [one] => one.clone(),
        several => {
            let record = side.record(context);
            quote!(#record<#(#several),*>)
        }
    }
}

/// The type of a sample that is lent: `&[f32; 784]`, or a struct of such.
pub(crate) fn sample_reference(context: &mut Context<'_>) -> TokenStream {
    let Some(types) = value_types(context, Side::In) else {
        let mistake = &context.mistake;
        return quote!(&#mistake);
    };
    match types.as_slice() {
        [one] => quote!(&#one),
        several => {
            let record = Side::In.record(context);
            quote!(#record<#(&#several),*>)
        }
    }
}

/// A prediction of zeros; `None` if a mistake hides what it is.
pub(crate) fn zeros(context: &mut Context<'_>) -> Option<TokenStream> {
    value_types(context, Side::Out)?;
    let shapes: Vec<Shape> = context.model.outputs.iter().filter_map(|end| end.shape.clone()).collect();
    let zeros = shapes.iter().map(|shape| {
        shape.sizes.iter().rev().fold(quote!(0.0), |inner, size| {
            let size = context.names.size_value(size);
            quote!([#inner; #size])
        })
    });
    let zeros: Vec<TokenStream> = zeros.collect();
    Some(match fields(context, Side::Out) {
        None => quote!(#(#zeros)*),
        Some(fields) => {
            let (record, names) = (Side::Out.record(context), fields.into_iter().map(|(name, _)| name));
            quote!(#record { #(#names: #zeros),* })
        }
    })
}

/// The port of one side.
pub(crate) fn port(context: &mut Context<'_>, side: Side) -> TokenStream {
    let mistake = context.mistake.clone();
    let root = context.root;
    let ends = side.ends(context);
    let ports = ends.iter().enumerate().map(|(index, end)| match &end.shape {
        None => quote!(#mistake),
        // Below which number words are, the layer says that reads them.
        Some(shape) if shape.is_index => {
            let reads = |layer: &Layer| layer.sources == [index];
            let reader = context.model.layers.iter().position(reads).map(|layer| &context.aliases[layer]);
            reader.map_or_else(|| quote!(#mistake), |reader| quote!(<#reader as Layer>::Input))
        }
        Some(shape) => context.names.shape(shape),
    });
    let ports: Vec<TokenStream> = ports.collect();
    match ports.as_slice() {
        [port] => port.clone(),
        ports => quote!(#root::layers::Branches<(#(#ports,)*)>),
    }
}

/// Whether a side is one value of numbers that lie one behind the other, so that an array is its slice.
pub(crate) fn array(context: &Context<'_>, side: Side) -> Option<usize> {
    match side.ends(context) {
        [End { shape: Some(shape), .. }] if !shape.is_index && !shape.is_sequence => Some(shape.sizes.len()),
        _ => None,
    }
}

/// The structs with several inputs or outputs, in the user's scope.
pub(crate) fn records(context: &Context<'_>) -> TokenStream {
    let (root, written) = (context.root, context.model.written);
    let visibility = &written.visibility;
    let sides = [(Side::In, "input"), (Side::Out, "output")].into_iter().filter_map(|(side, word)| {
        let (names, parameters): (Vec<_>, Vec<_>) = fields(context, side)?.into_iter().unzip();
        let record = side.record(context);
        let docs = format!(" One value for each {word} of [`{}`].", written.name);
        let field_docs = names.iter().map(|name| format!(" {word} `{name}`"));
        let core = quote!(#root::__private::core);
        Some(quote! {
            #[doc = #docs]
            #[derive(
                #core::fmt::Debug, #core::clone::Clone, #core::marker::Copy, #core::cmp::PartialEq, #core::default::Default
            )]
            #visibility struct #record<#(#parameters),*> {
                #(#[doc = #field_docs] #visibility #names: #parameters),*
            }
        })
    });
    sides.collect()
}

/// What makes records of these structs, and of the losses for each output those of the model.
pub(crate) fn record_impls(context: &mut Context<'_>) -> TokenStream {
    let root = context.root;
    let mut all = TokenStream::new();
    for side in [Side::In, Side::Out] {
        let Some(fields) = fields(context, side) else { continue };
        let (names, parameters): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        let record = side.record(context);
        all.extend(quote!(#root::__private::record! { #record { #(#names: #parameters),* } }));
        let Some(types) = value_types(context, side).filter(|_| side == Side::Out) else { continue };
        let heads = context.outputs.iter().map(|&layer| {
            let alias = &context.aliases[layer];
            if context.is_end(layer) {
                quote!(<#alias as Layer>::Head)
            } else {
                quote!(#root::layers::activation::Linear)
            }
        });
        let this = &context.this;
        let (of, labels): (Vec<_>, Vec<_>) = parameters
            .iter()
            .map(|parameter| (format_ident!("Of{parameter}"), format_ident!("{parameter}Label")))
            .unzip();
        all.extend(quote! {
            #root::__private::outputs! { #this, #record {
                #(#names: #of #labels = #heads, #types;)*
            } }
        });
    }
    all
}
