//! The mistakes found so far, each under its token.

use std::collections::HashMap;

use proc_macro2::{Span, TokenStream};

/// Collects mistakes, so that one run of the compiler shows all of them.
#[derive(Default)]
pub(crate) struct Report {
    errors: Vec<syn::Error>,
    /// What is read: an item as it is written, by its address, and which of its uses.
    reading: Option<(usize, usize)>,
    /// The use in which something is wrong first, by the item and the place.
    first: HashMap<(usize, String), usize>,
    /// Mistakes that an earlier use of their item shows.
    repeated: usize,
}

impl Report {
    /// From here on, mistakes are those of one use of an item. An item of a block is read for every use of the
    /// block: what is wrong at a place in it is one mistake, and shown for the first use that has it.
    pub(crate) fn read<Item>(&mut self, item: &Item, number: usize) {
        self.reading = Some((std::ptr::from_ref(item).addr(), number));
    }

    pub(crate) fn error(&mut self, span: Span, message: impl std::fmt::Display) {
        if let Some((item, number)) = self.reading {
            // Places cannot be compared, but their text can.
            let first = *self.first.entry((item, format!("{span:?}"))).or_insert(number);
            if first != number {
                self.repeated += 1;
                return;
            }
        }
        self.errors.push(syn::Error::new(span, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The number of mistakes.
    pub(crate) fn count(&self) -> usize {
        self.errors.len() + self.repeated
    }

    /// One `compile_error!` per mistake.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }

    /// The first mistake as an expression, for [`expand`](crate::expand) to build a type of, and the others as items.
    pub(crate) fn split(mut self) -> (Option<TokenStream>, TokenStream) {
        if self.errors.is_empty() {
            return (None, TokenStream::new());
        }
        let first = self.errors.remove(0).to_compile_error();
        (Some(first), self.into_tokens())
    }

    /// What each mistake says, and the text that it underlines.
    #[cfg(test)]
    pub(crate) fn underlined(&self) -> Vec<(String, String)> {
        let place = |error: &syn::Error| error.span().source_text().unwrap_or_default();
        self.errors.iter().map(|error| (error.to_string(), place(error))).collect()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).collect()
    }
}
