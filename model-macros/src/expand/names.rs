//! Names of the expansion: aliases of sizes and layers that meet no name of the user's.

use std::collections::{BTreeMap, HashSet};

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::ast;
use crate::ast::Path;
use crate::size::{Shape, Size};

pub(crate) struct Names<'a> {
    model: &'a ast::Model,
    taken: HashSet<String>,
    /// By the size as written.
    paths: BTreeMap<String, SizeAlias>,
    /// Literals that typenum has no name for.
    literals: BTreeMap<u64, Ident>,
}

struct SizeAlias {
    path: Path,
    alias: Ident,
    value: Ident,
}

impl<'a> Names<'a> {
    pub(crate) fn new(model: &'a ast::Model, imports: &[&str]) -> Self {
        let mut taken = model.idents.clone();
        taken.extend(imports.iter().map(ToString::to_string));
        Self { model, taken, paths: BTreeMap::new(), literals: BTreeMap::new() }
    }

    /// `wanted`, or `wanted` with underscores behind it.
    pub(crate) fn unique(&mut self, wanted: &str) -> Ident {
        let mut name = wanted.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        Ident::new(&name, Span::mixed_site())
    }

    /// `dense_1` as `Dense1`.
    pub(crate) fn alias(&mut self, layer: &Ident) -> Ident {
        self.unique(&camel_case(&layer.to_string()))
    }

    /// The struct's name in the inner block, and its alias where an import hides it.
    pub(crate) fn this(&mut self) -> (Ident, TokenStream) {
        let name = &self.model.name;
        if super::IMPORTS.iter().any(|import| name == import) {
            let alias = self.unique("This");
            (alias.clone(), quote!(type #alias = #name;))
        } else {
            (Ident::new(&name.to_string(), Span::mixed_site().located_at(name.span())), TokenStream::new())
        }
    }

    fn path(&mut self, path: &Path) -> &SizeAlias {
        let key = path.tokens.to_string();
        if !self.paths.contains_key(&key) {
            let name = path.last().to_string();
            let alias = self.unique(&format!("{}Size", camel_case(&name)));
            let value = self.unique(&format!("{}_SIZE", name.to_uppercase()));
            self.paths.insert(key.clone(), SizeAlias { path: path.clone(), alias, value });
        }
        &self.paths[&key]
    }

    /// A size as a typenum type.
    pub(crate) fn size_type(&mut self, size: &Size, root: &TokenStream) -> TokenStream {
        match size {
            Size::Literal { value: value @ ..=1024, .. } => {
                let name = format_ident!("U{value}", span = Span::mixed_site());
                quote!(#root::typenum::consts::#name)
            }
            Size::Literal { value, .. } => {
                let value = *value;
                if !self.literals.contains_key(&value) {
                    let alias = self.unique(&format!("U{value}"));
                    self.literals.insert(value, alias);
                }
                let alias = &self.literals[&value];
                quote!(#alias)
            }
            Size::Type(path) => {
                let alias = &self.path(path).alias;
                quote!(#alias)
            }
            Size::Product(factors) => {
                let factors: Vec<_> = factors.iter().map(|factor| self.size_type(factor, root)).collect();
                let product = factors.into_iter().reduce(|a, b| quote!(#root::typenum::Prod<#a, #b>));
                product.expect("a shape has a size")
            }
        }
    }

    /// A size as an expression of type `usize`.
    pub(crate) fn size_value(&mut self, size: &Size) -> TokenStream {
        match size {
            Size::Literal { value, .. } => {
                let value = Literal::u64_unsuffixed(*value);
                quote!(#value)
            }
            Size::Type(path) => {
                let value = &self.path(path).value;
                quote!(#value)
            }
            Size::Product(factors) => {
                let factors: Vec<_> = factors.iter().map(|factor| self.size_value(factor)).collect();
                quote!(#(#factors)**)
            }
        }
    }

    /// A size as a generic argument.
    pub(crate) fn size_argument(&mut self, size: &Size) -> TokenStream {
        let value = self.size_value(size);
        match size {
            Size::Literal { .. } => value,
            Size::Type(_) | Size::Product(_) => quote!({ #value }),
        }
    }

    /// `(U28, U28)`
    pub(crate) fn shape_type(&mut self, shape: &Shape, root: &TokenStream) -> TokenStream {
        let sizes: Vec<_> = shape.sizes.iter().map(|size| self.size_type(size, root)).collect();
        quote!((#(#sizes,)*))
    }

    /// The aliases of sizes, to stand before their uses.
    pub(crate) fn declarations(&self, root: &TokenStream) -> TokenStream {
        let paths = self.paths.values().map(|SizeAlias { path, alias, value }| {
            let written = &path.tokens;
            quote! {
                type #alias = #written;
                const #value: #root::__private::usize = <#alias as #root::typenum::Unsigned>::USIZE;
            }
        });
        let literals = self.literals.iter().map(|(value, alias)| {
            let number = binary(*value, root);
            quote!(type #alias = #number;)
        });
        quote!(#(#paths)* #(#literals)*)
    }
}

/// A number as typenum writes it: bit by bit, the highest innermost.
fn binary(value: u64, root: &TokenStream) -> TokenStream {
    if value == 0 {
        return quote!(#root::typenum::UTerm);
    }
    let high = binary(value / 2, root);
    let bit = format_ident!("B{}", value % 2, span = Span::mixed_site());
    quote!(#root::typenum::UInt<#high, #root::typenum::#bit>)
}

fn camel_case(snake: &str) -> String {
    let mut camel = String::new();
    for word in snake.trim_start_matches("r#").split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.push_str(letters.as_str());
    }
    camel
}
