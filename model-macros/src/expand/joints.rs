//! Joints: one obligation each, flat, with a sentence of its own, for rustc to prove or to refuse.
//!
//! A joint is a local trait whose parameters are the sizes on both sides. It is implemented for equal sizes alone, so
//! an unequal pair is an unsatisfied bound, and `on_unimplemented` prints both numbers in decimal. The bound is stated
//! for the `Self` of a trait that nobody implements: there rustc has nothing to suggest, and `Self` is one token
//! that can carry the place of the size.
//!
//! The same form says what a user's path must be: a size, a layer, a layer of the written shapes. Where one of these
//! is refused, the joints that stand on it hold vacuously, and a path that is no size or no layer becomes a type that
//! is an error already: so one mistake is one error.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::context::Context;
use super::names::NamedSize;
use crate::check::{Joint, MOST_NUMBERS, softmax_of_one_is};
use crate::kinds::{LARGEST_SIZE, LayerType, Types};
use crate::size::{Shape, Size};

/// The traits, in a module of their own where no name of the user's is seen, and what is stated with them.
#[derive(Default)]
struct Obligations {
    module: TokenStream,
    facts: TokenStream,
    statements: TokenStream,
}

pub(crate) fn joints(context: &mut Context<'_>) -> TokenStream {
    let mut obligations = Obligations::default();
    for index in 0..context.model.layers.len() {
        if let LayerType::Written(_) = context.model.layers[index].layer_type {
            obligations.layer(context, index);
        }
    }
    for joint in &context.model.joints {
        obligations.joint(context, joint);
    }
    for index in 0..context.model.layers.len() {
        obligations.requirements(context, index);
    }
    obligations.flattened_head(context);
    obligations.softmax_of_one(context);
    for size in context.names.named_sizes() {
        let ([is_size, fits], number) = (NamedSize::checks(&size.alias), &size.number);
        let is_positive = format_ident!("{number}_IS_POSITIVE");
        let is_small = format_ident!("{number}_IS_SMALL");
        obligations.facts.extend(quote! {
            const #is_positive: bool = #number > 0;
            const #is_small: bool = #number == 0 || is_size(#number);
        });
        let (text, span) = (&size.size.text, size.size.span);
        let message = format!(
            "`{text}` is not a size: a size is a positive number, a positive constant of type `usize` or a positive typenum type"
        );
        obligations.truth(context, &is_size, span, &is_positive, &message, "not a size");
        let message = format!("`{text}` is too large: a size is at most {LARGEST_SIZE}");
        obligations.truth(context, &fits, span, &is_small, &message, "too large");
    }
    if context.counts_numbers() {
        obligations.numbers(context);
    }
    let Obligations { module, facts, statements } = obligations;
    if module.is_empty() {
        return TokenStream::new();
    }
    let name = &context.joints;
    let [statement_trait, stated] = &context.stated;
    quote! {
        mod #name { #module }
        #facts
        #[allow(dead_code, non_upper_case_globals)]
        trait #statement_trait { #statements }
        struct #stated;
        impl #statement_trait for #stated {}
    }
}

impl Obligations {
    /// "`Dense(256 => 10)` takes 256 values, but `Dense(784 => 512)` before it gives 512"
    fn joint(&mut self, context: &mut Context<'_>, joint: &Joint) {
        let name = context.aliases[joint.taker].clone();
        let taker = &context.model.layers[joint.taker];
        let mut conditions = context.names.facts(&joint.takes);
        conditions.extend(context.names.facts(&joint.gives));
        if is_path(context, joint.taker) {
            let fact = context.fact(joint.taker, "INPUT_HOLDS");
            conditions.push(quote!(#fact));
        }
        if let Some(giver) = joint.giver.filter(|&giver| is_path(context, giver)) {
            let fact = context.fact(giver, "OUTPUT_HOLDS");
            conditions.push(quote!(#fact));
        }
        if let Some(message) = &joint.different_ranks {
            let mistaken = context.fact(joint.taker, "RANK_HOLDS");
            self.facts.extend(quote!(const #mistaken: bool = !(#(#conditions)&&*);));
            self.truth(context, &name, joint.takes.span, &mistaken, message, "another shape arrives here");
            return;
        }
        let (takes, gives) = (amount("TAKES", &joint.takes), tuple("GIVES", joint.gives.sizes.len()));
        let message = format!(
            "`{}` takes {takes}, but `{}` before it gives {gives}",
            escape(&taker.text),
            escape(&joint.giver_text)
        );
        let arrive = if is_one(&joint.gives) { "arrives" } else { "arrive" };
        let label = format!("{} {arrive} here", amount("GIVES", &joint.gives));
        self.equation(context.root, &name, joint.takes.sizes.len(), &message, &label);

        let gives: Vec<_> = joint.gives.sizes.iter().map(|size| context.names.size_value(size)).collect();
        let takes_span = joint.takes.span_against(&joint.gives);
        self.state(context, &name, takes_span, &joint.takes, &gives, &conditions);
    }

    /// What a path says, against its type: that it is a layer, how many sizes its shapes have, and which.
    fn layer(&mut self, context: &mut Context<'_>, index: usize) {
        let layer = &context.model.layers[index];
        let alias = context.aliases[index].clone();
        let (kind, text) = (escape(&layer.kind), escape(&layer.text));
        let LayerType::Written(path) = &layer.layer_type else { return };
        let fact = context.fact(index, "IS_LAYER");
        let message =
            format!("`{}` is not a layer: a layer is a type that implements `Layer`, or a `model!`", path);
        self.truth(
            context,
            &format_ident!("{alias}IsLayer"),
            path.last().span(),
            &fact,
            &message,
            "not a layer",
        );
        let runs = context.fact(index, "RUNS");
        let message =
            format!("`{path}` is a layer that does not say how it runs: implement `Run` for it too");
        self.truth(
            context,
            &format_ident!("{alias}Runs"),
            path.last().span(),
            &runs,
            &message,
            "does not run",
        );

        for (side, shape, verb) in [("Input", &layer.input, "takes"), ("Output", &layer.output, "gives")] {
            let side_type = Ident::new(side, Span::mixed_site());
            let actual = quote!(<#alias as Layer>::#side_type);
            let rank = shape.sizes.len();
            let written_rank = Literal::usize_unsuffixed(rank);
            let conditions = context.names.facts(shape);

            let name = format_ident!("{alias}{side}Rank");
            let sizes = if rank == 1 { "1 size".to_owned() } else { format!("{rank} sizes") };
            let message = format!("`{text}`: {sizes} where `{kind}` {verb} {{GIVES}}");
            self.equation(context.root, &name, 1, &message, &format!("`{kind}` {verb} {{GIVES}}"));
            let one = Shape::of(Size::Literal { value: rank as u64, span: shape.span });
            self.state(context, &name, shape.span, &one, &[quote!(rank::<#actual>())], &[]);

            let name = format_ident!("{alias}{side}");
            let gives = tuple("GIVES", rank);
            let values = if rank == 1 { " values" } else { "" };
            let message = format!("`{text}`: `{kind}` {verb} {gives}{values}");
            self.equation(context.root, &name, rank, &message, &format!("`{kind}` {verb} {gives}"));
            let has_rank = context.fact(index, &format!("{}_RANK_HOLDS", side.to_uppercase()));
            let actual_sizes: Vec<_> = (0..rank)
                .map(|position| {
                    let position = Literal::usize_unsuffixed(position);
                    quote!(size::<#actual>(#position))
                })
                .collect();
            let conditions: Vec<_> = [quote!(#has_rank)].into_iter().chain(conditions).collect();
            self.state(context, &name, shape.span, shape, &actual_sizes, &conditions);

            let holds = context.fact(index, &format!("{}_HOLDS", side.to_uppercase()));
            let values: Vec<_> = shape.sizes.iter().map(|size| context.names.size_value(size)).collect();
            self.facts.extend(quote! {
                const #has_rank: bool = rank::<#actual>() == #written_rank;
                const #holds: bool = has_sizes::<#actual>(&[#(#values),*]);
            });
        }
    }

    /// A new shape behind the last step hands its activation on, which is right unless that one works row by row.
    fn flattened_head(&mut self, context: &Context<'_>) {
        let last = context.last();
        let behind = context.model.layers.iter().enumerate().skip(last + 1);
        let Some((index, flatten)) = behind.into_iter().find(|(_, layer)| layer.input.sizes.len() > 1) else {
            return;
        };
        let LayerType::BuiltIn(_) = &flatten.layer_type else { return };
        let (alias, head) = (&context.aliases[last], &context.model.layers[last].text);
        let kind = &flatten.kind;
        let fact = context.fact(index, "KEEPS_HEAD");
        self.facts.extend(quote!(const #fact: bool = !is_rowwise::<#alias>();));
        let message = format!("`{kind}` behind `{head}`, whose softmax is over rows: put `{kind}` before it");
        self.truth(
            context,
            &context.aliases[index],
            flatten.span,
            &fact,
            &message,
            "flattens rows of shares",
        );
    }

    /// A model has no more numbers than a machine can hold, which the macro sees only where all sizes are literals.
    fn numbers(&mut self, context: &mut Context<'_>) {
        let layers = context.model.layers.iter().map(|layer| {
            let mut sizes = |sizes: &[Size]| -> Vec<_> {
                sizes.iter().map(|size| context.names.size_value(size)).collect()
            };
            let shapes = [sizes(&layer.input.sizes), sizes(&layer.output.sizes)];
            let weight = Some(sizes(&layer.weight)).filter(|weight| !weight.is_empty());
            let parts = shapes.into_iter().chain(weight).map(|sizes| quote!(&[#(#sizes),*]));
            quote!(numbers(&[#(#parts),*]))
        });
        let layers: Vec<_> = layers.collect();
        let fact = format_ident!("NUMBERS_FIT");
        // A size that is none, or too large, is a mistake of its own.
        let sizes = context.names.named_sizes().map(|size| &size.fact);
        let sum_fits = quote!(is_sum_at_most(&[#(#layers),*], #MOST_NUMBERS));
        self.facts.extend(quote!(const #fact: bool = !(true #(&& #sizes)*) || #sum_fits;));
        let name = &context.model.written.name;
        let message = format!("`{name}` has more than {MOST_NUMBERS} numbers, the most there may be");
        self.truth(context, &format_ident!("NumbersFit"), name.span(), &fact, &message, "too large");
    }

    /// A softmax is of more than one value, also where a size is a type or the layer a user's.
    fn softmax_of_one(&mut self, context: &Context<'_>) {
        for (index, layer) in context.model.layers.iter().enumerate() {
            let is_literal = layer.output.sizes.last().is_some_and(|size| size.literal().is_some());
            let (span, message) = match (&layer.softmax, &layer.layer_type) {
                (_, LayerType::Unknown) => continue,
                (Some(name), _) if !is_literal => (name.span(), softmax_of_one_is(&name.to_string())),
                (None, LayerType::Written(path)) => (
                    path.last().span(),
                    format!("`{}` ends with a softmax of one value, which is always the same", layer.text),
                ),
                _ => continue,
            };
            let (alias, fact) = (&context.aliases[index], context.fact(index, "HAS_CHOICE"));
            self.facts.extend(quote!(const #fact: bool = !is_softmax_of_one::<#alias>();));
            let name = format_ident!("{alias}HasChoice");
            self.truth(context, &name, span, &fact, &message, "one value arrives here");
        }
    }

    /// What a layer needs of sizes that are not all literals.
    fn requirements(&mut self, context: &mut Context<'_>, layer: usize) {
        for (number, requirement) in context.model.layers[layer].requirements.iter().enumerate() {
            let (name, fact) = (
                context.requirement(layer, number),
                context.fact(layer, &format!("REQUIRES_{}", number + 1)),
            );
            // Where a size is none, an error says so already.
            let sizes = context.names.facts_of(&requirement.arguments);
            let holds = context.names.call(requirement.condition, &requirement.arguments);
            // What is second is no mistake of its own where what it belongs to does not hold.
            let all = &context.model.layers[layer].requirements[..=number];
            let first = all.iter().rposition(|requirement| !requirement.is_second).unwrap_or(number);
            let before =
                (first..number).map(|before| context.fact(layer, &format!("REQUIRES_{}", before + 1)));
            let sizes = sizes.into_iter().chain(before.map(|before| quote!(#before)));
            self.facts.extend(quote!(const #fact: bool = !(true #(&& #sizes)*) || #holds;));
            let shown = requirement.shown.iter().enumerate().filter(|(_, size)| size.literal().is_none());
            let (shown, values): (Vec<_>, Vec<_>) = shown
                .map(|(i, size)| {
                    let value = context.names.size_value(size);
                    let name = format_ident!("SIZE_{i}", span = Span::mixed_site());
                    (quote!(#name), quote!({ #value }))
                })
                .unzip();
            let text = |text: &str| {
                let placeholder = |i: usize| format!("\0SIZE_{i}\u{1}");
                let text = escape(&requirement.fill(text, |i, _| placeholder(i)));
                text.replace('\0', "{").replace('\u{1}', "}")
            };
            let (message, label) = (text(&requirement.message), text(&requirement.label));
            self.truth_of(context, &name, requirement.span, &fact, [&message, &label], [&shown, &values]);
        }
    }

    /// The trait that holds between equal shapes.
    fn equation(&mut self, root: &TokenStream, name: &Ident, rank: usize, message: &str, label: &str) {
        let (takes, gives) = (parameters("TAKES", rank), parameters("GIVES", rank));
        let equal: Vec<_> = (0..rank).map(|i| format_ident!("N{i}")).collect();
        self.module.extend(quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label)]
            pub trait #name<#(const #takes: usize,)* #(const #gives: usize),*> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?#root::__private::Sized, #(const #equal: usize),*> #name<#(#equal,)* #(#equal),*> for Joint {}
        });
    }

    /// The place where rustc proves an equation; `span` is what an error underlines. Where a condition fails, an error
    /// says so already, and the equation holds by `takes = takes`.
    fn state(
        &mut self,
        context: &mut Context<'_>,
        name: &Ident,
        span: Span,
        takes: &Shape,
        gives: &[TokenStream],
        conditions: &[TokenStream],
    ) {
        let module = &context.joints.clone();
        let this = quote_spanned!(span=> Self);
        let (arguments, values): (Vec<_>, Vec<_>) = takes
            .sizes
            .iter()
            .map(|size| (context.names.number(size), context.names.size_value(size)))
            .unzip();
        let gives = gives.iter().zip(values).map(|(gives, takes)| match conditions {
            [] => quote!({ #gives }),
            conditions => quote!({ if #(#conditions)&&* { #gives } else { #takes } }),
        });
        self.statements.extend(quote! {
            const #name: usize = <#this as #module::#name<#(#arguments,)* #(#gives),*>>::HOLDS;
        });
    }

    /// That a fact is true.
    fn truth(
        &mut self,
        context: &Context<'_>,
        name: &Ident,
        span: Span,
        fact: &Ident,
        message: &str,
        label: &str,
    ) {
        self.truth_of(context, name, span, fact, [&escape(message), label], [&[], &[]]);
    }

    /// That a fact is true, with sizes that the message shows under their names.
    fn truth_of(
        &mut self,
        context: &Context<'_>,
        name: &Ident,
        span: Span,
        fact: &Ident,
        [message, label]: [&str; 2],
        [shown, values]: [&[TokenStream]; 2],
    ) {
        let (root, module) = (context.root, &context.joints);
        let this = quote_spanned!(span=> Self);
        self.module.extend(quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label)]
            pub trait #name<const IS: bool #(, const #shown: usize)*> {
                const HOLDS: usize = 0;
            }
            impl<Joint: ?#root::__private::Sized #(, const #shown: usize)*> #name<true #(, #shown)*> for Joint {}
        });
        self.statements
            .extend(quote!(const #name: usize = <#this as #module::#name<#fact #(, #values)*>>::HOLDS;));
    }
}

fn is_path(context: &Context<'_>, layer: usize) -> bool {
    matches!(context.model.layers[layer].layer_type, LayerType::Written(_))
}

fn is_one(shape: &Shape) -> bool {
    matches!(shape.sizes.as_slice(), [size] if size.literal() == Some(1))
}

/// "{TAKES} values", or "({TAKES_0}, {TAKES_1})"
fn amount(name: &str, shape: &Shape) -> String {
    let sizes = tuple(name, shape.sizes.len());
    match shape.sizes.len() {
        1 if is_one(shape) => format!("{sizes} value"),
        1 => format!("{sizes} values"),
        _ => sizes,
    }
}

/// "{GIVES}", or "({GIVES_0}, {GIVES_1})"
fn tuple(name: &str, rank: usize) -> String {
    let names: Vec<String> = parameters(name, rank).iter().map(|name| format!("{{{name}}}")).collect();
    if rank == 1 { names.concat() } else { format!("({})", names.join(", ")) }
}

fn parameters(name: &str, rank: usize) -> Vec<Ident> {
    match rank {
        1 => vec![Ident::new(name, Span::mixed_site())],
        rank => (0..rank).map(|i| format_ident!("{name}_{i}", span = Span::mixed_site())).collect(),
    }
}

/// Text inside a format string.
fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}
