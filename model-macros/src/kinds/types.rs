//! Types of the runtime, as tokens: what a kind writes, once the expansion has names for all sizes.

use std::rc::Rc;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::size::{Shape, Size};

/// Sizes and paths as tokens.
pub(crate) trait Types {
    /// `::typenet`
    fn root(&self) -> TokenStream;

    /// A size as a type: `U784`, `WidthSize`.
    fn size(&mut self, size: &Size) -> TokenStream;

    /// A size as an argument of type `usize`: `784`, `{ WIDTH_SIZE }`.
    fn number(&mut self, size: &Size) -> TokenStream;

    /// `(U28, U28)`, or of a sequence `Steps<U40, (U64,)>`
    fn shape(&mut self, shape: &Shape) -> TokenStream {
        let root = self.root();
        let sizes: Vec<_> = shape.sizes.iter().map(|size| self.size(size)).collect();
        match sizes.as_slice() {
            [steps, sizes @ ..] if shape.is_sequence => quote!(#root::layers::Steps<#steps, (#(#sizes,)*)>),
            sizes => quote!((#(#sizes,)*)),
        }
    }

    /// `IndexSteps<U40, U1000>`, or without a length for each sample `Index<(U40,), U1000>`
    fn indices(&mut self, shape: &Shape, below: &Size) -> TokenStream {
        let root = self.root();
        let sizes: Vec<_> = shape.sizes.iter().map(|size| self.size(size)).collect();
        let below = self.size(below);
        if shape.is_sequence {
            quote!(#root::layers::IndexSteps<#(#sizes,)* #below>)
        } else {
            quote!(#root::layers::Index<(#(#sizes,)*), #below>)
        }
    }

    /// `::typenet::layers::dense::Dense`, with the span of `name`.
    fn path(&self, module: &'static str, name: &Ident) -> TokenStream {
        let (root, module) = (self.root(), Ident::new(module, Span::mixed_site()));
        quote!(#root::layers::#module::#name)
    }
}

/// A type, or a list of generic arguments, that is written when sizes have names.
#[derive(Clone)]
pub(crate) struct TypeTokens(Rc<WriteType>);

type WriteType = dyn Fn(&mut dyn Types) -> TokenStream;

impl TypeTokens {
    pub(crate) fn new(write: impl Fn(&mut dyn Types) -> TokenStream + 'static) -> Self {
        Self(Rc::new(write))
    }

    pub(crate) fn write(&self, types: &mut dyn Types) -> TokenStream {
        (self.0)(types)
    }
}

/// What a word of the vocabulary stands for: a type of `layers::module`, with numbers and then types of the same module as its generic
/// arguments.
#[derive(Clone)]
pub(crate) struct WordType {
    pub(crate) module: &'static str,
    pub(crate) name: Ident,
    pub(crate) numbers: Vec<f64>,
    pub(crate) words: Vec<Ident>,
}

impl WordType {
    /// A type without generic arguments.
    pub(crate) fn plain(module: &'static str, name: Ident) -> Self {
        Self { module, name, numbers: Vec::new(), words: Vec::new() }
    }

    /// A type that no word is written for.
    pub(crate) fn default(module: &'static str, name: &str) -> Self {
        Self::plain(module, Ident::new(name, Span::mixed_site()))
    }

    pub(crate) fn write(&self, types: &dyn Types) -> TokenStream {
        let path = types.path(self.module, &self.name);
        let numbers = self.numbers.iter().map(|&number| {
            let sign = (number < 0.0).then(|| quote!(-));
            let number = Literal::f64_unsuffixed(number.abs());
            quote!({ f64::to_bits(#sign #number) })
        });
        let words = self.words.iter().map(|word| types.path(self.module, word));
        let arguments: Vec<_> = numbers.chain(words).collect();
        if arguments.is_empty() { path } else { quote!(#path<#(#arguments),*>) }
    }
}

/// The last argument of the type of a layer whose weight is trained by rules; nothing without rules.
pub(crate) fn rule_type(rules: &[WordType], types: &dyn Types) -> TokenStream {
    let root = types.root();
    let rules = rules.iter().map(|rule| rule.write(types));
    let all = rules.reduce(|all, rule| quote!(#root::layers::rules::Both<#all, #rule>));
    all.map_or_else(TokenStream::new, |rule| quote!(, #rule))
}

/// Whether a layer has a bias, as a type, and how it starts where that is written.
pub(crate) fn bias_type(has_bias: bool, init: Option<&WordType>, types: &dyn Types) -> TokenStream {
    let name = Ident::new(if has_bias { "WithBias" } else { "NoBias" }, Span::mixed_site());
    let path = types.path("dense", &name);
    match init {
        Some(init) => {
            let init = init.write(types);
            quote!(#path<#init>)
        }
        None => path,
    }
}
