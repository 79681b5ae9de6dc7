//! `l1 = 1e-5`, `l2 = 1e-4`, `constraint = max_norm(2.0)`: rules for a layer's weight besides its gradient.

use proc_macro2::{Ident, Span};

use super::{Arguments, WordType};
use crate::vocabulary::CONSTRAINTS;

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
    let (word, span) = arguments.word("constraint", value, CONSTRAINTS)?;
    let (_, items) = value.call()?;
    let numbers: Option<Vec<f64>> =
        items.iter().map(|item| item.number().filter(|x| x.is_finite())).collect();
    let name = Ident::new(word.marker, span);
    let rule = |numbers| Some(WordType { module: "rules", name, numbers, words: Vec::new() });
    let message = match (word.name, numbers.as_deref()) {
        ("max_norm", Some(&[limit])) if limit > 0.0 => return rule(vec![limit]),
        ("max_norm", _) => "`max_norm` takes the largest norm, which is above 0: `max_norm(2.0)`".to_owned(),
        ("min_max_norm", Some(&[min, max])) if 0.0 <= min && min <= max && max > 0.0 => {
            return rule(vec![min, max, 1.0]);
        }
        ("min_max_norm", Some(&[min, max, rate]))
            if 0.0 <= min && min <= max && max > 0.0 && (0.0..=1.0).contains(&rate) =>
        {
            return rule(vec![min, max, rate]);
        }
        ("min_max_norm", _) => {
            "`min_max_norm` takes the smallest and the largest norm, and may take the share of the way \
                                to them, from 0 to 1: `min_max_norm(0.5, 2.0)`"
                .to_owned()
        }
        (_, Some([])) => return rule(Vec::new()),
        (written, _) => format!("`{written}` takes no numbers"),
    };
    arguments.error(span, message);
    None
}
