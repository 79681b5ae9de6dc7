//! The mistakes found so far, each under its token.

use proc_macro2::{Span, TokenStream};

/// Collects mistakes, so that one run of the compiler shows all of them.
#[derive(Default)]
pub(crate) struct Report {
    errors: Vec<syn::Error>,
}

impl Report {
    pub(crate) fn error(&mut self, span: Span, message: impl std::fmt::Display) {
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
        self.errors.len()
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

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.errors.iter().map(ToString::to_string).collect()
    }
}
