//! `init = he_normal`, `init = constant(0.1)`, `init = variance_scaling(2.0, fan_in, normal)`

use proc_macro2::Ident;

use super::{Arguments, TypeArgument};
use crate::vocabulary::{DISTRIBUTIONS, FANS, INITIALIZERS};

/// The option `init`, as a type of `layers::initializers`.
pub(super) fn initializer(arguments: &mut Arguments<'_>) -> Option<TypeArgument> {
    let module = "initializers";
    let value = arguments.option("init")?;
    let (word, span) = arguments.word("initializer", value, INITIALIZERS)?;
    let (_, items) = value.call()?;
    let name = Ident::new(word.marker, span);
    match word.name {
        "constant" => match items {
            [item] if item.number().is_some_and(f64::is_finite) => {
                let numbers = item.number().into_iter().collect();
                return Some(TypeArgument::Numbers { module, name, numbers, words: Vec::new() });
            }
            _ => arguments.error(span, "`constant` takes its number: `constant(0.1)`"),
        },
        "variance_scaling" => {
            let scale = items
                .first()
                .and_then(|item| item.number().filter(|&scale| scale > 0.0 && scale.is_finite()));
            let (Some(scale), 1..=3) = (scale, items.len()) else {
                let message = "`variance_scaling` takes its scale, which is above 0, and may take what it divides by and \
                               what it draws from: `variance_scaling(2.0, fan_in, truncated_normal)`";
                arguments.error(span, message);
                return None;
            };
            let mut words = Vec::new();
            for (place, (what, known)) in
                [("fan", FANS), ("distribution", DISTRIBUTIONS)].into_iter().enumerate()
            {
                let (word, span) = match items.get(place + 1) {
                    Some(item) => arguments.word(what, item, known)?,
                    None => (&known[0], span),
                };
                words.push(Ident::new(word.marker, span));
            }
            return Some(TypeArgument::Numbers { module, name, numbers: vec![scale], words });
        }
        _ if items.is_empty() => return Some(TypeArgument::Marker { module, name }),
        written => arguments.error(items[0].span(), format!("`{written}` takes no numbers")),
    }
    None
}
