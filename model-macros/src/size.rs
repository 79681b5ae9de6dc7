//! Sizes and shapes as the checker knows them: a number, a type that only rustc can evaluate, or a product.

use std::fmt;

use proc_macro2::Span;

use crate::ast::Path;

/// One size of a shape.
#[derive(Clone)]
pub(crate) enum Size {
    /// `784`
    Literal { value: u64, span: Span },
    /// A path to a typenum type.
    Type(Path),
    /// What `Flatten` makes of a shape that is not all literals.
    Product(Vec<Size>),
}

impl Size {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Literal { span, .. } => *span,
            Self::Type(path) => path.last().span(),
            Self::Product(factors) => factors.first().map_or_else(Span::mixed_site, Size::span),
        }
    }

    pub(crate) fn literal(&self) -> Option<u64> {
        match self {
            Self::Literal { value, .. } => Some(*value),
            Self::Type(_) | Self::Product(_) => None,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { value, .. } => write!(f, "{value}"),
            Self::Type(path) => write!(f, "{path}"),
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
