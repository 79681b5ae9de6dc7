//! Sizes and shapes as the checker knows them: a number, what only rustc can evaluate, or what a rule makes of other sizes.

use std::fmt;
use std::rc::Rc;

use proc_macro2::{Span, TokenStream};

use crate::ast::Path;

/// One size of a shape.
#[derive(Clone)]
pub(crate) enum Size {
    /// `784`
    Literal { value: u64, span: Span },
    /// A type or a constant.
    Named(Named),
    /// What a rule makes of sizes that are not all literals.
    Derived(Rc<Derived>),
}

/// A total `const fn` of the runtime, which rustc evaluates, beside a copy that the macro evaluates where all arguments are literals.
pub(crate) struct Function<T> {
    /// The path in the runtime: `["kernels", "window", "output_size"]`.
    pub(crate) path: &'static [&'static str],
    /// Whether it takes its arguments as one slice.
    pub(crate) takes_slice: bool,
    pub(crate) evaluate: fn(&[u64]) -> T,
}

impl<T> Function<T> {
    /// The result, where all arguments are literals.
    pub(crate) fn literal(&self, arguments: &[Size]) -> Option<T> {
        let arguments: Option<Vec<u64>> = arguments.iter().map(Size::literal).collect();
        arguments.map(|arguments| (self.evaluate)(&arguments))
    }
}

/// A size that rustc derives from others. It is zero where [`fits`](Self::fits) does not hold, and so is what is derived from it:
/// a size of zero is a mistake that is reported already.
pub(crate) struct Derived {
    pub(crate) rule: &'static Function<u64>,
    /// What must hold of the same arguments for the rule to have a meaning.
    pub(crate) fits: Option<&'static Function<bool>>,
    pub(crate) arguments: Vec<Size>,
    /// For messages.
    text: String,
    span: Span,
}

/// A derived size that takes more letters than this is shown as `…`.
const LONGEST_TEXT: usize = 40;

/// A size that only rustc can evaluate.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) tokens: TokenStream,
    /// As written, for messages.
    pub(crate) text: String,
    /// What the expansion calls it after.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) namespace: Namespace,
}

/// What a size that has a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// A type of typenum: `U784`, `Hidden`.
    Type,
    /// A constant of type `usize`: `{ 2 * HIDDEN }`, `Config::HIDDEN`.
    Constant,
    /// One of both, which only rustc can find out: `HIDDEN`.
    Either,
}

impl Named {
    /// `{ 2 * HIDDEN }`
    pub(crate) fn block(tokens: &TokenStream, span: Span) -> Self {
        let text = tokens.to_string();
        Self {
            tokens: tokens.clone(),
            text,
            name: "calculated".to_owned(),
            span,
            namespace: Namespace::Constant,
        }
    }

    /// Constants are written in capitals, and a type in a type's scope is not. Only what is one name after another
    /// can be imported, which is how rustc is asked whether `HIDDEN` is a type or a constant.
    pub(crate) fn path(path: &Path) -> Self {
        let name = path.last().to_string();
        let is_typenum = name.strip_prefix('U').is_some_and(|rest| rest.parse::<u64>().is_ok());
        let is_in_capitals =
            !is_typenum && name.contains(char::is_alphabetic) && !name.contains(char::is_lowercase);
        let is_in_type = path.names.iter().rev().nth(1).is_some_and(|scope| {
            let scope = scope.to_string();
            scope.starts_with(char::is_uppercase)
        });
        let namespace = match (is_in_capitals, is_in_type) {
            (false, _) => Namespace::Type,
            (true, true) => Namespace::Constant,
            (true, false) => Namespace::Either,
        };
        Self {
            tokens: path.tokens.clone(),
            text: path.to_string(),
            name,
            span: path.last().span(),
            namespace,
        }
    }
}

impl Size {
    /// What the rule makes of the arguments, as `text` says it.
    pub(crate) fn derived(
        rule: &'static Function<u64>,
        fits: Option<&'static Function<bool>>,
        arguments: Vec<Self>,
        span: Span,
        text: String,
    ) -> Self {
        match rule.literal(&arguments) {
            Some(value) => Self::Literal { value, span },
            None => {
                let text = if text.chars().count() > LONGEST_TEXT { "…".to_owned() } else { text };
                Self::Derived(Rc::new(Derived { rule, fits, arguments, text, span }))
            }
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal { span, .. } => *span,
            Self::Named(named) => named.span,
            Self::Derived(derived) => derived.span,
        }
    }

    pub(crate) fn literal(&self) -> Option<u64> {
        match self {
            Self::Literal { value, .. } => Some(*value),
            Self::Named(_) | Self::Derived(_) => None,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { value, .. } => write!(f, "{value}"),
            Self::Named(named) => write!(f, "{}", named.text),
            Self::Derived(derived) => write!(f, "{}", derived.text),
        }
    }
}

/// The shape of one sample between two layers.
#[derive(Clone)]
pub(crate) struct Shape {
    /// Outermost first; never empty.
    pub(crate) sizes: Vec<Size>,
    /// Of all sizes together.
    pub(crate) span: Span,
    /// Whether the first size is the most steps that a sample may have, and each sample has a number of its own.
    pub(crate) is_sequence: bool,
    /// Whether the values are whole numbers, such as words of a vocabulary.
    pub(crate) is_index: bool,
}

impl Shape {
    /// Numbers, as many for every sample.
    pub(crate) fn new(sizes: Vec<Size>, span: Span) -> Self {
        Self { sizes, span, is_sequence: false, is_index: false }
    }

    pub(crate) fn of(size: Size) -> Self {
        Self::new(vec![size.clone()], size.span())
    }

    /// Whether this shape is certainly not `other`: what only rustc can evaluate may be equal.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let differ = |(a, b): (&Size, &Size)| a.literal().zip(b.literal()).is_some_and(|(a, b)| a != b);
        self.sizes.len() != other.sizes.len() || self.sizes.iter().zip(&other.sizes).any(differ)
    }

    /// Where to point when this shape is not `other`: at the one literal that differs, or at the whole.
    pub(crate) fn span_against(&self, other: &Self) -> Span {
        let differs = |(a, b): &(&Size, &Size)| a.literal().zip(b.literal()).is_none_or(|(a, b)| a != b);
        let mut differing = self.sizes.iter().zip(&other.sizes).filter(differs);
        match (differing.next(), differing.next()) {
            (Some((size, _)), None) => size.span(),
            _ => self.span,
        }
    }

    /// The shape with one size that holds the same values.
    pub(crate) fn flat(&self) -> Self {
        let size = match self.sizes.as_slice() {
            [size] => size.clone(),
            sizes => {
                let text: Vec<String> = sizes.iter().map(ToString::to_string).collect();
                Size::derived(&PRODUCT, None, sizes.to_vec(), self.span, text.join("·"))
            }
        };
        Self::new(vec![size], self.span)
    }
}

/// The number of values in a shape.
pub(crate) static PRODUCT: Function<u64> = Function {
    path: &["layers", "flatten", "output_size"],
    takes_slice: true,
    evaluate: |sizes| sizes.iter().copied().fold(1, u64::saturating_mul),
};

/// `784` or `(28, 28)`
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sizes.as_slice() {
            [size] => write!(f, "{size}"),
            sizes => {
                let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
                write!(f, "({})", sizes.join(", "))
            }
        }
    }
}
