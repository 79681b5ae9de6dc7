//! The `model!` macro: parse → resolve → check → expand.
//!
//! ```text
//! parse     tokens to a tree with spans; judges nothing, goes on after a mistake
//! graph     blocks, repetitions and branches written out, names looked up: layers, each with what it takes
//! check     one function per rule; collects every mistake; gives a model in which every shape is known
//! kinds     one file per built-in layer: its arguments, its shapes, its type
//! expand    cannot fail: the struct, its implementations, and one obligation per joint for rustc to prove
//! ```
//!
//! The macro proves no equation between sizes. It writes each as an obligation with a message of its own, and
//! rustc refuses those that do not hold: so literals, typenum types and other models are judged alike.

#![forbid(unsafe_code)]

mod ast;
mod check;
mod expand;
mod graph;
mod kinds;
mod names;
mod parse;
mod report;
mod size;
mod suggest;
#[cfg(test)]
mod tests;
mod vocabulary;

/// Declares a model. Called through `typenet::model!`, which passes its own crate root first.
#[doc(hidden)]
#[proc_macro]
pub fn model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    model_tokens(input.into()).into()
}

fn model_tokens(input: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut report = report::Report::default();
    let Some(parsed) = parse::invocation(input, &mut report) else {
        return report.into_tokens();
    };
    let graph = graph::resolve(&parsed, &mut report);
    let model = check::model(&graph, &mut report);
    let (mistake, mut tokens) = report.split();
    tokens.extend(expand::model(&model, mistake));
    tokens
}
