//! The declaration as layers in the order of computation, each with the values that it takes.
//!
//! Blocks, repetitions and branches are written out, parameters replaced by what stands for them, and names looked
//! up. Which values a kind of layer takes, and of which shape, is not known here.

mod blocks;
mod substitute;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use proc_macro2::{Ident, Span};
use quote::format_ident;

use crate::ast::{self, Block, Branch, Item, List};
use crate::kinds;
use crate::names::{self, Holder, Taken};
use crate::report::Report;
use crate::suggest::{nearest, snake_case, typos};

/// A declaration with every name resolved.
pub(crate) struct Graph<'a> {
    pub(crate) written: &'a ast::Model,
    /// What arrives from outside; one without a layer where no `Input` is written.
    pub(crate) inputs: Vec<Input<'a>>,
    /// Each takes values of inputs and of nodes before it.
    pub(crate) nodes: Vec<Node<'a>>,
    /// At least one, if there are nodes and no mistakes.
    pub(crate) outputs: Vec<Output>,
    pub(crate) repetitions: Vec<Repetition>,
    /// Whether a layer is missing because it could not be parsed.
    pub(crate) incomplete: bool,
}

pub(crate) struct Input<'a> {
    pub(crate) name: Option<Ident>,
    pub(crate) layer: Option<&'a ast::Layer>,
}

/// One layer.
pub(crate) struct Node<'a> {
    /// `plain_1.unit_1.conv2d_1`: in front of the last dot are the blocks that it stands in.
    pub(crate) name: String,
    /// The last part of the name, where it is written.
    pub(crate) ident: Ident,
    /// With arguments in place of parameters, at their own places.
    pub(crate) layer: ast::Layer,
    /// As it is written, in a block with the block's parameters.
    pub(crate) written: &'a Item,
    /// Empty after a mistake that hides them.
    pub(crate) sources: Vec<Source>,
    pub(crate) numbers: Numbers,
    pub(crate) tied: Vec<Tied>,
    pub(crate) is_output: bool,
}

/// Where a layer's parameters are.
#[derive(Clone, Debug)]
pub(crate) enum Numbers {
    Own,
    /// They are those of this node, as `Shared` at `place` says.
    Shared {
        node: usize,
        place: Span,
    },
}

/// `weight = tokens`: a tensor that is the tensor of this name of an earlier node.
#[derive(Clone, Debug)]
pub(crate) struct Tied {
    pub(crate) tensor: Ident,
    pub(crate) node: usize,
    /// The name of the node, where it is written.
    pub(crate) place: Span,
}

/// A value that a layer takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) origin: Origin,
    /// `state` of `encoder.state`: another value of the layer than its output.
    pub(crate) part: Option<Ident>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    Input(usize),
    Node(usize),
}

/// A value that the model gives; without a name if it is the only one.
pub(crate) struct Output {
    pub(crate) name: Option<Ident>,
    pub(crate) source: Source,
}

/// `6 * Encoder(128)`: what is repeated keeps the shape.
pub(crate) struct Repetition {
    /// Of the number.
    pub(crate) span: Span,
    pub(crate) text: String,
    pub(crate) count: usize,
    pub(crate) takes: Vec<Source>,
    /// What the first copy gives.
    pub(crate) gives: Vec<Source>,
    /// The nodes of the first copy, and of the others.
    pub(crate) first: Range<usize>,
    pub(crate) others: Range<usize>,
}

/// A declaration with more layers than this is a mistake, such as blocks that double each other.
const MOST_LAYERS: usize = 10_000;
/// The scope of the model itself.
const MODEL: usize = 0;

/// What stands for a parameter, and the scope in which it is written.
#[derive(Clone)]
struct Bound {
    value: ast::Value,
    scope: usize,
}

/// A list of items in which names are looked up: the model's, or that of one use of a block.
#[derive(Default)]
struct Scope<'a> {
    /// What stands in front of its names: `plain_1.`
    path: String,
    /// What stands for the block's parameters.
    parameters: HashMap<String, Bound>,
    taken: Taken,
    /// By kind: how many layers there are.
    counts: HashMap<String, usize>,
    entries: Vec<Entry<'a>>,
    /// Names that were looked up in vain.
    unknown: Vec<(Ident, &'a Item, usize)>,
}

/// What a name stands for.
#[derive(Clone)]
struct Entry<'a> {
    name: String,
    /// As written, if the layer could not have this name.
    written: Option<String>,
    value: Vec<Source>,
    item: &'a Item,
    /// Of a block's use, the scope.
    inner: Option<usize>,
    /// Of a repetition.
    count: Option<usize>,
    nodes: Range<usize>,
}

/// The value of an item that someone has to take.
struct Untaken<'a> {
    item: &'a Item,
    scope: usize,
    name: String,
    value: Vec<Source>,
}

struct Resolver<'a, 'r> {
    report: &'r mut Report,
    graph: Graph<'a>,
    scopes: Vec<Scope<'a>>,
    /// Blocks that stand in themselves.
    circular: HashSet<String>,
    values: Vec<Untaken<'a>>,
    /// Items read so far, each copy of a repetition and each use of a block anew.
    read: usize,
    /// Whether there are more than there may be.
    is_full: bool,
    /// Whether a mistake may be why a value is not taken.
    has_gaps: bool,
}

pub(crate) fn resolve<'a>(written: &'a ast::Model, report: &mut Report) -> Graph<'a> {
    attributes(written, report);
    let circular = blocks::check(written, report);
    let graph = Graph {
        written,
        inputs: Vec::new(),
        nodes: Vec::new(),
        outputs: Vec::new(),
        repetitions: Vec::new(),
        incomplete: written.list.incomplete,
    };
    let mut resolver = Resolver {
        report,
        graph,
        scopes: Vec::new(),
        circular,
        values: Vec::new(),
        read: 0,
        is_full: false,
        has_gaps: false,
    };
    resolver.model(written);
    resolver.graph
}

/// Attributes of layers and blocks are documentation alone.
fn attributes(written: &ast::Model, report: &mut Report) {
    let mut check = |what: &str, attributes: &[syn::Attribute]| {
        for attribute in attributes.iter().filter(|attribute| !attribute.path().is_ident("doc")) {
            let name = attribute.path().segments.last().map(|segment| &segment.ident);
            let span = name.map_or_else(Span::call_site, Ident::span);
            report.error(span, format!("a {what} takes doc comments, but no attributes"));
        }
    };
    for block in &written.blocks {
        check("block", &block.attributes);
        block.list.visit(&mut |item| check("layer", &item.layer.attributes));
    }
    written.list.visit(&mut |item| check("layer", &item.layer.attributes));
}

impl<'a> Resolver<'a, '_> {
    fn model(&mut self, written: &'a ast::Model) {
        self.open(String::new(), HashMap::new());
        let list = &written.list;
        let inputs = list.items.iter().take_while(|item| self.is_input(item)).count();
        let (inputs, items) = list.items.split_at(inputs);
        let arrives = self.inputs(inputs);
        let value = self.items(items, MODEL, arrives, list.outputs.is_some());
        self.outputs(list, value);
        self.close(MODEL);
        self.name_of_the_only_input();
        self.untaken();
    }

    fn open(&mut self, path: String, parameters: HashMap<String, Bound>) -> usize {
        self.scopes.push(Scope { path, parameters, ..Scope::default() });
        self.scopes.len() - 1
    }

    /// Reports names that were not found: whether they stand further down is known now.
    fn close(&mut self, scope: usize) {
        for (name, item, number) in std::mem::take(&mut self.scopes[scope].unknown) {
            self.report.read(item, number);
            let text = name.to_string();
            let has = |scope: &Scope<'_>| scope.entries.iter().any(|entry| entry.is_called(&text));
            let names = self.scopes[scope].entries.iter().map(|entry| entry.name.as_str());
            let message = if has(&self.scopes[scope]) {
                format!("`{text}` stands further down: only what stands above can be named")
            } else if let Some(meant) = nearest(&text, names, typos(&text)) {
                format!("no value has the name `{text}`: did you mean `{meant}`?")
            } else if scope != MODEL && has(&self.scopes[MODEL]) {
                format!("`{text}` stands outside of this block, which knows its own names and what arrives")
            } else {
                format!("no value has the name `{text}`: `{text}: Dense(784 => 64)` gives it to a layer")
            };
            self.report.error(name.span(), message);
        }
    }

    fn block(&self, layer: &ast::Layer) -> Option<&'a Block> {
        let word = layer.path.word()?;
        self.graph.written.blocks.iter().find(|block| block.name == *word)
    }

    fn is_input(&self, item: &Item) -> bool {
        let kind = item.layer.path.word().and_then(|word| kinds::meant(&word.to_string()));
        self.block(&item.layer).is_none() && kind.is_some_and(|kind| kind.name() == "Input")
    }

    /// The model's inputs, which stand in front of its layers. Gives what arrives at the first layer.
    fn inputs(&mut self, items: &'a [Item]) -> Vec<Source> {
        let has_names = items.iter().any(|item| item.layer.name.is_some());
        for (i, item) in items.iter().enumerate() {
            let layer = &item.layer;
            if i > 0 && !has_names {
                self.misplaced_input(item, MODEL);
                continue;
            }
            if let Some(source) = item.sources.iter().flatten().next() {
                self.report.error(source.span(), "nothing arrives at an input: it comes from outside");
            }
            if let Some(count) = &item.count {
                let message = "an input is not repeated: write each, with a name of its own";
                self.report.error(count.span(), message);
            }
            if has_names && layer.name.is_none() {
                let message = format!("several inputs have a name each: `image: {layer}`");
                self.report.error(layer.span(), message);
            }
            let name = layer.name.clone().filter(|name| names::is_right(name, Holder::Input, self.report));
            let name = name.map(|name| {
                let (taken, span) = (&mut self.scopes[MODEL].taken, name.span());
                taken.take(name, true, span, self.report)
            });
            let value = vec![Source { origin: Origin::Input(self.graph.inputs.len()), part: None }];
            if let Some(written) = &layer.name {
                self.scopes[MODEL].entries.push(Entry {
                    name: name.as_ref().unwrap_or(written).to_string(),
                    written: Some(written.to_string()),
                    value,
                    item,
                    inner: None,
                    count: None,
                    nodes: 0..0,
                });
            }
            self.graph.inputs.push(Input { name, layer: Some(layer) });
        }
        if self.graph.inputs.is_empty() {
            self.graph.inputs.push(Input { name: None, layer: None });
        }
        vec![Source { origin: Origin::Input(self.graph.inputs.len() - 1), part: None }]
    }

    fn misplaced_input(&mut self, item: &Item, scope: usize) {
        let message = if scope == MODEL {
            "`Input` is the shape of a sample: it comes first, and once"
        } else {
            "`Input` belongs to the model: a block takes what arrives"
        };
        self.report.error(item.layer.span(), message);
        self.has_gaps = true;
    }

    /// The values of a list's last item. `all` says that its value too has to be taken.
    fn items(&mut self, items: &'a [Item], scope: usize, arrives: Vec<Source>, all: bool) -> Vec<Source> {
        let mut value = arrives;
        for (i, item) in items.iter().enumerate() {
            if self.is_full(item) {
                break;
            }
            value = self.item(item, scope, &value);
            if all || i + 1 < items.len() {
                let name = self.scopes[scope].entries.last().map_or("", |entry| &entry.name);
                let name = format!("{}{name}", self.scopes[scope].path);
                self.values.push(Untaken { item, scope, name, value: value.clone() });
            }
        }
        value
    }

    /// From here on, mistakes are those of this item.
    fn start(&mut self, item: &'a Item) -> usize {
        self.read += 1;
        self.report.read(item, self.read);
        self.read
    }

    fn item(&mut self, item: &'a Item, scope: usize, arrives: &[Source]) -> Vec<Source> {
        let number = self.start(item);
        if self.is_input(item) {
            self.misplaced_input(item, scope);
            return arrives.to_vec();
        }
        let mut sources = Vec::new();
        let mut is_known = true;
        for source in item.sources.iter().flatten() {
            match source {
                ast::Source::Arriving(_) => sources.extend_from_slice(arrives),
                ast::Source::Named { name, parts } => match self.value(scope, name, parts, item, number) {
                    Some(value) => sources.extend(value),
                    None => is_known = false,
                },
            }
        }
        if item.sources.is_none() {
            sources = arrives.to_vec();
        } else if !is_known {
            sources.clear();
        }
        let Some(count) = self.count(item, scope) else { return Vec::new() };
        self.copies(item, item, scope, sources, count)
    }

    /// How often an item stands here; `None` after a mistake.
    fn count(&mut self, item: &Item, scope: usize) -> Option<Option<usize>> {
        let Some(written) = &item.count else { return Some(None) };
        let value = self.scopes[scope].substitute(written);
        let count = match &value {
            ast::Value::Literal(syn::Lit::Int(literal)) if literal.suffix().is_empty() => {
                literal.base10_parse::<usize>().ok()
            }
            _ => None,
        };
        if count.is_some_and(|count| count > 0) {
            return Some(count);
        }
        let text = &item.layer;
        let message = match count {
            Some(_) => format!("nothing is left of a layer that stands 0 times: leave `{text}` out"),
            None => format!("a repetition is a positive whole number, as in `6 * {text}`, not `{value}`"),
        };
        self.report.error(value.span(), message);
        self.has_gaps = true;
        None
    }

    /// The copies of an item, one behind the other, under the name of `named`, which is another item where numbers are shared.
    fn copies(
        &mut self,
        item: &'a Item,
        named: &'a Item,
        scope: usize,
        sources: Vec<Source>,
        count: Option<usize>,
    ) -> Vec<Source> {
        let start = self.graph.nodes.len();
        let first_read = self.read;
        let whole = named.layer.name.as_ref().filter(|_| count.is_some());
        let whole = whole.map(|_| self.name(named, scope));
        let mut value = sources.clone();
        let mut inner = None;
        let mut first = (start, Vec::new());
        for copy in 1..=count.unwrap_or(1) {
            if self.is_full(item) {
                break;
            }
            self.read += 1;
            let name = match &whole {
                Some(whole) => {
                    let (name, span) = (format_ident!("{whole}_{copy}"), whole.span());
                    self.scopes[scope].taken.take(name, true, span, self.report)
                }
                None => self.name(named, scope),
            };
            let from = self.graph.nodes.len();
            (value, inner) = self.once(item, scope, &name, value);
            if copy == 1 {
                first = (self.graph.nodes.len(), value.clone());
            }
            self.enter(named, item, scope, &name, value.clone(), inner, None, from);
            self.report.read(item, first_read);
        }
        if let Some(whole) = whole {
            self.enter(named, item, scope, &whole, value.clone(), inner, count, start);
        }
        if let (Some(count @ 2..), Some(number)) = (count, &item.count) {
            self.graph.repetitions.push(Repetition {
                span: self.scopes[scope].substitute(number).span(),
                text: self.scopes[scope].layer(&item.layer).to_string(),
                count,
                takes: sources,
                gives: first.1,
                first: start..first.0,
                others: first.0..self.graph.nodes.len(),
            });
        }
        value
    }

    fn enter(
        &mut self,
        named: &'a Item,
        item: &'a Item,
        scope: usize,
        name: &Ident,
        value: Vec<Source>,
        inner: Option<usize>,
        count: Option<usize>,
        from: usize,
    ) {
        let written = named.layer.name.as_ref().filter(|_| named.count.is_none() || count.is_some());
        let (name, written) = (name.to_string(), written.map(ToString::to_string));
        let nodes = from..self.graph.nodes.len();
        self.scopes[scope].entries.push(Entry { name, written, value, item, inner, count, nodes });
    }

    fn is_full(&mut self, item: &Item) -> bool {
        let is_full = self.read >= MOST_LAYERS;
        if is_full && !self.is_full {
            let text = &item.layer;
            let message =
                format!("`{text}` brings the model above {MOST_LAYERS} layers, the most there may be");
            self.report.error(text.span(), message);
            self.is_full = true;
            self.has_gaps = true;
        }
        is_full
    }

    /// The written name, or the kind and its number among the layers of this kind.
    fn name(&mut self, item: &Item, scope: usize) -> Ident {
        let layer = &item.layer;
        let kind = match (self.block(layer), layer.path.word()) {
            (None, Some(word)) => kinds::meant(&word.to_string()).map(|kind| kind.name().to_owned()),
            _ => None,
        };
        let kind = snake_case(&kind.unwrap_or_else(|| layer.kind()));
        let holder = if scope == MODEL { Holder::Layer } else { Holder::Inner };
        let count = self.scopes[scope].counts.entry(kind.clone()).or_default();
        *count += 1;
        let default = format_ident!("{kind}_{count}", span = Span::call_site());
        let name = match &layer.name {
            Some(name) if names::is_right(name, holder, self.report) => name.clone(),
            _ => default,
        };
        let span = layer.name.as_ref().map_or(layer.span(), Ident::span);
        self.scopes[scope].taken.take(name, layer.name.is_some(), span, self.report)
    }

    /// One copy of an item: what it gives, and the scope of a block's use.
    fn once(
        &mut self,
        item: &'a Item,
        scope: usize,
        name: &Ident,
        arrives: Vec<Source>,
    ) -> (Vec<Source>, Option<usize>) {
        let number = self.read;
        let sources = match &item.branches {
            None => arrives,
            Some(branches) => self.branches(branches, item, scope, &arrives),
        };
        self.report.read(item, number);
        if let Some(block) = self.block(&item.layer) {
            return self.use_block(block, item, scope, name, sources);
        }
        if item.layer.path.word().is_some_and(|word| word == blocks::SHARED) {
            return (self.shared(item, scope, name, sources), None);
        }
        let (layer, tied) = self.node_layer(item, scope, number);
        let full_name = format!("{}{name}", self.scopes[scope].path);
        let origin = Origin::Node(self.graph.nodes.len());
        self.graph.nodes.push(Node {
            name: full_name,
            ident: name.clone(),
            layer,
            written: item,
            sources,
            numbers: Numbers::Own,
            tied,
            is_output: false,
        });
        (vec![Source { origin, part: None }], None)
    }

    /// The values of all branches; none if one is unknown.
    fn branches(
        &mut self,
        branches: &'a [Branch],
        item: &Item,
        scope: usize,
        arrives: &[Source],
    ) -> Vec<Source> {
        let mut sources = Vec::new();
        let mut is_known = true;
        for branch in branches {
            let value = match branch {
                Branch::Arriving(span) => {
                    if arrives.len() > 1 {
                        let count = arrives.len();
                        self.report.error(*span, format!("`_` is one value, but {count} arrive here"));
                    }
                    arrives.to_vec()
                }
                Branch::List(list) => {
                    self.graph.incomplete |= list.incomplete;
                    self.items(&list.items, scope, arrives.to_vec(), false)
                }
            };
            is_known &= !value.is_empty();
            sources.extend(value);
        }
        if !is_known || item.layer.incomplete {
            sources.clear();
        }
        sources
    }

    fn use_block(
        &mut self,
        block: &'a Block,
        item: &'a Item,
        scope: usize,
        name: &Ident,
        sources: Vec<Source>,
    ) -> (Vec<Source>, Option<usize>) {
        let parameters = self.bind(block, &item.layer, scope);
        let is_circular = self.circular.contains(&block.name.to_string());
        let Some(parameters) = parameters.filter(|_| !is_circular) else {
            self.has_gaps = true;
            return (Vec::new(), None);
        };
        self.graph.incomplete |= block.list.incomplete;
        let path = format!("{}{name}.", self.scopes[scope].path);
        let inner = self.open(path, parameters);
        let values = self.values.len();
        let mut value = self.items(&block.list.items, inner, sources, block.list.outputs.is_some());
        if let Some(outputs) = &block.list.outputs {
            let named = self.named_outputs(outputs, inner);
            value = named.into_iter().map(|(_, source)| source).collect();
            // Who uses the block takes these.
            let taken: Vec<Source> = value.clone();
            let mut index = 0;
            self.values.retain(|untaken| {
                index += 1;
                index <= values
                    || untaken.scope != inner
                    || untaken.value.iter().any(|source| !taken.contains(source))
            });
        }
        self.close(inner);
        (value, Some(inner))
    }

    /// `Shared(tower)`: the item of that name again, with the same numbers.
    fn shared(&mut self, item: &'a Item, scope: usize, name: &Ident, sources: Vec<Source>) -> Vec<Source> {
        let number = self.read;
        let layer = &item.layer;
        let [ast::Argument::Value(ast::Value::Path(path))] = layer.arguments() else {
            let message = "`Shared` takes the name of a layer above, whose numbers it has: `Shared(tower)`";
            self.report.error(layer.arguments_span, message);
            self.has_gaps = true;
            return Vec::new();
        };
        let word = path.last();
        let Some(entry) = self.find(scope, word, item, number).cloned() else { return Vec::new() };
        let message = if entry.nodes.is_empty() && !entry.value.is_empty() {
            format!("`{word}` has no numbers to share")
        } else if entry.item.branches.is_some() {
            format!("`{word}` is a join: put it into a block, whose use can be shared")
        } else {
            String::new()
        };
        if !message.is_empty() {
            self.report.error(word.span(), message);
            self.has_gaps = true;
            return Vec::new();
        }
        let start = self.graph.nodes.len();
        let mut value = sources;
        for copy in 1..=entry.count.unwrap_or(1) {
            let name = if entry.count.is_some() { format_ident!("{name}_{copy}") } else { name.clone() };
            (value, _) = self.once(entry.item, scope, &name, value);
            self.report.read(item, number);
        }
        for (node, original) in (start..self.graph.nodes.len()).zip(entry.nodes) {
            let original = match self.graph.nodes[original].numbers {
                Numbers::Own => original,
                Numbers::Shared { node, .. } => node,
            };
            self.graph.nodes[node].numbers = Numbers::Shared { node: original, place: word.span() };
        }
        value
    }

    /// What a name stands for. If for nothing, that is reported when the list has ended.
    fn find(&mut self, scope: usize, name: &Ident, item: &'a Item, number: usize) -> Option<&Entry<'a>> {
        let text = name.to_string();
        let position = self.scopes[scope].entries.iter().position(|entry| entry.is_called(&text));
        if position.is_none() {
            self.scopes[scope].unknown.push((name.clone(), item, number));
            self.has_gaps = true;
        }
        position.map(|position| &self.scopes[scope].entries[position])
    }

    /// The values of `name.part`.
    fn value(
        &mut self,
        scope: usize,
        name: &Ident,
        parts: &[Ident],
        item: &'a Item,
        number: usize,
    ) -> Option<Vec<Source>> {
        let mut entry = self.find(scope, name, item, number)?.clone();
        let mut parts = parts.iter();
        let mut path = name.to_string();
        while let Some(part) = parts.next() {
            let message = match (entry.inner, entry.value.as_slice()) {
                (Some(inner), _) => {
                    let text = part.to_string();
                    let entries = &self.scopes[inner].entries;
                    if let Some(found) = entries.iter().find(|entry| entry.is_called(&text)) {
                        entry = found.clone();
                        path = format!("{path}.{text}");
                        continue;
                    }
                    match nearest(&text, entries.iter().map(|entry| entry.name.as_str()), typos(&text)) {
                        Some(meant) => format!("`{path}` has no value `{text}`: did you mean `{meant}`?"),
                        None => format!("`{path}` has no value `{text}`"),
                    }
                }
                (None, [Source { origin: Origin::Node(_), .. }]) => match parts.next() {
                    None => {
                        let part = Some(part.clone());
                        let part = |source| Source { part: part.clone(), ..source };
                        return Some(entry.value.into_iter().map(part).collect());
                    }
                    Some(_) => format!("`{path}` is a layer: its parts have no parts"),
                },
                (None, [Source { .. }]) => format!("`{path}` is an input, which has no parts"),
                (None, _) => String::new(),
            };
            if !message.is_empty() {
                self.report.error(part.span(), message);
            }
            self.has_gaps = true;
            return None;
        }
        Some(entry.value).filter(|value| !value.is_empty())
    }

    /// The values that a list of outputs names.
    fn named_outputs(&mut self, outputs: &'a ast::Outputs, scope: usize) -> Vec<(Ident, Source)> {
        let mut named: Vec<(Ident, Source)> = Vec::new();
        let mistakes = self.report.count();
        let examples = "`(class, price)`";
        match outputs.names.as_slice() {
            [] => self.report.error(outputs.span, format!("outputs are names of values: {examples}")),
            [_] => {
                self.report.error(outputs.span, "one output needs no list: it is what the last layer gives")
            }
            names => {
                for name in names {
                    let text = name.to_string();
                    let entry = self.scopes[scope].entries.iter().find(|entry| entry.is_called(&text));
                    let message = match entry.map(|entry| entry.value.as_slice()) {
                        None => {
                            let names = self.scopes[scope].entries.iter().map(|entry| entry.name.as_str());
                            match nearest(&text, names, typos(&text)) {
                                Some(meant) => {
                                    format!("no value has the name `{text}`: did you mean `{meant}`?")
                                }
                                None => format!("no value has the name `{text}`"),
                            }
                        }
                        Some([]) => {
                            self.has_gaps = true;
                            continue;
                        }
                        Some([Source { origin: Origin::Input(_), .. }]) => {
                            format!("`{text}` is an input: an output is what a layer gives")
                        }
                        Some([source]) => match named.iter().find(|(_, other)| other == source) {
                            Some((other, _)) if other == name => {
                                format!("`{text}` stands twice among the outputs")
                            }
                            Some((other, _)) => format!("`{text}` and `{other}` are the same value"),
                            None => {
                                named.push((name.clone(), source.clone()));
                                continue;
                            }
                        },
                        Some(values) => format!("`{text}` gives {} values: an output is one", values.len()),
                    };
                    self.report.error(name.span(), message);
                }
            }
        }
        self.has_gaps |= self.report.count() > mistakes;
        named
    }

    fn outputs(&mut self, list: &'a List, value: Vec<Source>) {
        self.graph.outputs = match (&list.outputs, value.as_slice()) {
            (Some(outputs), _) => {
                let named = self.named_outputs(outputs, MODEL);
                named.into_iter().map(|(name, source)| Output { name: Some(name), source }).collect()
            }
            (None, [source @ Source { origin: Origin::Node(_), .. }]) => {
                vec![Output { name: None, source: source.clone() }]
            }
            (None, [_, _, ..]) => {
                if let Some(last) = list.items.last() {
                    let (text, count) = (&last.layer, value.len());
                    let message = format!(
                        "`{text}` gives {count} values: a model with several outputs ends with their names"
                    );
                    self.report.error(last.layer.span(), message);
                    self.has_gaps = true;
                }
                Vec::new()
            }
            (None, _) => Vec::new(),
        };
        for output in &self.graph.outputs {
            if let Origin::Node(node) = output.source.origin {
                self.graph.nodes[node].is_output = true;
            }
        }
    }

    /// A name of the only input is for sources: without them nobody would ever use it.
    fn name_of_the_only_input(&mut self) {
        let [Input { name: Some(name), .. }] = self.graph.inputs.as_slice() else { return };
        let is_named =
            |source: &ast::Source| matches!(source, ast::Source::Named { name: used, .. } if used == name);
        let mut is_used = self.has_gaps || self.graph.incomplete;
        let mut visit = |item: &Item| is_used |= item.sources.iter().flatten().any(is_named);
        self.graph.written.list.visit(&mut visit);
        if !is_used {
            self.report.error(name.span(), "`Input` has no name: it is the shape of a sample, not a layer");
        }
    }

    /// A value that nobody takes is a mistake.
    fn untaken(&mut self) {
        if self.has_gaps || self.graph.incomplete || self.graph.nodes.is_empty() {
            return;
        }
        let taken = self.graph.nodes.iter().flat_map(|node| &node.sources);
        let taken: HashSet<Origin> = taken.map(|source| source.origin).collect();
        for (i, input) in self.graph.inputs.iter().enumerate() {
            if let (Some(name), false) = (&input.name, taken.contains(&Origin::Input(i))) {
                self.report
                    .error(name.span(), format!("nobody takes the input `{name}`: `{name} -> …` does"));
            }
        }
        let is_taken = |source: &Source| match source.origin {
            Origin::Node(node) => self.graph.nodes[node].is_output || taken.contains(&source.origin),
            Origin::Input(_) => true,
        };
        let has_list = self.graph.written.list.outputs.is_some();
        let untaken = self.values.iter().filter(|value| !value.value.iter().all(is_taken));
        let (outputs, inner): (Vec<_>, Vec<_>) = untaken.partition(|value| value.scope == MODEL && !has_list);
        for (i, value) in inner.into_iter().enumerate() {
            self.report.read(value.item, usize::MAX - i);
            let message =
                format!("nobody takes what `{}` gives: name it as a source, or leave it out", value.name);
            self.report.error(value.item.span(), message);
        }
        if let Some(first) = outputs.first() {
            let last = self.scopes[MODEL].entries.last().map(|entry| entry.name.as_str());
            let names: Vec<&str> = outputs.iter().map(|value| value.name.as_str()).chain(last).collect();
            let message = format!(
                "nobody takes what `{}` gives: if it is an output, write all outputs at the end: `({})`",
                first.name,
                names.join(", ")
            );
            self.report.read(first.item, usize::MAX);
            self.report.error(first.item.span(), message);
        }
    }
}

impl Entry<'_> {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.written.as_deref() == Some(name)
    }
}
