//! Names of the expansion: aliases of sizes and layers that meet no name of the user's.

use std::collections::{BTreeMap, HashSet};

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::ast;
use crate::ast::Path;
use crate::size::{Named, Namespace, Shape, Size};
use crate::suggest::camel_case;

pub(crate) struct Names<'a> {
    model: &'a ast::Model,
    taken: HashSet<String>,
    /// The user's paths, as the outer block calls them.
    written: Vec<(Ident, Path)>,
    /// By the size as written.
    sizes: BTreeMap<String, NamedSize>,
}

/// A size that is a type or a constant.
pub(crate) struct NamedSize {
    pub(crate) size: Named,
    /// The size in the outer block.
    pub(crate) written: Ident,
    /// The size as a type, or an error where it is none.
    pub(crate) alias: Ident,
    /// Its value.
    pub(crate) value: Ident,
    /// The number that is written, 0 for a type that is none; may be no size.
    pub(crate) number: Ident,
    /// Whether that is a size.
    pub(crate) fact: Ident,
}

impl<'a> Names<'a> {
    pub(crate) fn new(model: &'a ast::Model, imports: &[&str]) -> Self {
        let mut taken = model.idents.clone();
        taken.extend(imports.iter().map(ToString::to_string));
        Self { model, taken, written: Vec::new(), sizes: BTreeMap::new() }
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

    fn named_size(&mut self, size: &Named) -> &NamedSize {
        let key = size.tokens.to_string();
        if !self.sizes.contains_key(&key) {
            let (camel, upper) = (camel_case(&size.name), size.name.trim_start_matches("r#").to_uppercase());
            let size = NamedSize {
                size: size.clone(),
                written: self.unique(&format!("Written{camel}")),
                alias: self.unique(&format!("{camel}Size")),
                value: self.unique(&format!("{upper}_SIZE")),
                number: self.unique(&format!("{upper}_NUMBER")),
                fact: self.unique(&format!("{upper}_IS_SIZE")),
            };
            self.sizes.insert(key.clone(), size);
        }
        &self.sizes[&key]
    }

    /// Every size that is a type or a constant.
    pub(crate) fn named_sizes(&self) -> impl Iterator<Item = &NamedSize> {
        self.sizes.values()
    }

    /// The facts that what a shape names are sizes.
    pub(crate) fn facts(&mut self, shape: &Shape) -> Vec<Ident> {
        fn collect(names: &mut Names<'_>, size: &Size, into: &mut Vec<Ident>) {
            match size {
                Size::Literal { .. } => {}
                Size::Named(named) => into.push(names.named_size(named).fact.clone()),
                Size::Product(factors) => factors.iter().for_each(|factor| collect(names, factor, into)),
            }
        }
        let mut facts = Vec::new();
        shape.sizes.iter().for_each(|size| collect(self, size, &mut facts));
        facts
    }

    /// A size as a type.
    pub(crate) fn size_type(&mut self, size: &Size, root: &TokenStream) -> TokenStream {
        match size {
            Size::Literal { value: value @ ..=1024, .. } => {
                let name = format_ident!("U{value}", span = Span::mixed_site());
                quote!(#root::typenum::consts::#name)
            }
            Size::Named(named) => {
                let alias = &self.named_size(named).alias;
                quote!(#alias)
            }
            Size::Literal { .. } | Size::Product(_) => {
                let value = self.size_argument(size);
                quote!(#root::schema::Const<#value>)
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
            Size::Named(named) => {
                let value = &self.named_size(named).value;
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
            Size::Named(_) | Size::Product(_) => quote!({ #value }),
        }
    }

    /// `(U28, U28)`
    pub(crate) fn shape_type(&mut self, shape: &Shape, root: &TokenStream) -> TokenStream {
        let sizes: Vec<_> = shape.sizes.iter().map(|size| self.size_type(size, root)).collect();
        quote!((#(#sizes,)*))
    }

    /// The user's paths and constants, for the outer block.
    pub(crate) fn written(&self) -> TokenStream {
        let root = &self.model.root;
        let paths = self.written.iter().map(|(alias, path)| {
            let path = &path.tokens;
            quote!(type #alias = #path;)
        });
        let sizes = self.sizes.values().map(|NamedSize { size, written, .. }| {
            let tokens = &size.tokens;
            match size.namespace {
                Namespace::Type => quote!(type #written = #tokens;),
                Namespace::Constant => quote! {
                    #[allow(unused_braces)]
                    const #written: #root::__private::usize = #tokens;
                },
                // All at the user's name, which an error then underlines.
                Namespace::Either => {
                    let place = Span::mixed_site().located_at(size.span);
                    let written = Ident::new(&written.to_string(), place);
                    quote_spanned!(place=> #[allow(unused_imports)] use #tokens as #written;)
                }
            }
        });
        quote!(#(#paths)* #(#sizes)*)
    }

    /// A type and a constant around the outer block for each name that is one of both: what the name is hides one of
    /// them, and the other is found in its place.
    pub(crate) fn neither(&self) -> TokenStream {
        let root = &self.model.root;
        let either = self.sizes.values().filter(|size| size.size.namespace == Namespace::Either);
        let neither = either.map(|NamedSize { written, .. }| {
            quote! {
                #[allow(dead_code)]
                type #written = ();
                #[allow(dead_code, non_upper_case_globals)]
                const #written: #root::__private::usize = #root::__private::usize::MAX;
            }
        });
        neither.collect()
    }

    /// The sizes that are no literals, for the inner block.
    pub(crate) fn sizes(&self, [stated, of]: &[Ident; 2]) -> TokenStream {
        let root = &self.model.root;
        let sizes = self.sizes.values().map(|NamedSize { size, written, alias, value, number, fact }| {
            let [is_size, fits] = NamedSize::checks(alias);
            // Where the type of a constant is said to be wrong.
            let constant = Ident::new(&written.to_string(), Span::mixed_site().located_at(size.span));
            let constant_type = quote!(#root::schema::Const<{ #value }>);
            let (number_is, size_type) = match size.namespace {
                Namespace::Type => {
                    (quote!(Probe::<#written>::NUMBER), quote!(<[(); #value * 0] as Checked>::Then<#written>))
                }
                Namespace::Constant => (quote!(#written as u128), constant_type),
                Namespace::Either => (
                    quote_spanned! {constant.span()=>
                        either({ let constant: usize = #constant; constant }, Probe::<#written>::NUMBER)
                    },
                    constant_type,
                ),
            };
            quote! {
                const #number: u128 = #number_is;
                const #fact: bool = is_size(#number);
                const #value: usize = #number as usize + <#of as #stated>::#is_size + <#of as #stated>::#fits;
                type #alias = #size_type;
            }
        });
        quote!(#(#sizes)*)
    }
}

impl NamedSize {
    /// The names of what is stated of a size: that it is one, and that it is not too large.
    pub(crate) fn checks(alias: &Ident) -> [Ident; 2] {
        [format_ident!("{alias}IsSize"), format_ident!("{alias}Fits")]
    }
}
