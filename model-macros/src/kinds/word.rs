//! `he_normal`, `random_normal(stddev = 0.02)`, `max_norm(2.0)`, `variance_scaling(2.0, fan_in, normal)`: a word with its numbers, as a
//! type of the runtime.

use proc_macro2::{Ident, Span};

use super::{Arguments, WordType};
use crate::ast::Value;
use crate::vocabulary::{Takes, Word};

impl<'a> Arguments<'a> {
    /// A word out of a vocabulary with what stands in its parentheses, as a type of `layers::module`.
    pub(super) fn marker(
        &mut self,
        what: &str,
        value: &'a Value,
        words: &'a [Word],
        module: &'static str,
    ) -> Option<WordType> {
        let (word, span) = self.word(what, value, words)?;
        let (_, items) = value.call()?;
        let name = Ident::new(&word.marker, span);
        if items.is_empty() && word.is_by_name() {
            return Some(WordType::plain(module, name));
        }
        let (numbers, words) = match word.parameters.as_slice() {
            [] => {
                self.error(items[0].span(), format!("`{}` takes no numbers", word.name));
                return None;
            }
            _ if word.is_by_name() => (self.numbers_by_name(word, items)?, Vec::new()),
            _ => self.by_place(word, items, span)?,
        };
        if word.admits(&numbers) {
            return Some(WordType { module, name, numbers, words });
        }
        self.error(span, word.refusal(&numbers));
        None
    }

    /// Numbers, and then words, in the order of the word's parameters.
    fn by_place(&mut self, word: &'a Word, items: &'a [Value], span: Span) -> Option<(Vec<f64>, Vec<Ident>)> {
        let places =
            || word.parameters.iter().enumerate().map(|(place, parameter)| (items.get(place), parameter));
        let numbers = places().filter_map(|(item, parameter)| match &parameter.takes {
            Takes::Number { default } => {
                Some(item.map_or(*default, |item| item.number().filter(|number| number.is_finite())))
            }
            Takes::Word(_) => None,
        });
        let numbers = numbers.collect::<Option<Vec<_>>>();
        let Some(numbers) =
            numbers.filter(|numbers| items.len() <= word.parameters.len() && word.admits(numbers))
        else {
            self.error(span, word.refusal(&[]));
            return None;
        };
        let mut words = Vec::new();
        for (item, parameter) in places() {
            if let Takes::Word(known) = &parameter.takes {
                let (word, span) = match item {
                    Some(item) => self.word(&parameter.name, item, known)?,
                    None => (known.first()?, span),
                };
                words.push(Ident::new(&word.marker, span));
            }
        }
        Some((numbers, words))
    }

    /// Numbers, each by its name, which may come in any order or be left out.
    fn numbers_by_name(&mut self, word: &Word, items: &[Value]) -> Option<Vec<f64>> {
        let names: Vec<_> = word.parameters.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
        let takes = format!("`{}` takes {}", word.name, names.join(" and "));
        let mut numbers = vec![None; names.len()];
        let mut is_right = true;
        for item in items {
            let error = match item {
                Value::Named { name, value } => {
                    let written = name.to_string();
                    let place = word.parameters.iter().position(|parameter| parameter.name == written);
                    match (place, value.number()) {
                        (Some(place), _) if numbers[place].is_some() => format!("`{written}` is given twice"),
                        (Some(place), Some(number)) if number.is_finite() => {
                            numbers[place] = Some(number);
                            continue;
                        }
                        (Some(_), _) => format!("`{written}` is a finite number, such as 0.1, not `{value}`"),
                        (None, _) => match word.meant_parameter(&written) {
                            Some(meant) => format!("unknown `{written}`: did you mean `{meant}`? {takes}"),
                            None => format!("unknown `{written}`: {takes}"),
                        },
                    }
                }
                _ => {
                    let last = word.parameters.last()?;
                    format!("{takes}, each by its name: `{}({} = 0.1)`", word.name, last.name)
                }
            };
            self.error(item.span(), error);
            is_right = false;
        }
        if !is_right {
            return None;
        }
        let defaults = word.parameters.iter().map(|parameter| match parameter.takes {
            Takes::Number { default } => default,
            Takes::Word(_) => None,
        });
        numbers.into_iter().zip(defaults).map(|(number, default)| number.or(default)).collect()
    }
}
