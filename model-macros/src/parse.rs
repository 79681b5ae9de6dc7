//! Tokens to a tree. Judges nothing but the grammar, and goes on behind a mistake with the next layer or argument.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Lit, Result, Token, Visibility, bracketed, parenthesized, token};

use crate::ast::{
    Argument, Block, Branch, Item, Layer, List, Model, Outputs, Parameter, Path, Source, Value,
};
use crate::report::Report;
use crate::vocabulary::Words;

/// `{ $crate; model }` and the lists of words. `None` if not even the model's name can be read.
pub(crate) fn invocation(input: TokenStream, report: &mut Report) -> Option<Model> {
    let (input, words) = Words::split(input).map_err(|error| report.push(error)).ok()?;
    let mut tokens = input.into_iter();
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let root: TokenStream = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    let declaration: TokenStream = tokens.collect();
    let idents = idents(declaration.clone());
    let parser = |input: ParseStream<'_>| model(input, root, words, idents, report);
    match parser.parse2(declaration) {
        Ok(model) => Some(model),
        Err(error) => {
            report.push(error);
            None
        }
    }
}

fn idents(tokens: TokenStream) -> HashSet<String> {
    fn collect(tokens: TokenStream, into: &mut HashSet<String>) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => drop(into.insert(ident.to_string())),
                TokenTree::Group(group) => collect(group.stream(), into),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut all = HashSet::new();
    collect(tokens, &mut all);
    all
}

/// What stands before a list: `attributes visibility Name [ '(' parameter, … ')' ]`.
struct Head {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    parameters: Option<(Vec<Parameter>, Span)>,
}

fn model(
    input: ParseStream<'_>,
    root: TokenStream,
    words: Words,
    idents: HashSet<String>,
    report: &mut Report,
) -> Result<Model> {
    let mut blocks = Vec::new();
    let (head, list) = loop {
        let head = head(input, report)?;
        let list = list_behind(input, &head.name, report)?;
        match head.parameters {
            Some((parameters, _)) if !input.is_empty() => {
                if !matches!(head.visibility, Visibility::Inherited) {
                    let message = "a block is seen in its own `model!` alone: it has no visibility";
                    report.error(head.visibility.span(), message);
                }
                let Head { attributes, name, .. } = head;
                blocks.push(Block { attributes, name, parameters, list });
            }
            _ => break (head, list),
        }
    };
    if let Some((_, span)) = &head.parameters {
        let message = "a model has no parameters: blocks have, and stand before the model";
        report.error(*span, message);
    }
    if !input.is_empty() {
        report.error(input.span(), "the model ends with `>`: write one `model!` for each model");
        input.parse::<TokenStream>()?;
    }
    let Head { attributes, visibility, name, .. } = head;
    Ok(Model { root, words, idents, blocks, attributes, visibility, name, list })
}

fn head(input: ParseStream<'_>, report: &mut Report) -> Result<Head> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    if input.peek(Token![struct]) {
        report.error(input.span(), "`model!` writes `struct` itself: start with the model's name");
        input.parse::<Token![struct]>()?;
    }
    if input.is_empty() {
        let example = "expected a model: `pub Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) >`";
        return Err(Error::new(input.span(), example));
    }
    let name: Ident = input
        .parse()
        .map_err(|error| Error::new(error.span(), "expected the model's name, such as `Mlp`"))?;
    let parameters = if input.peek(token::Paren) {
        let content;
        let span = parenthesized!(content in input).span.join();
        Some((parameters(&content, report)?, span))
    } else {
        None
    };
    Ok(Head { attributes, visibility, name, parameters })
}

fn parameters(input: ParseStream<'_>, report: &mut Report) -> Result<Vec<Parameter>> {
    let mut parameters = Vec::new();
    while !input.is_empty() {
        match parameter(input) {
            Ok(parameter) => parameters.push(parameter),
            Err(error) => {
                report.push(error);
                skip_to_comma(input, End::Parentheses)?;
            }
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if !input.is_empty() {
            report.error(input.span(), "expected `,` between parameters");
            input.parse::<TokenStream>()?;
        }
    }
    Ok(parameters)
}

fn parameter(input: ParseStream<'_>) -> Result<Parameter> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected a parameter: `channels` or `stride = 1`"));
    }
    let name = input.call(Ident::parse_any)?;
    let default = match input.parse::<Option<Token![=]>>()? {
        Some(_) => Some(option_value(input)?),
        None => None,
    };
    Ok(Parameter { name, default })
}

/// The list of a model or a block.
fn list_behind(input: ParseStream<'_>, name: &Ident, report: &mut Report) -> Result<List> {
    let mut items = List::default();
    if !input.peek(Token![<]) {
        let span = if input.is_empty() { name.span() } else { input.span() };
        report.error(span, format!("expected `<` and the layers: `{name} < Dense(784 => 10) >`"));
        items.incomplete = true;
        input.parse::<TokenStream>()?;
        return Ok(items);
    }
    list(input, name, &mut items, report)?;
    if input.peek(Token![<]) {
        let span = items.items.first().map_or(name.span(), |item| item.layer.span());
        report.error(span, "a model has no generic parameters: its layers are its only list");
        items = List::default();
        list(input, name, &mut items, report)?;
    }
    Ok(items)
}

fn list(input: ParseStream<'_>, name: &Ident, list: &mut List, report: &mut Report) -> Result<()> {
    input.parse::<Token![<]>()?;
    items(input, End::List, list, report)?;
    if input.is_empty() {
        let span = list.items.last().map_or(name.span(), |item| item.layer.arguments_span);
        report.error(span, "the list of layers ends with `>`, which is missing");
        return Ok(());
    }
    input.parse::<Token![>]>().map(drop)
}

/// What ends a list of items.
#[derive(Clone, Copy)]
enum End {
    /// `>`
    List,
    /// `|`
    Branch,
    /// Of the parentheses alone.
    Parentheses,
}

impl End {
    fn is_here(self, input: ParseStream<'_>) -> bool {
        match self {
            Self::List => input.peek(Token![>]),
            Self::Branch => input.peek(Token![|]),
            Self::Parentheses => false,
        }
    }
}

/// Items up to the end of the list.
fn items(input: ParseStream<'_>, end: End, list: &mut List, report: &mut Report) -> Result<()> {
    while !input.is_empty() && !end.is_here(input) {
        if input.peek(Token![,]) {
            report.error(input.span(), "expected a layer before `,`");
            input.parse::<Token![,]>()?;
            continue;
        }
        if let Err(error) = item_or_outputs(input, end, list, report) {
            report.push(error);
            list.incomplete = true;
            skip_to_comma(input, end)?;
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if !input.is_empty() && !end.is_here(input) {
            if input.peek(Token![*]) {
                report.error(input.span(), "a repetition stands before its layer: `6 * Encoder(128)`");
            } else {
                report.error(input.span(), "expected `,` between layers");
            }
            if input.peek(Token![->]) || input.peek(Token![=>]) {
                arrow(input)?;
            } else if !input.peek(syn::Ident) && !input.peek(Token![::]) {
                skip_to_comma(input, end)?;
                input.parse::<Option<Token![,]>>()?;
            }
        }
    }
    Ok(())
}

fn item_or_outputs(input: ParseStream<'_>, end: End, list: &mut List, report: &mut Report) -> Result<()> {
    if input.peek(token::Paren) && input.peek2(Token![=>]) {
        input.parse::<TokenTree>()?;
        return Err(input.error("what a layer takes stands before `->`: `(seen, read) -> Concat`"));
    }
    if !input.peek(token::Paren) || input.peek2(Token![->]) {
        let item = item(input, report)?;
        if let Some(outputs) = list.outputs.take() {
            report.error(outputs.span, "the outputs come last, behind every layer");
            list.incomplete = true;
        }
        list.items.push(item);
        return Ok(());
    }
    let content;
    let span = parenthesized!(content in input).span.join();
    let names = separated(&content, Ident::parse_any).map_err(|error| {
        Error::new(error.span(), "outputs are names of values, at the end: `(class, price)`")
    })?;
    match end {
        End::Branch | End::Parentheses => {
            report.error(span, "a branch gives one value, its last: outputs belong to the model")
        }
        End::List if list.outputs.is_some() => {
            report.error(span, "the outputs are one list, at the end");
        }
        End::List => list.outputs = Some(Outputs { names, span }),
    }
    Ok(())
}

fn item(input: ParseStream<'_>, report: &mut Report) -> Result<Item> {
    let attributes = input.call(Attribute::parse_outer)?;
    if input.peek(Token![_]) && input.peek2(Token![:]) {
        return Err(input.error("`_` is no name: leave it out and the layer has one"));
    }
    let mut name = item_name(input)?;
    let sources = sources(input)?;
    if let Some(late) = item_name(input)? {
        report.error(late.span(), format!("a name stands first: `{late}: seen -> …`"));
        name.get_or_insert(late);
    }
    let count = count(input)?;
    let layer = layer(input, attributes, name, report)?;
    let mut item = Item { sources, count, layer, branches: None };
    if input.peek(token::Bracket) && are_branches(&input.fork()) {
        let content;
        let brackets = bracketed!(content in input);
        item.branches = Some(branches(&content, brackets.span.join(), &mut item.layer, report)?);
    } else if input.peek(token::Brace) || input.peek(token::Bracket) {
        let kind = item.layer.kind();
        report.error(input.span(), format!("arguments stand in parentheses: `{kind}(…)`"));
        input.parse::<TokenTree>()?;
        item.layer.incomplete = true;
    }
    Ok(item)
}

/// `name ':'`, if it stands here.
fn item_name(input: ParseStream<'_>) -> Result<Option<Ident>> {
    if !input.peek(Ident::peek_any) || !input.peek2(Token![:]) || input.peek2(Token![::]) {
        return Ok(None);
    }
    let name = input.call(Ident::parse_any)?;
    input.parse::<Token![:]>()?;
    Ok(Some(name))
}

/// `source '->'`, if it stands here.
fn sources(input: ParseStream<'_>) -> Result<Option<Vec<Source>>> {
    // Values have small letters: `Flatten -> Dense(4 => 3)` has a wrong separator.
    let is_value = |name: &Ident| !name.to_string().starts_with(char::is_uppercase);
    let is_name = input.peek(Ident::peek_any) && (input.peek2(Token![->]) || input.peek2(Token![.]));
    let is_source = input.peek(Token![_]) && input.peek2(Token![->])
        || is_name && input.fork().call(Ident::parse_any).is_ok_and(|name| is_value(&name));
    let sources = if is_source {
        vec![source(input)?]
    } else if input.peek(token::Paren) && input.peek2(Token![->]) {
        let content;
        let span = parenthesized!(content in input).span.join();
        if content.is_empty() {
            return Err(Error::new(
                span,
                "expected the values that the layer takes: `(seen, read) -> Concat`",
            ));
        }
        separated(&content, source)?
    } else {
        return Ok(None);
    };
    if !input.peek(Token![->]) {
        return Err(input.error("expected `->` behind the value that the layer takes"));
    }
    arrow(input)?;
    Ok(Some(sources))
}

fn source(input: ParseStream<'_>) -> Result<Source> {
    let span = input.span();
    if input.parse::<Option<Token![_]>>()?.is_some() {
        return Ok(Source::Arriving(span));
    }
    let expected = |span| Error::new(span, "expected the name of a value, or `_` for what arrives");
    let name = input.call(Ident::parse_any).map_err(|error| expected(error.span()))?;
    let mut parts = Vec::new();
    while input.parse::<Option<Token![.]>>()?.is_some() {
        let part = input.call(Ident::parse_any);
        parts.push(part.map_err(|error| Error::new(error.span(), "expected the part's name behind `.`"))?);
    }
    Ok(Source::Named { name, parts })
}

/// `count '*'`, if it stands here.
fn count(input: ParseStream<'_>) -> Result<Option<Value>> {
    let is_negative = input.peek(Token![-]) && input.peek2(Lit) && input.peek3(Token![*]);
    let is_value = input.peek(Lit) || input.peek(Ident::peek_any) || input.peek(token::Brace);
    let is_count = is_negative || is_value && input.peek2(Token![*]);
    if !is_count {
        return Ok(None);
    }
    let count = value(input)?;
    input.parse::<Token![*]>()?;
    Ok(Some(count))
}

/// Whether brackets hold branches, and not arguments that belong into parentheses.
fn are_branches(input: ParseStream<'_>) -> bool {
    let is_argument = |content: ParseStream<'_>| {
        let is_number = content.peek(Lit) && !content.peek2(Token![*]);
        let mut has_arrow = false;
        while !content.is_empty() {
            has_arrow |= content.peek(Token![=>]);
            content.parse::<TokenTree>()?;
        }
        Ok(is_number || has_arrow)
    };
    let group: Result<proc_macro2::Group> = input.parse();
    group.is_ok_and(|group| !is_argument.parse2(group.stream()).unwrap_or(true))
}

fn branches(
    input: ParseStream<'_>,
    span: Span,
    layer: &mut Layer,
    report: &mut Report,
) -> Result<Vec<Branch>> {
    let mut branches = Vec::new();
    loop {
        let start = input.span();
        let ends = |input: ParseStream<'_>| input.is_empty() || input.peek(Token![|]);
        if input.peek(Token![_]) && !input.peek2(Token![->]) {
            input.parse::<Token![_]>()?;
            if !ends(input) {
                let message = "`_` is a branch by itself: the value as it arrives";
                report.error(start, message);
                input.parse::<Option<Token![,]>>()?;
                items(input, End::Branch, &mut List::default(), report)?;
                layer.incomplete = true;
            }
            branches.push(Branch::Arriving(start));
        } else if ends(input) && !(input.is_empty() && branches.is_empty()) {
            let place = if input.is_empty() { span } else { start };
            report.error(place, "an empty branch: `_` is the value as it arrives");
            branches.push(Branch::Arriving(start));
        } else {
            let mut list = List::default();
            items(input, End::Branch, &mut list, report)?;
            branches.push(Branch::List(list));
        }
        if input.is_empty() {
            break;
        }
        input.parse::<Token![|]>()?;
    }
    if branches.len() == 1 && !layer.incomplete {
        layer.incomplete = true;
        let kind = layer.kind();
        report.error(span, format!("a join has two branches or more: `{kind}[ _ | Dense(64 => 64) ]`"));
    }
    Ok(branches)
}

fn layer(
    input: ParseStream<'_>,
    attributes: Vec<Attribute>,
    name: Option<Ident>,
    report: &mut Report,
) -> Result<Layer> {
    if !input.peek(Ident::peek_any) && !input.peek(Token![::]) {
        return Err(Error::new(input.span(), "expected a layer, such as `Dense(784 => 512, relu)`"));
    }
    let path = path(input)?;
    let span = path.last().span();
    let mut layer =
        Layer { attributes, name, path, arguments: None, arguments_span: span, incomplete: false };
    if input.peek(token::Paren) {
        let content;
        layer.arguments_span = parenthesized!(content in input).span.join();
        layer.arguments = Some(Vec::new());
        arguments(&content, &mut layer, report)?;
    }
    Ok(layer)
}

fn arguments(input: ParseStream<'_>, layer: &mut Layer, report: &mut Report) -> Result<()> {
    while !input.is_empty() {
        if input.peek(Token![,]) {
            report.error(input.span(), "expected an argument before `,`");
            input.parse::<Token![,]>()?;
            continue;
        }
        let read = argument(input, report);
        let missing = match &read {
            Ok(Argument::Value(Value::Literal(Lit::Int(_)) | Value::Tuple { .. })) if input.peek(Lit) => {
                "expected `=>` between what arrives and what leaves, or `,` between arguments"
            }
            _ => "expected `,` between arguments",
        };
        match read {
            Ok(argument) => layer.arguments.get_or_insert_default().push(argument),
            Err(error) => {
                report.push(error);
                layer.incomplete = true;
                skip_to_comma(input, End::Parentheses)?;
            }
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if input.peek(Token![|]) {
            let message = format!(
                "the branches of a join stand in brackets: `{}[ _ | Dense(64 => 64) ]`",
                layer.kind()
            );
            report.error(input.span(), message);
            input.parse::<TokenStream>()?;
            layer.arguments = None;
            layer.incomplete = true;
        } else if !input.is_empty() {
            layer.incomplete = true;
            if input.peek(Token![+])
                || input.peek(Token![-])
                || input.peek(Token![*])
                || input.peek(Token![/])
            {
                report.error(input.span(), "a size is one number or one name: write the result, or the calculation in braces, as in `{ 28 * 28 }`");
                skip_to_comma(input, End::Parentheses)?;
                input.parse::<Option<Token![,]>>()?;
            } else {
                report.error(input.span(), missing);
                if !input.peek(Lit) && !input.peek(Ident::peek_any) && !input.peek(token::Paren) {
                    skip_to_comma(input, End::Parentheses)?;
                    input.parse::<Option<Token![,]>>()?;
                }
            }
        }
    }
    Ok(())
}

fn argument(input: ParseStream<'_>, report: &mut Report) -> Result<Argument> {
    let is_option = input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![=>]);
    if is_option && !input.peek2(Token![==]) {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(name.span(), format!("expected a value: `{name} = …`")));
        }
        return Ok(Argument::Option { name, value: option_value(input)? });
    }
    let first = value(input)?;
    if input.peek(Token![=>]) {
        let span = input.span();
        arrow(input)?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(span, format!("expected what leaves the layer: `{first} => 10`")));
        }
    } else if input.peek(Token![->]) {
        report.error(input.span(), "between what arrives and what leaves stands `=>`");
        arrow(input)?;
    } else if input.peek(Token![=]) {
        report.error(input.span(), "between what arrives and what leaves stands `=>`");
        input.parse::<Token![=]>()?;
    } else {
        return Ok(Argument::Value(first));
    }
    Ok(Argument::Shapes { input: first, output: value(input)? })
}

fn value(input: ParseStream<'_>) -> Result<Value> {
    let span = input.span();
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
        Ok(Value::Arriving(span))
    } else if input.peek(Token![..]) {
        input.parse::<Token![..]>()?;
        Ok(Value::UpTo { steps: Box::new(value(input)?), span })
    } else if input.peek(Token![-]) && input.peek2(Lit) {
        input.parse::<Token![-]>()?;
        let literal: Lit = input.parse()?;
        Ok(Value::Negative { span: literal.span(), literal })
    } else if input.peek(Lit) {
        Ok(Value::Literal(input.parse()?))
    } else if input.peek(token::Paren) {
        let content;
        let span = parenthesized!(content in input).span.join();
        Ok(Value::Tuple { items: separated(&content, value)?, span })
    } else if input.peek(token::Brace) {
        let block: proc_macro2::Group = input.parse()?;
        if block.stream().is_empty() {
            return Err(Error::new(span, "expected a constant in the braces: `{ 2 * HIDDEN }`"));
        }
        Ok(Value::Block { span: block.span(), tokens: block.into_token_stream() })
    } else if input.peek(Ident::peek_any) || input.peek(Token![::]) {
        Ok(Value::Path(path(input)?))
    } else {
        Err(Error::new(span, "expected a size, a shape such as `(28, 28)`, an activation or an option"))
    }
}

/// A value, or a name with values in parentheses, each with or without a name of its own.
fn option_value(input: ParseStream<'_>) -> Result<Value> {
    match value(input)? {
        Value::Path(name) if input.peek(token::Paren) => {
            let content;
            parenthesized!(content in input);
            Ok(Value::Call { name, items: separated(&content, call_item)? })
        }
        value => Ok(value),
    }
}

fn call_item(input: ParseStream<'_>) -> Result<Value> {
    if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        return Ok(Value::Named { name, value: Box::new(value(input)?) });
    }
    value(input)
}

/// A path with generic arguments, but never with the parentheses of `Fn(A)`: those are the layer's arguments.
fn path(input: ParseStream<'_>) -> Result<Path> {
    let mut tokens = TokenStream::new();
    let mut names = Vec::new();
    let mut bare = true;
    if input.peek(Token![::]) {
        bare = false;
        input.parse::<Token![::]>()?.to_tokens(&mut tokens);
    }
    loop {
        let name = input.call(Ident::parse_any)?;
        name.to_tokens(&mut tokens);
        names.push(name);
        let is_generic = input.peek(Token![<]) || (input.peek(Token![::]) && input.peek3(Token![<]));
        if is_generic {
            bare = false;
            let arguments: syn::AngleBracketedGenericArguments = input.parse()?;
            arguments.to_tokens(&mut tokens);
        }
        if !input.peek(Token![::]) {
            return Ok(Path { tokens, names, bare });
        }
        bare = false;
        input.parse::<Token![::]>()?.to_tokens(&mut tokens);
    }
}

/// What stands in parentheses, between commas. The rest behind a mistake is dropped, or it would be another one.
fn separated<T>(content: ParseStream<'_>, item: fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
    match content.parse_terminated(item, Token![,]) {
        Ok(items) => Ok(items.into_iter().collect()),
        Err(error) => {
            content.parse::<TokenStream>()?;
            Err(error)
        }
    }
}

/// `=>` or `->`.
fn arrow(input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![=>]) {
        <Token![=>]>::parse(input).map(drop)
    } else {
        <Token![->]>::parse(input).map(drop)
    }
}

/// Drops tokens up to the next `,` or the end of the list.
fn skip_to_comma(input: ParseStream<'_>, end: End) -> Result<()> {
    let mut depth = 0_u32;
    while !input.is_empty() {
        if input.peek(Token![=>]) || input.peek(Token![->]) {
            arrow(input)?;
            continue;
        }
        if depth == 0 && (input.peek(Token![,]) || end.is_here(input)) {
            break;
        }
        if input.peek(Token![<]) {
            depth += 1;
        } else if input.peek(Token![>]) {
            depth = depth.saturating_sub(1);
        }
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
