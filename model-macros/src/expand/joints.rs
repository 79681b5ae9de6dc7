//! Joints: one obligation each, flat, with a sentence of its own, for rustc to prove or to refuse.
//!
//! A joint is a local trait whose parameters are the sizes on both sides. It is implemented for equal sizes alone, so
//! an unequal pair is an unsatisfied bound, and `on_unimplemented` prints both numbers in decimal. The bound is stated
//! for the `Self` of a trait that nobody implements: there rustc has nothing to suggest, and `Self` is one token
//! that can carry the place of the size.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::Context;
use crate::check::Joint;
use crate::kinds::LayerType;

/// The traits in a module of their own, and the constants that state them.
pub(crate) fn joints(context: &mut Context<'_>) -> TokenStream {
    let module = context.joints.clone();
    let statement_trait = context.names.unique("Joints");
    let mut traits = TokenStream::new();
    let mut facts = TokenStream::new();
    let mut statements = TokenStream::new();
    for index in 0..context.model.layers.len() {
        if let LayerType::Written(_) = context.model.layers[index].layer_type {
            custom(context, index, &mut traits, &mut facts, &mut statements);
        }
    }
    let model = context.model;
    for joint in &model.joints {
        let layer = &model.layers[joint.taker];
        let name = context.aliases[joint.taker].clone();
        traits.extend(equation(
            &name,
            joint.takes.sizes.len(),
            &sentence(joint, &layer.text),
            "{GIVES} values arrive here",
        ));
        let takes: Vec<_> = joint.takes.sizes.iter().map(|size| context.names.size_argument(size)).collect();
        let conditions = conditions(context, joint);
        let gives: Vec<_> = joint
            .gives
            .sizes
            .iter()
            .zip(&takes)
            .map(|(size, takes)| match conditions.as_slice() {
                [] => context.names.size_argument(size),
                conditions => {
                    let gives = context.names.size_value(size);
                    quote!({ if #(#conditions)&&* { #gives } else { #takes } })
                }
            })
            .collect();
        statements.extend(statement(&module, &name, joint.takes.span_against(&joint.gives), &takes, &gives));
    }
    if traits.is_empty() {
        return TokenStream::new();
    }
    quote! {
        mod #module { #traits }
        #facts
        #[allow(dead_code, non_upper_case_globals)]
        trait #statement_trait { #statements }
    }
}

/// "`Dense(256 => 10)` takes 256 values, but `Dense(784 => 512)` before it gives 512"
fn sentence(joint: &Joint, taker: &str) -> String {
    let giver = escape(&joint.giver_text);
    let taker = escape(taker);
    match joint.takes.sizes.len() {
        1 => format!("`{taker}` takes {{TAKES}} values, but `{giver}` before it gives {{GIVES}}"),
        rank => {
            let (takes, gives) = (tuple("TAKES", rank), tuple("GIVES", rank));
            format!("`{taker}` takes {takes}, but `{giver}` before it gives {gives}")
        }
    }
}

/// What a path says of its type's shapes, against the type: how many sizes, and which.
fn custom(
    context: &mut Context<'_>,
    index: usize,
    traits: &mut TokenStream,
    facts: &mut TokenStream,
    statements: &mut TokenStream,
) {
    let (model, root, module) = (context.model, context.root, context.joints.clone());
    let layer = &model.layers[index];
    let alias = context.aliases[index].clone();
    let (kind, text) = (escape(&layer.kind), escape(&layer.text));
    let private = quote!(#root::__private);
    for (side, shape, verb) in [("Input", &layer.input, "takes"), ("Output", &layer.output, "gives")] {
        let side_type = Ident::new(side, Span::mixed_site());
        let actual = quote!(<#alias as #private::Layer>::#side_type);
        let rank = shape.sizes.len();
        let (rank_name, size_name) = (format_ident!("{alias}{side}Rank"), format_ident!("{alias}{side}"));
        let fact = context.fact(index, side);

        let sizes = if rank == 1 { "1 size" } else { "{TAKES} sizes" };
        let message = format!("`{text}`: {sizes} where `{kind}` {verb} {{GIVES}}");
        traits.extend(equation(&rank_name, 1, &message, &format!("`{kind}` {verb} {{GIVES}} sizes")));
        let written_rank = proc_macro2::Literal::usize_unsuffixed(rank);
        let actual_rank = quote!(#private::rank::<#actual>());
        statements.extend(statement(
            &module,
            &rank_name,
            shape.span,
            &[quote!(#written_rank)],
            &[quote!({ #actual_rank })],
        ));

        let (message, label) = match rank {
            1 => {
                (format!("`{text}`: `{kind}` {verb} {{GIVES}} values"), format!("`{kind}` {verb} {{GIVES}}"))
            }
            rank => (
                format!("`{text}`: `{kind}` {verb} {}", tuple("GIVES", rank)),
                format!("`{kind}` {verb} {}", tuple("GIVES", rank)),
            ),
        };
        traits.extend(equation(&size_name, rank, &message, &label));
        let written: Vec<_> = shape.sizes.iter().map(|size| context.names.size_argument(size)).collect();
        let values: Vec<_> = shape.sizes.iter().map(|size| context.names.size_value(size)).collect();
        let positions = (0..rank).map(proc_macro2::Literal::usize_unsuffixed);
        let actual_sizes: Vec<_> = positions
            .zip(&values)
            .map(|(position, value)| {
                quote!({ if #actual_rank == #written_rank { #private::size::<#actual>(#position) } else { #value } })
            })
            .collect();
        statements.extend(statement(&module, &size_name, shape.span, &written, &actual_sizes));
        facts.extend(quote! {
            const #fact: #private::bool = #private::has_sizes::<#actual>(&[#(#values),*]);
        });
    }
}

/// Joints hold vacuously where a path says something else than its type: that mistake has an error of its own.
fn conditions(context: &Context<'_>, joint: &Joint) -> Vec<TokenStream> {
    let is_written = |index: usize| matches!(context.model.layers[index].layer_type, LayerType::Written(_));
    let taker = is_written(joint.taker).then(|| context.fact(joint.taker, "Input"));
    let giver = joint.giver.filter(|&giver| is_written(giver));
    let giver = giver.map(|giver| context.fact(giver, "Output"));
    taker.into_iter().chain(giver).map(|fact| quote!(#fact)).collect()
}

/// The trait that holds between equal shapes.
fn equation(name: &Ident, rank: usize, message: &str, label: &str) -> TokenStream {
    let takes = parameters("TAKES", rank);
    let gives = parameters("GIVES", rank);
    let label =
        if rank == 1 { label.to_owned() } else { label.replace("{GIVES} values", &tuple("GIVES", rank)) };
    let doc = format!(" {}", message.replace("{{", "{").replace("}}", "}"));
    let equal: Vec<_> = (0..rank).map(|i| format_ident!("N{i}")).collect();
    quote! {
        #[doc = #doc]
        #[diagnostic::on_unimplemented(message = #message, label = #label)]
        pub trait #name<#(const #takes: usize,)* #(const #gives: usize,)*> {
            const HOLDS: () = ();
        }
        impl<Joint: ?Sized, #(const #equal: usize),*> #name<#(#equal,)* #(#equal,)*> for Joint {}
    }
}

/// The place where rustc proves the trait; `span` is what an error underlines.
fn statement(
    module: &Ident,
    name: &Ident,
    span: Span,
    takes: &[TokenStream],
    gives: &[TokenStream],
) -> TokenStream {
    let this = quote_spanned!(span=> Self);
    quote!(const #name: () = <#this as #module::#name<#(#takes,)* #(#gives,)*>>::HOLDS;)
}

fn parameters(name: &str, rank: usize) -> Vec<Ident> {
    match rank {
        1 => vec![Ident::new(name, Span::mixed_site())],
        rank => (0..rank).map(|i| format_ident!("{name}_{i}")).collect(),
    }
}

/// `({GIVES_0}, {GIVES_1})`
fn tuple(name: &str, rank: usize) -> String {
    let names: Vec<String> = parameters(name, rank).iter().map(|name| format!("{{{name}}}")).collect();
    format!("({})", names.join(", "))
}

/// Text inside a format string.
fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}
