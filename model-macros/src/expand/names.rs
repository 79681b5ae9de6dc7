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
    /// The user's paths, as the outer block calls them.
    written: Vec<(Ident, Path)>,
    /// By the size as written.
    sizes: BTreeMap<String, TypeSize>,
    /// Literals that typenum has no name for.
    literals: BTreeMap<u64, Ident>,
}

/// A size that is given as a type.
pub(crate) struct TypeSize {
    pub(crate) path: Path,
    /// The path in the outer block.
    pub(crate) written: Ident,
    /// The size, or an error where the path is none.
    pub(crate) alias: Ident,
    /// Its value.
    pub(crate) value: Ident,
    /// Whether the path is a size.
    pub(crate) fact: Ident,
}

impl<'a> Names<'a> {
    pub(crate) fn new(model: &'a ast::Model, imports: &[&str]) -> Self {
        let mut taken = model.idents.clone();
        taken.extend(imports.iter().map(ToString::to_string));
        Self { model, taken, written: Vec::new(), sizes: BTreeMap::new(), literals: BTreeMap::new() }
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

    /// The name of a user's path in the outer block. It is like no path, so that rustc never suggests it.
    pub(crate) fn written_alias(&mut self, name: &str, path: &Path) -> Ident {
        let alias = self.unique(&format!("Written{name}"));
        self.written.push((alias.clone(), path.clone()));
        alias
    }

    fn type_size(&mut self, path: &Path) -> &TypeSize {
        let key = path.tokens.to_string();
        if !self.sizes.contains_key(&key) {
            let name = path.last().to_string();
            let (camel, upper) = (camel_case(&name), name.to_uppercase());
            let size = TypeSize {
                path: path.clone(),
                written: self.written_alias(&camel, path),
                alias: self.unique(&format!("{camel}Size")),
                value: self.unique(&format!("{upper}_SIZE")),
                fact: self.unique(&format!("{upper}_IS_SIZE")),
            };
            self.sizes.insert(key.clone(), size);
        }
        &self.sizes[&key]
    }

    /// Every size that is given as a type.
    pub(crate) fn type_sizes(&self) -> impl Iterator<Item = &TypeSize> {
        self.sizes.values()
    }

    /// The facts that a shape's types are sizes.
    pub(crate) fn facts(&mut self, shape: &Shape) -> Vec<Ident> {
        fn collect(names: &mut Names<'_>, size: &Size, into: &mut Vec<Ident>) {
            match size {
                Size::Literal { .. } => {}
                Size::Type(path) => into.push(names.type_size(path).fact.clone()),
                Size::Product(factors) => factors.iter().for_each(|factor| collect(names, factor, into)),
            }
        }
        let mut facts = Vec::new();
        shape.sizes.iter().for_each(|size| collect(self, size, &mut facts));
        facts
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
                let alias = &self.type_size(path).alias;
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
                let value = &self.type_size(path).value;
                quote!(#value)
            }
            Size::Product(factors) => {
                let factors: Vec<_> = factors.iter().map(|factor| self.size_value(factor)).collect();
                factors.into_iter().reduce(|a, b| quote!(#a * #b)).expect("a shape has a size")
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

    /// The user's paths, for the outer block.
    pub(crate) fn written(&self) -> TokenStream {
        let aliases = self.written.iter().map(|(alias, path)| {
            let path = &path.tokens;
            quote!(type #alias = #path;)
        });
        quote!(#(#aliases)*)
    }

    /// The sizes that are no literals typenum has a name for, for the inner block.
    pub(crate) fn sizes(&self, [stated, of]: &[Ident; 2]) -> TokenStream {
        let types = self.sizes.values().map(|TypeSize { written, alias, value, fact, .. }| {
            let check = format_ident!("{alias}IsSize");
            quote! {
                const #fact: bool = Probe::<#written>::IS_SIZE;
                type #alias = <[(); <#of as #stated>::#check] as Checked>::Then<#written>;
                const #value: usize = <#alias as Unsigned>::USIZE;
            }
        });
        let literals = self.literals.iter().map(|(value, alias)| {
            let number = binary(*value, &self.model.root);
            quote!(type #alias = #number;)
        });
        quote!(#(#types)* #(#literals)*)
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
