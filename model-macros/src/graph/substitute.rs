//! Arguments of a block in place of its parameters, and names of layers in place of tensors.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

use super::{Bound, Origin, Resolver, Scope, Source, Tied};
use crate::ast::{Argument, Block, Item, Layer, Value};
use crate::suggest::{nearest, typos};

impl Scope<'_> {
    fn bound(&self, value: &Value) -> Option<&Bound> {
        self.parameters.get(&value.word()?.to_string())
    }

    /// The layer with arguments for parameters.
    pub(super) fn layer(&self, layer: &Layer) -> Layer {
        let mut layer = layer.clone();
        if !self.parameters.is_empty() {
            for argument in layer.arguments.iter_mut().flatten() {
                *argument = match argument {
                    Argument::Shapes { input, output } => {
                        Argument::Shapes { input: self.substitute(input), output: self.substitute(output) }
                    }
                    Argument::Option { name, value } => {
                        Argument::Option { name: name.clone(), value: self.substitute(value) }
                    }
                    Argument::Value(value) => Argument::Value(self.substitute(value)),
                };
            }
        }
        layer
    }

    /// The value with arguments for parameters, each where it is written.
    pub(super) fn substitute(&self, value: &Value) -> Value {
        if let Some(bound) = self.bound(value) {
            return bound.value.clone();
        }
        let all = |items: &[Value]| items.iter().map(|item| self.substitute(item)).collect();
        match value {
            Value::Tuple { items, span } => Value::Tuple { items: all(items), span: *span },
            Value::Call { name, items } => Value::Call { name: name.clone(), items: all(items) },
            Value::Named { name, value } => {
                Value::Named { name: name.clone(), value: Box::new(self.substitute(value)) }
            }
            Value::UpTo { steps, span } => {
                Value::UpTo { steps: Box::new(self.substitute(steps)), span: *span }
            }
            Value::Block { tokens, span } => {
                Value::Block { tokens: self.substitute_tokens(tokens.clone()), span: *span }
            }
            Value::Literal(_) | Value::Negative { .. } | Value::Path(_) | Value::Arriving(_) => value.clone(),
        }
    }

    /// `{ 4 * width }`
    fn substitute_tokens(&self, tokens: TokenStream) -> TokenStream {
        let substitute = |token: TokenTree| match token {
            TokenTree::Ident(ident) => {
                match self.parameters.get(&ident.to_string()).map(|bound| &bound.value) {
                    Some(Value::Literal(literal)) => literal.to_token_stream(),
                    Some(Value::Path(path)) => path.tokens.clone(),
                    Some(Value::Block { tokens, .. }) => tokens.clone(),
                    _ => ident.into_token_stream(),
                }
            }
            TokenTree::Group(group) => {
                let tokens = self.substitute_tokens(group.stream());
                let mut substituted = proc_macro2::Group::new(group.delimiter(), tokens);
                substituted.set_span(group.span());
                substituted.into_token_stream()
            }
            token => token.into_token_stream(),
        };
        if self.parameters.is_empty() { tokens } else { tokens.into_iter().map(substitute).collect() }
    }
}

impl<'a> Resolver<'a, '_> {
    /// What stands for the parameters in one use of a block; `None` after a mistake.
    pub(super) fn bind(
        &mut self,
        block: &Block,
        layer: &Layer,
        scope: usize,
    ) -> Option<HashMap<String, Bound>> {
        let mistakes = self.report.count();
        let mut bound: HashMap<String, Bound> = HashMap::new();
        let mut in_order = block.parameters.iter();
        for argument in layer.arguments() {
            let (name, value) = match argument {
                Argument::Value(value) => match in_order.next() {
                    Some(parameter) => (&parameter.name, value),
                    None => {
                        let (name, count) = (&block.name, block.parameters.len());
                        let message = match count {
                            0 => format!("`{name}` has no parameters"),
                            1 => format!("`{name}` has one parameter: `{block}`"),
                            _ => format!("`{name}` has {count} parameters: `{block}`"),
                        };
                        self.report.error(value.span(), message);
                        continue;
                    }
                },
                Argument::Option { name, value } => (name, value),
                Argument::Shapes { .. } => {
                    let message = format!("a block takes its parameters, not `{argument}`: `{block}`");
                    self.report.error(argument.span(), message);
                    // What is missing besides is this mistake.
                    return None;
                }
            };
            let text = name.to_string();
            let names: Vec<String> =
                block.parameters.iter().map(|parameter| parameter.name.to_string()).collect();
            if !names.contains(&text) {
                let meant = nearest(&text, names.iter().map(String::as_str), typos(&text));
                let message = match meant {
                    Some(meant) => format!("`{block}` has no parameter `{text}`: did you mean `{meant}`?"),
                    None => format!("`{block}` has no parameter `{text}`"),
                };
                self.report.error(name.span(), message);
                continue;
            }
            let outer = &self.scopes[scope];
            let value = outer
                .bound(value)
                .cloned()
                .unwrap_or_else(|| Bound { value: outer.substitute(value), scope });
            if bound.insert(text.clone(), value).is_some() {
                self.report.error(argument.span(), format!("parameter `{text}` is given twice"));
            }
        }
        // A parameter that is misspelt, or could not be read, is not missing too.
        let is_complete = self.report.count() == mistakes && !layer.incomplete;
        // Defaults see the parameters before them.
        let mut inner = Scope { parameters: bound, ..Scope::default() };
        for parameter in &block.parameters {
            let name = parameter.name.to_string();
            match &parameter.default {
                _ if inner.parameters.contains_key(&name) => {}
                Some(default) => {
                    let value = inner.substitute(default);
                    inner.parameters.insert(name, Bound { value, scope });
                }
                None if is_complete => {
                    let message = format!("`{}` needs `{name}`: `{block}`", block.name);
                    self.report.error(layer.arguments_span, message);
                }
                None => {}
            }
        }
        (self.report.count() == mistakes && !layer.incomplete).then_some(inner.parameters)
    }

    /// The layer of a node, without the options that name an earlier node's tensor.
    pub(super) fn node_layer(&mut self, item: &'a Item, scope: usize, number: usize) -> (Layer, Vec<Tied>) {
        let mut tied = Vec::new();
        let mut layer = self.scopes[scope].layer(&item.layer);
        let Some(written) = &item.layer.arguments else { return (layer, tied) };
        let mut arguments = Vec::new();
        for (argument, written) in layer.arguments.take().into_iter().flatten().zip(written) {
            let name = match &argument {
                Argument::Option { name: tensor, value } if is_tensor(tensor) => value.word().cloned(),
                _ => None,
            };
            let (Argument::Option { name: tensor, .. }, Argument::Option { value, .. }, Some(name)) =
                (&argument, written, name)
            else {
                arguments.push(argument);
                continue;
            };
            // A name that is an argument of the block stands where the block is used.
            let scope = self.scopes[scope].bound(value).map_or(scope, |bound| bound.scope);
            let is_word = tensor == "bias"
                && !self.scopes[scope].entries.iter().any(|entry| entry.is_called(&name.to_string()));
            if is_word {
                arguments.push(argument);
                continue;
            }
            let Some(entry) = self.find(scope, &name, item, number).cloned() else { continue };
            match entry.value.as_slice() {
                [Source { origin: Origin::Node(node), part: None }]
                    if entry.inner.is_none() && entry.count.is_none() =>
                {
                    tied.push(Tied { tensor: tensor.clone(), node: *node, place: name.span() });
                }
                [] => {}
                _ => {
                    let message = format!("`{name}` is no layer: it has no tensor `{tensor}`");
                    self.report.error(name.span(), message);
                }
            }
        }
        layer.arguments = Some(arguments);
        (layer, tied)
    }
}

/// Whether an option is named like a tensor, so that its value may be a layer that has it.
fn is_tensor(option: &Ident) -> bool {
    let option = option.to_string();
    ["weight", "bias"].iter().any(|tensor| option == *tensor || option.ends_with(&format!("_{tensor}")))
}
