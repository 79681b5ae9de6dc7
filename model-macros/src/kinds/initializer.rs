//! `init = he_normal`, `init = constant(0.1)`, `init = random_normal(stddev = 0.02)`,
//! `init = variance_scaling(2.0, fan_in, normal)`, `bias_init = constant(0.1)`

use proc_macro2::Ident;

use super::{Arguments, WordType};
use crate::ast::Value;
use crate::suggest::{nearest, typos};
use crate::vocabulary::{DISTRIBUTIONS, FANS, INITIALIZERS};

/// The option `init`, as a type of `layers::initializers`.
pub(super) fn initializer(arguments: &mut Arguments<'_>) -> Option<WordType> {
    let value = arguments.option("init")?;
    read(arguments, value)
}

/// The option `bias_init`, as a type of `layers::initializers`.
pub(super) fn bias_initializer(arguments: &mut Arguments<'_>, has_bias: bool) -> Option<WordType> {
    let value = arguments.option("bias_init")?;
    if !has_bias {
        arguments.error(value.span(), "`bias = false` leaves no bias to start");
        return None;
    }
    if let Some((word, _)) = value.call()
        && INITIALIZERS.iter().any(|known| word == known.name)
        && !OF_A_BIAS.iter().any(|known| word == known)
    {
        let known = OF_A_BIAS.join(", ");
        arguments.error(value.span(), format!("`{word}` is for a matrix; a bias starts with one of {known}"));
        return None;
    }
    read(arguments, value)
}

/// The initializers that do not look at the shape of a weight.
const OF_A_BIAS: [&str; 6] =
    ["zeros", "ones", "constant", "random_normal", "random_uniform", "truncated_normal"];

fn read(arguments: &mut Arguments<'_>, value: &Value) -> Option<WordType> {
    let module = "initializers";
    let (word, span) = arguments.word("initializer", value, INITIALIZERS)?;
    let (_, items) = value.call()?;
    let name = Ident::new(word.marker, span);
    match word.name {
        "constant" => match items {
            [item] if item.number().is_some_and(f64::is_finite) => {
                let numbers = item.number().into_iter().collect();
                return Some(WordType { module, name, numbers, words: Vec::new() });
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
            return Some(WordType { module, name, numbers: vec![scale], words });
        }
        _ if items.is_empty() => return Some(WordType::plain(module, name)),
        "random_normal" | "truncated_normal" => {
            let [mean, stddev] = named(arguments, word.name, items, [("mean", 0.0), ("stddev", 0.05)])?;
            if stddev > 0.0 {
                let numbers = vec![mean, stddev];
                return Some(WordType { module, name, numbers, words: Vec::new() });
            }
            arguments.error(span, format!("the `stddev` of `{}` is above 0, not {stddev}", word.name));
        }
        "random_uniform" => {
            let [min, max] = named(arguments, word.name, items, [("minval", -0.05), ("maxval", 0.05)])?;
            if min < max {
                let numbers = vec![min, max];
                return Some(WordType { module, name, numbers, words: Vec::new() });
            }
            arguments
                .error(span, format!("`random_uniform` draws from below `maxval`: not from {min} to {max}"));
        }
        written => arguments.error(items[0].span(), format!("`{written}` takes no numbers")),
    }
    None
}

/// Two numbers of an initializer, each by its name, which may come in any order or be left out.
fn named(
    arguments: &mut Arguments<'_>,
    initializer: &str,
    items: &[Value],
    defaults: [(&str, f64); 2],
) -> Option<[f64; 2]> {
    let [(first, _), (second, _)] = defaults;
    let takes = format!("`{initializer}` takes `{first}` and `{second}`");
    let mut numbers = [None; 2];
    let mut is_right = true;
    for item in items {
        let error = match item {
            Value::Named { name, value } => {
                let written = name.to_string();
                match (defaults.iter().position(|(known, _)| *known == written), value.number()) {
                    (Some(place), _) if numbers[place].is_some() => format!("`{written}` is given twice"),
                    (Some(place), Some(number)) if number.is_finite() => {
                        numbers[place] = Some(number);
                        continue;
                    }
                    (Some(_), _) => format!("`{written}` is a finite number, such as 0.1, not `{value}`"),
                    (None, _) => match meant(&written, [first, second]) {
                        Some(meant) => format!("unknown `{written}`: did you mean `{meant}`? {takes}"),
                        None => format!("unknown `{written}`: {takes}"),
                    },
                }
            }
            _ => format!("{takes}, each by its name: `{initializer}({second} = 0.1)`"),
        };
        arguments.error(item.span(), error);
        is_right = false;
    }
    let [(_, first), (_, second)] = defaults;
    is_right.then(|| [numbers[0].unwrap_or(first), numbers[1].unwrap_or(second)])
}

/// The number that is meant: by another framework's name for it, or by a slip.
fn meant<'a>(written: &str, known: [&'a str; 2]) -> Option<&'a str> {
    let elsewhere = match written {
        "std" | "deviation" | "sigma" | "scale" => "stddev",
        "loc" | "mu" => "mean",
        "a" | "min" | "low" | "lower" => "minval",
        "b" | "max" | "high" | "upper" => "maxval",
        _ => written,
    };
    let exact = known.into_iter().find(|known| *known == elsewhere);
    exact.or_else(|| nearest(written, known, typos(written)))
}
