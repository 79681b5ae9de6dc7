//! `l1 = 1e-5`, `l2 = 1e-4`, `constraint = max_norm(2.0)`: rules for a layer's weight besides its gradient.

use proc_macro2::{Ident, Span};

use super::{Arguments, WordType};

/// The options `l1`, `l2` and `constraint`, as types of `layers::rules`.
pub(super) fn rules(arguments: &mut Arguments<'_>) -> Vec<WordType> {
    let module = "rules";
    let mut rules = Vec::new();
    let (l1, l2) = (factor(arguments, "l1"), factor(arguments, "l2"));
    if l1.is_some() || l2.is_some() {
        let name = Ident::new("L1L2", Span::mixed_site());
        let numbers = vec![l1.unwrap_or_default(), l2.unwrap_or_default()];
        rules.push(WordType { module, name, numbers, words: Vec::new() });
    }
    rules.extend(constraint(arguments));
    rules
}

/// A number that is not below zero.
fn factor(arguments: &mut Arguments<'_>, option: &str) -> Option<f64> {
    let value = arguments.option(option)?;
    let number = value.number().filter(|&number| number >= 0.0 && number.is_finite());
    if number.is_none() {
        arguments
            .error(value.span(), format!("`{option}` is a number not below 0, such as 1e-4, not `{value}`"));
    }
    number
}

fn constraint(arguments: &mut Arguments<'_>) -> Option<WordType> {
    let value = arguments.option("constraint")?;
    arguments.marker("constraint", value, &arguments.words.constraints, "constraints")
}
