//! Tokens to a tree. Judges nothing but the grammar, and goes on behind a mistake with the next layer or argument.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Lit, Result, Token, Visibility, parenthesized, token};

use crate::ast::{Argument, Layer, Model, Path, Value};
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

fn model(
    input: ParseStream<'_>,
    root: TokenStream,
    words: Words,
    idents: HashSet<String>,
    report: &mut Report,
) -> Result<Model> {
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
    let mut model =
        Model { root, words, idents, attributes, visibility, name, layers: Vec::new(), incomplete: false };
    if !input.peek(Token![<]) {
        let span = if input.is_empty() { model.name.span() } else { input.span() };
        let name = &model.name;
        report.error(span, format!("expected `<` and the layers: `{name} < Dense(784 => 10) >`"));
        model.incomplete = true;
        input.parse::<TokenStream>()?;
        return Ok(model);
    }
    layers(input, &mut model, report)?;
    if input.peek(Token![<]) {
        let span = model.layers.first().map_or(model.name.span(), Layer::span);
        report.error(span, "a model has no generic parameters: its layers are its only list");
        model.layers.clear();
        layers(input, &mut model, report)?;
    }
    if !input.is_empty() {
        report.error(input.span(), "the model ends with `>`: write one `model!` for each model");
        input.parse::<TokenStream>()?;
    }
    Ok(model)
}

fn layers(input: ParseStream<'_>, model: &mut Model, report: &mut Report) -> Result<()> {
    input.parse::<Token![<]>()?;
    loop {
        if input.is_empty() {
            let span = model.layers.last().map_or(model.name.span(), |layer| layer.arguments_span);
            report.error(span, "the list of layers ends with `>`, which is missing");
            return Ok(());
        }
        if input.peek(Token![>]) {
            input.parse::<Token![>]>()?;
            return Ok(());
        }
        if input.peek(Token![,]) {
            report.error(input.span(), "expected a layer before `,`");
            input.parse::<Token![,]>()?;
            continue;
        }
        match layer(input, report) {
            Ok(layer) => model.layers.push(layer),
            Err(error) => {
                report.push(error);
                model.incomplete = true;
                skip_to_comma(input)?;
            }
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if !input.is_empty() && !input.peek(Token![>]) {
            report.error(input.span(), "expected `,` between layers");
            if input.peek(Token![->]) || input.peek(Token![=>]) {
                arrow(input)?;
            } else if !input.peek(syn::Ident) && !input.peek(Token![::]) {
                skip_to_comma(input)?;
                input.parse::<Option<Token![,]>>()?;
            }
        }
    }
}

fn layer(input: ParseStream<'_>, report: &mut Report) -> Result<Layer> {
    let attributes = input.call(Attribute::parse_outer)?;
    if input.peek(Token![_]) && input.peek2(Token![:]) {
        return Err(input.error("`_` is no name: leave it out and the layer has one"));
    }
    let is_named = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    let name = if is_named {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        Some(name)
    } else {
        None
    };
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
    } else if input.peek(token::Brace) || input.peek(token::Bracket) {
        let kind = layer.kind();
        report.error(input.span(), format!("arguments stand in parentheses: `{kind}(…)`"));
        input.parse::<TokenTree>()?;
        layer.incomplete = true;
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
                skip_to_comma(input)?;
            }
        }
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if !input.is_empty() {
            layer.incomplete = true;
            if input.peek(Token![+])
                || input.peek(Token![-])
                || input.peek(Token![*])
                || input.peek(Token![/])
            {
                report.error(input.span(), "a size is one number or one name: write the result, or the calculation in braces, as in `{ 28 * 28 }`");
                skip_to_comma(input)?;
                input.parse::<Option<Token![,]>>()?;
            } else {
                report.error(input.span(), missing);
                if !input.peek(Lit) && !input.peek(Ident::peek_any) && !input.peek(token::Paren) {
                    skip_to_comma(input)?;
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
    } else if input.peek(Token![-]) && input.peek2(Lit) {
        input.parse::<Token![-]>()?;
        let literal: Lit = input.parse()?;
        Ok(Value::Negative { span: literal.span(), literal })
    } else if input.peek(Lit) {
        Ok(Value::Literal(input.parse()?))
    } else if input.peek(token::Paren) {
        let content;
        let span = parenthesized!(content in input).span.join();
        let items = content.parse_terminated(value, Token![,])?;
        Ok(Value::Tuple { items: items.into_iter().collect(), span })
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
            let items = content.parse_terminated(call_item, Token![,])?;
            Ok(Value::Call { name, items: items.into_iter().collect() })
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

/// `=>` or `->`.
fn arrow(input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![=>]) {
        <Token![=>]>::parse(input).map(drop)
    } else {
        <Token![->]>::parse(input).map(drop)
    }
}

/// Drops tokens up to the next `,` or the closing `>` of the list.
fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    let mut depth = 0_u32;
    while !input.is_empty() {
        if input.peek(Token![=>]) || input.peek(Token![->]) {
            arrow(input)?;
            continue;
        }
        if depth == 0 && (input.peek(Token![,]) || input.peek(Token![>])) {
            break;
        }
        if input.peek(Token![<]) {
            depth += 1;
        } else if input.peek(Token![>]) {
            depth -= 1;
        }
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
