//! What is written in `model!`, with spans and unjudged.

use std::collections::HashSet;
use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};

use crate::vocabulary::Words;

/// `block* attributes visibility Name list`
pub(crate) struct Model {
    /// The root of the facade crate, as its wrapper passed it.
    pub(crate) root: TokenStream,
    /// What the words of the declaration mean.
    pub(crate) words: Words,
    /// Every identifier of the declaration: names that the expansion must not take.
    pub(crate) idents: HashSet<String>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) visibility: syn::Visibility,
    pub(crate) name: Ident,
    pub(crate) list: List,
}

/// `attributes Name '(' parameter, … ')' list`: a template of layers.
pub(crate) struct Block {
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) list: List,
}

/// The block as it is used: `Unit(c, stride = 1)`.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<String> = self.parameters.iter().map(ToString::to_string).collect();
        write!(f, "{}({})", self.name, parameters.join(", "))
    }
}

/// `name ['=' value]`
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) default: Option<Value>,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.default {
            Some(value) => write!(f, "{} = {value}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// `item, … [',' outputs]`: what stands between `<` and `>`, or in a branch.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) items: Vec<Item>,
    pub(crate) outputs: Option<Outputs>,
    /// Whether something is missing because it could not be parsed.
    pub(crate) incomplete: bool,
}

impl List {
    /// Calls `visit` with every item, those in branches included.
    pub(crate) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Item)) {
        for item in &self.items {
            visit(item);
            for branch in item.branches.iter().flatten() {
                if let Branch::List(list) = branch {
                    list.visit(visit);
                }
            }
        }
    }
}

/// `'(' name ',' name … ')'`
pub(crate) struct Outputs {
    pub(crate) names: Vec<Ident>,
    pub(crate) span: Span,
}

/// `attributes [name ':'] [source '->'] [count '*'] (layer | join)`
pub(crate) struct Item {
    /// `None`: what the item before gives.
    pub(crate) sources: Option<Vec<Source>>,
    pub(crate) count: Option<Value>,
    pub(crate) layer: Layer,
    /// Of a join.
    pub(crate) branches: Option<Vec<Branch>>,
}

impl Item {
    /// Where to point when the item as a whole is meant.
    pub(crate) fn span(&self) -> Span {
        self.layer.name.as_ref().map_or(self.layer.span(), Ident::span)
    }
}

/// `'_' | name ['.' part …]`
pub(crate) enum Source {
    /// What the item before gives.
    Arriving(Span),
    Named {
        name: Ident,
        parts: Vec<Ident>,
    },
}

impl Source {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Arriving(span) => *span,
            Self::Named { name, .. } => name.span(),
        }
    }
}

/// `'_' | item, …`
pub(crate) enum Branch {
    /// The value as it arrives.
    Arriving(Span),
    List(List),
}

/// `[name ':'] Kind [ '(' argument, … ')' ]`
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) name: Option<Ident>,
    pub(crate) path: Path,
    /// `None` without parentheses.
    pub(crate) arguments: Option<Vec<Argument>>,
    /// Of the parentheses, or of the kind where there are none.
    pub(crate) arguments_span: Span,
    /// Whether an argument was dropped because it could not be parsed.
    pub(crate) incomplete: bool,
}

impl Layer {
    /// The arguments; none without parentheses.
    pub(crate) fn arguments(&self) -> &[Argument] {
        self.arguments.as_deref().unwrap_or_default()
    }

    /// The layer's kind as a person would call it: the path's last name.
    pub(crate) fn kind(&self) -> String {
        self.path.last().to_string()
    }

    /// Where to point when the layer as a whole is meant.
    pub(crate) fn span(&self) -> Span {
        self.path.last().span()
    }
}

/// The layer as errors name it: its kind and shapes, without options.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        let arrow = |argument: &&Argument| matches!(argument, Argument::Shapes { .. });
        let value = |argument: &&Argument| matches!(argument, Argument::Value(_));
        let arguments = self.arguments();
        let shapes: Vec<String> = match arguments.iter().find(arrow) {
            Some(shapes) => vec![shapes.to_string()],
            None => arguments.iter().filter(value).map(ToString::to_string).collect(),
        };
        if shapes.is_empty() { Ok(()) } else { write!(f, "({})", shapes.join(", ")) }
    }
}

/// One argument of a layer.
#[derive(Clone)]
pub(crate) enum Argument {
    /// `input => output`
    Shapes { input: Value, output: Value },
    /// `name = value`
    Option { name: Ident, value: Value },
    /// `0.5`, `28`, `relu`, `(28, 28)`
    Value(Value),
}

impl Argument {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Shapes { input, .. } => input.span(),
            Self::Option { name, .. } => name.span(),
            Self::Value(value) => value.span(),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shapes { input, output } => write!(f, "{input} => {output}"),
            Self::Option { name, value } => write!(f, "{name} = {value}"),
            Self::Value(value) => write!(f, "{value}"),
        }
    }
}

/// What may stand for a size, a shape or the value of an option.
#[derive(Clone)]
pub(crate) enum Value {
    /// `784`, `0.5`, `"text"`, `true`
    Literal(syn::Lit),
    /// `-3`
    Negative { literal: syn::Lit, span: Span },
    /// `relu`, `U784`, `my::Hidden`
    Path(Path),
    /// `{ 2 * HIDDEN }`
    Block { tokens: TokenStream, span: Span },
    /// `(1, 28, 28)`
    Tuple { items: Vec<Value>, span: Span },
    /// `max_norm(2.0)`, as the value of an option
    Call { name: Path, items: Vec<Value> },
    /// `stddev = 0.02`, in the parentheses of a call
    Named { name: Ident, value: Box<Value> },
    /// `..40`: a sequence of up to so many steps
    UpTo { steps: Box<Value>, span: Span },
    /// `_`
    Arriving(Span),
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal(literal) => literal.span(),
            Self::Path(path) | Self::Call { name: path, .. } => path.last().span(),
            Self::Named { name, .. } => name.span(),
            Self::Negative { span, .. }
            | Self::Block { span, .. }
            | Self::Tuple { span, .. }
            | Self::UpTo { span, .. }
            | Self::Arriving(span) => *span,
        }
    }

    /// The single name that is written, if it is one.
    pub(crate) fn word(&self) -> Option<&Ident> {
        match self {
            Self::Path(path) => path.word(),
            _ => None,
        }
    }

    /// The single name that is written, with what stands in parentheses behind it.
    pub(crate) fn call(&self) -> Option<(&Ident, &[Value])> {
        match self {
            Self::Path(path) => Some((path.word()?, &[])),
            Self::Call { name, items } => Some((name.word()?, items)),
            _ => None,
        }
    }

    /// The number that is written.
    pub(crate) fn number(&self) -> Option<f64> {
        let number = |literal: &syn::Lit| match literal {
            syn::Lit::Float(literal) if literal.suffix().is_empty() => literal.base10_parse().ok(),
            syn::Lit::Int(literal) if literal.suffix().is_empty() => literal.base10_parse().ok(),
            _ => None,
        };
        match self {
            Self::Literal(literal) => number(literal),
            Self::Negative { literal, .. } => number(literal).map(|number: f64| -number),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{}", literal_text(literal)),
            Self::Negative { literal, .. } => write!(f, "-{}", literal_text(literal)),
            Self::Path(path) => write!(f, "{path}"),
            Self::Block { tokens, .. } => write!(f, "{tokens}"),
            Self::Tuple { items, .. } => write!(f, "({})", list(items)),
            Self::Call { name, items } => write!(f, "{name}({})", list(items)),
            Self::Named { name, value } => write!(f, "{name} = {value}"),
            Self::UpTo { steps, .. } => write!(f, "..{steps}"),
            Self::Arriving(_) => write!(f, "_"),
        }
    }
}

fn list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn literal_text(literal: &syn::Lit) -> String {
    quote::ToTokens::to_token_stream(literal).to_string()
}

/// A path to a type, generic arguments included.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) tokens: TokenStream,
    /// The names without their generic arguments.
    pub(crate) names: Vec<Ident>,
    /// Whether it is one name and nothing else.
    pub(crate) bare: bool,
}

impl Path {
    pub(crate) fn last(&self) -> &Ident {
        self.names.last().expect("the parser gives every path a name")
    }

    pub(crate) fn word(&self) -> Option<&Ident> {
        self.bare.then(|| self.last())
    }
}

/// The path as written, without the spaces between tokens.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.tokens.to_string().split_whitespace().collect();
        write!(f, "{}", text.replace(',', ", "))
    }
}
