//! Names of the expansion: aliases of sizes and layers that meet no name of the user's.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::imports::IMPORTS;
use crate::ast;
use crate::ast::Path;
use crate::kinds::Types;
use crate::size::{Derived, Function, Named, Namespace, Shape, Size};
use crate::suggest::camel_case;

pub(crate) struct Names<'a> {
    model: &'a ast::Model,
    taken: HashSet<String>,
    /// The user's paths, as the outer block calls them.
    written: Vec<(Ident, Path)>,
    /// By the size as written.
    sizes: BTreeMap<String, NamedSize>,
    /// Derived sizes with an alias, in the order of the layers whose sizes they are.
    derived: Vec<(Rc<Derived>, Ident)>,
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
        // Type parameters of the passes.
        taken.extend(["B", "E", "R"].map(str::to_owned));
        Self { model, taken, written: Vec::new(), sizes: BTreeMap::new(), derived: Vec::new() }
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
    pub(crate) fn alias(&mut self, layer: &str) -> Ident {
        self.unique(&camel_case(&layer.replace('.', "_")))
    }

    /// The struct's name in the inner block, and its alias where an import hides it.
    pub(crate) fn this(&mut self) -> (Ident, TokenStream) {
        let name = &self.model.name;
        if IMPORTS.iter().any(|import| name == import) {
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

    /// Gives the derived sizes of a layer's output names: `Conv2d1Height`.
    pub(crate) fn name_sizes(&mut self, layer: &Ident, output: &Shape) {
        let what: &[&str] = match output.sizes.len() {
            1 => &["Size"],
            3 => &["Channels", "Height", "Width"],
            _ => &["Size1", "Size2", "Size3", "Size4"],
        };
        for (size, what) in output.sizes.iter().zip(what) {
            let Size::Derived(derived) = size else { continue };
            if self.alias_of(derived).is_none() {
                let alias = self.unique(&format!("{layer}{what}"));
                self.derived.push((derived.clone(), alias));
            }
        }
    }

    fn alias_of(&self, derived: &Rc<Derived>) -> Option<&Ident> {
        // A size that arrives is most often that of the last layer.
        let mut known = self.derived.iter().rev();
        known.find(|(known, _)| Rc::ptr_eq(known, derived)).map(|(_, alias)| alias)
    }

    /// What says that sizes are sizes: if it is false, another error says so already.
    pub(crate) fn facts(&mut self, shape: &Shape) -> Vec<TokenStream> {
        self.facts_of(&shape.sizes)
    }

    pub(crate) fn facts_of(&mut self, sizes: &[Size]) -> Vec<TokenStream> {
        fn collect(names: &mut Names<'_>, size: &Size, into: &mut Vec<TokenStream>) {
            match size {
                Size::Literal { .. } => {}
                Size::Named(named) => {
                    let fact = &names.named_size(named).fact;
                    into.push(quote!(#fact));
                }
                Size::Derived(derived) => match names.alias_of(derived).cloned() {
                    Some(alias) => into.push(quote!(<#alias as Size>::VALUE != 0)),
                    None => derived.arguments.iter().for_each(|argument| collect(names, argument, into)),
                },
            }
        }
        let mut facts = Vec::new();
        sizes.iter().for_each(|size| collect(self, size, &mut facts));
        facts
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
            Size::Derived(derived) => match self.alias_of(derived) {
                Some(alias) => quote!(<#alias as Size>::VALUE),
                None => self.call(derived.rule, &derived.arguments),
            },
        }
    }

    /// `::typenet::kernels::window::output_size(WIDTH_SIZE, 5, 1, 4, 1)`
    pub(crate) fn call<T>(&mut self, function: &Function<T>, arguments: &[Size]) -> TokenStream {
        let root = &self.model.root;
        let path = function.path.iter().map(|name| Ident::new(name, Span::mixed_site()));
        let path = quote!(#root #(::#path)*);
        let arguments: Vec<_> = arguments.iter().map(|argument| self.size_value(argument)).collect();
        if function.takes_slice { quote!(#path(&[#(#arguments),*])) } else { quote!(#path(#(#arguments),*)) }
    }

    /// An alias for each derived size of a layer's output.
    pub(crate) fn derived_sizes(&mut self) -> TokenStream {
        let root = &self.model.root.clone();
        let mut aliases = TokenStream::new();
        for (derived, alias) in self.derived.clone() {
            let value = self.call(derived.rule, &derived.arguments);
            let mut conditions = self.facts_of(&derived.arguments);
            conditions.extend(derived.fits.map(|fits| self.call(fits, &derived.arguments)));
            let value = match conditions.as_slice() {
                [] => value,
                conditions => quote!(if #(#conditions)&&* { #value } else { 0 }),
            };
            aliases.extend(quote!(type #alias = #root::schema::Const<{ #value }>;));
        }
        aliases
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

impl Types for Names<'_> {
    fn root(&self) -> TokenStream {
        self.model.root.clone()
    }

    fn size(&mut self, size: &Size) -> TokenStream {
        let root = &self.model.root;
        match size {
            Size::Literal { value: value @ ..=1024, .. } => {
                let name = format_ident!("U{value}", span = Span::mixed_site());
                quote!(#root::typenum::consts::#name)
            }
            Size::Named(named) => {
                let alias = &self.named_size(named).alias;
                quote!(#alias)
            }
            Size::Derived(derived) if self.alias_of(derived).is_some() => {
                let alias = self.alias_of(derived);
                quote!(#alias)
            }
            Size::Literal { .. } | Size::Derived(_) => {
                let value = self.number(size);
                quote!(#root::schema::Const<#value>)
            }
        }
    }

    fn number(&mut self, size: &Size) -> TokenStream {
        let value = self.size_value(size);
        match size {
            Size::Literal { .. } => value,
            Size::Named(_) | Size::Derived(_) => quote!({ #value }),
        }
    }
}

impl NamedSize {
    /// The names of what is stated of a size: that it is one, and that it is not too large.
    pub(crate) fn checks(alias: &Ident) -> [Ident; 2] {
        [format_ident!("{alias}IsSize"), format_ident!("{alias}Fits")]
    }
}
