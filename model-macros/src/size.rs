//! Sizes and shapes as the checker knows them: a number, what only rustc can evaluate, or a product.

use std::fmt;

use proc_macro2::{Span, TokenStream};

use crate::ast::Path;

/// One size of a shape.
#[derive(Clone)]
pub(crate) enum Size {
    /// `784`
    Literal { value: u64, span: Span },
    /// A type or a constant.
    Named(Named),
    /// What `Flatten` makes of a shape that is not all literals.
    Product(Vec<Size>),
}

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
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal { span, .. } => *span,
            Self::Named(named) => named.span,
            Self::Product(factors) => factors.first().map_or_else(Span::mixed_site, Size::span),
        }
    }

    pub(crate) fn literal(&self) -> Option<u64> {
        match self {
            Self::Literal { value, .. } => Some(*value),
            Self::Named(_) | Self::Product(_) => None,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { value, .. } => write!(f, "{value}"),
            Self::Named(named) => write!(f, "{}", named.text),
            Self::Product(factors) => {
                let factors: Vec<String> = factors.iter().map(ToString::to_string).collect();
                write!(f, "{}", factors.join("·"))
            }
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
}

impl Shape {
    pub(crate) fn of(size: Size) -> Self {
        Self { span: size.span(), sizes: vec![size] }
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
        let literals: Option<Vec<u64>> = self.sizes.iter().map(Size::literal).collect();
        let product = literals.and_then(|values| values.into_iter().try_fold(1_u64, u64::checked_mul));
        let size = match (product, self.sizes.as_slice()) {
            (_, [size]) => size.clone(),
            (Some(value), _) => Size::Literal { value, span: self.span },
            (None, sizes) => Size::Product(sizes.to_vec()),
        };
        Self { sizes: vec![size], span: self.span }
    }
}

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
