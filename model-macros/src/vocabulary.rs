//! Words with a meaning of their own: activations, initializers and constraints. The runtime's lists, which come with every declaration, say
//! them; see `__words!` there for what stands in a line.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitFloat, LitInt, LitStr, Result, Token, braced, bracketed, parenthesized, token};

/// The words of `model!`, each list in the order in which errors show it.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) activations: Vec<Word>,
    pub(crate) initializers: Vec<Word>,
    pub(crate) constraints: Vec<Word>,
}

/// A word and the type it stands for.
pub(crate) struct Word {
    pub(crate) name: String,
    /// The type in the runtime.
    pub(crate) marker: String,
    /// Accepted like the name.
    synonyms: Vec<String>,
    /// What other frameworks call it: not accepted, but understood in an error.
    elsewhere: Vec<String>,
    /// A property that a kind asks for: `rowwise`.
    flag: Option<String>,
    /// What may stand in parentheses behind it.
    pub(crate) parameters: Vec<Parameter>,
    /// What must hold for the numbers.
    conditions: Vec<Condition>,
    /// What to say if the numbers are none that the word takes.
    sentence: Option<String>,
}

/// A place in a word's parentheses.
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// What other frameworks call it.
    elsewhere: Vec<String>,
    pub(crate) takes: Takes,
}

pub(crate) enum Takes {
    Number {
        default: Option<f64>,
    },
    /// One of these words; the first if none is written.
    Word(Vec<Word>),
}

/// `left < right`, or `left <= right`.
struct Condition {
    left: Operand,
    or_equal: bool,
    right: Operand,
}

enum Operand {
    Number(f64),
    Parameter(String),
}

impl Words {
    /// `{ declaration } activations { … } initializers { … } constraints { … }`: the declaration, and the words.
    pub(crate) fn split(input: TokenStream) -> Result<(TokenStream, Self)> {
        syn::parse::Parser::parse2(
            |input: ParseStream<'_>| {
                let declaration;
                braced!(declaration in input);
                Ok((declaration.parse()?, input.parse()?))
            },
            input,
        )
    }
}

impl Parse for Words {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut words = Self::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let content;
            braced!(content in input);
            let list = if name == "activations" {
                &mut words.activations
            } else if name == "initializers" {
                &mut words.initializers
            } else if name == "constraints" {
                &mut words.constraints
            } else {
                return Err(syn::Error::new(name.span(), "no list of words is called so"));
            };
            *list = read_list(&content)?;
        }
        Ok(words)
    }
}

fn read_list(input: ParseStream<'_>) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    while !input.is_empty() {
        words.push(input.parse()?);
        input.parse::<Token![;]>()?;
    }
    Ok(words)
}

impl Parse for Word {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let flag = if input.parse::<Option<Token![#]>>()?.is_some() {
            let content;
            bracketed!(content in input);
            Some(content.parse::<Ident>()?.to_string())
        } else {
            None
        };
        let name = input.parse::<Ident>()?.to_string();
        let mut synonyms = Vec::new();
        while input.parse::<Option<Token![|]>>()?.is_some() {
            synonyms.push(input.parse::<Ident>()?.to_string());
        }
        let mut parameters = Vec::new();
        if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            parameters.extend(content.parse_terminated(Parameter::parse, Token![,])?);
        }
        input.parse::<Token![:]>()?;
        let marker = input.parse::<Ident>()?.to_string();
        let elsewhere = elsewhere(input)?;
        let (mut conditions, mut sentence) = (Vec::new(), None);
        if input.parse::<Option<Token![where]>>()?.is_some() {
            let content;
            parenthesized!(content in input);
            conditions.extend(content.parse_terminated(Condition::parse, Token![,])?);
            sentence = Some(input.parse::<LitStr>()?.value());
        }
        Ok(Self { name, marker, synonyms, elsewhere, flag, parameters, conditions, sentence })
    }
}

/// `["logistic", "sigm"]`, if it is there.
fn elsewhere(input: ParseStream<'_>) -> Result<Vec<String>> {
    if !input.peek(token::Bracket) {
        return Ok(Vec::new());
    }
    let content;
    bracketed!(content in input);
    let names = content.parse_terminated(<LitStr as Parse>::parse, Token![,])?;
    Ok(names.iter().map(LitStr::value).collect())
}

impl Parse for Parameter {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.call(Ident::parse_any)?.to_string();
        let elsewhere = elsewhere(input)?;
        let takes = if input.parse::<Option<Token![in]>>()?.is_some() {
            let content;
            braced!(content in input);
            Takes::Word(read_list(&content)?)
        } else {
            let has_default = input.parse::<Option<Token![=]>>()?.is_some();
            Takes::Number { default: if has_default { Some(number(input)?) } else { None } }
        };
        Ok(Self { name, elsewhere, takes })
    }
}

fn number(input: ParseStream<'_>) -> Result<f64> {
    let sign = if input.parse::<Option<Token![-]>>()?.is_some() { -1.0 } else { 1.0 };
    let number: f64 = if input.peek(LitInt) {
        input.parse::<LitInt>()?.base10_parse()?
    } else {
        input.parse::<LitFloat>()?.base10_parse()?
    };
    Ok(sign * number)
}

impl Parse for Condition {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let operand = |input: ParseStream<'_>| {
            if input.peek(Ident) {
                Ok(Operand::Parameter(input.parse::<Ident>()?.to_string()))
            } else {
                number(input).map(Operand::Number)
            }
        };
        let left = operand(input)?;
        let or_equal = input.peek(Token![<=]);
        if or_equal {
            input.parse::<Token![<=]>()?;
        } else {
            input.parse::<Token![<]>()?;
        }
        Ok(Self { left, or_equal, right: operand(input)? })
    }
}

impl Word {
    /// Whether the list marks the word so.
    pub(crate) fn is(&self, flag: &str) -> bool {
        self.flag.as_deref() == Some(flag)
    }

    /// Whether every number has a default: then each is written by its name.
    pub(crate) fn is_by_name(&self) -> bool {
        self.parameters.iter().all(|parameter| matches!(parameter.takes, Takes::Number { default: Some(_) }))
    }

    /// Whether all that must hold holds for the numbers, one for each parameter that takes one.
    pub(crate) fn admits(&self, numbers: &[f64]) -> bool {
        let value = |operand: &Operand| match operand {
            Operand::Number(number) => *number,
            Operand::Parameter(name) => {
                self.numbers(numbers).find(|(known, _)| known == name).map_or(f64::NAN, |(_, number)| number)
            }
        };
        self.conditions.iter().all(|Condition { left, or_equal, right }| {
            let (left, right) = (value(left), value(right));
            left < right || *or_equal && left == right
        })
    }

    /// What to say of numbers that the word does not take.
    pub(crate) fn refusal(&self, numbers: &[f64]) -> String {
        let Some(sentence) = &self.sentence else {
            let names: Vec<_> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            return format!("`{0}` takes finite numbers: `{0}({1})`", self.name, names.join(", "));
        };
        let fill = |sentence: String, (name, number): (&str, f64)| {
            sentence.replace(&format!("{{{name}}}"), &number.to_string())
        };
        self.numbers(numbers).fold(sentence.clone(), fill)
    }

    /// Numbers with their parameters' names.
    fn numbers<'a>(&'a self, numbers: &'a [f64]) -> impl Iterator<Item = (&'a str, f64)> {
        let takes_number = |parameter: &&Parameter| matches!(parameter.takes, Takes::Number { .. });
        let names = self.parameters.iter().filter(takes_number).map(|parameter| parameter.name.as_str());
        names.zip(numbers.iter().copied())
    }

    /// The parameter that is meant: by another framework's name for it, or by a slip.
    pub(crate) fn meant_parameter(&self, written: &str) -> Option<&str> {
        use crate::suggest::{nearest, typos};
        let is_meant = |parameter: &&Parameter| parameter.elsewhere.iter().any(|name| name == written);
        let names = || self.parameters.iter().map(|parameter| parameter.name.as_str());
        let elsewhere = self.parameters.iter().find(is_meant).map(|parameter| parameter.name.as_str());
        elsewhere.or_else(|| nearest(written, names(), typos(written)))
    }
}

/// The word that is written exactly.
pub(crate) fn find<'a>(words: &'a [Word], written: &str) -> Option<&'a Word> {
    words.iter().find(|word| word.name == written || word.synonyms.iter().any(|synonym| synonym == written))
}

/// The word that is meant: by another framework's name for it, or by a slip.
pub(crate) fn meant<'a>(words: &'a [Word], written: &str) -> Option<&'a str> {
    use crate::suggest::{nearest, normal, typos};
    let elsewhere = words
        .iter()
        .find(|word| word.elsewhere.iter().any(|name| normal(name) == normal(written)))
        .map(|word| word.name.as_str());
    let names = words.iter().flat_map(|word| core::iter::once(&word.name).chain(&word.synonyms));
    elsewhere.or_else(|| nearest(written, names.map(String::as_str), typos(written)))
}

/// All words, for an error.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a Word>) -> String {
    let names: Vec<&str> = words.into_iter().map(|word| word.name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::words;

    #[test]
    fn names_of_other_frameworks_are_understood() {
        let Words { activations, initializers, .. } = words();
        assert_eq!(meant(&activations, "ReLU"), Some("relu"));
        assert_eq!(meant(&activations, "LogSoftmax"), Some("log_softmax"));
        assert_eq!(meant(&activations, "logistic"), Some("sigmoid"));
        assert_eq!(meant(&initializers, "XavierUniform"), Some("glorot_uniform"));
        assert_eq!(meant(&initializers, "kaiming_normal_"), Some("he_normal"));
    }

    #[test]
    fn a_slip_finds_its_word() {
        let Words { activations, .. } = words();
        assert_eq!(meant(&activations, "rleu"), Some("relu"));
        assert_eq!(meant(&activations, "sofmax"), Some("softmax"));
        assert_eq!(meant(&activations, "swihs"), Some("swish"));
        assert_eq!(meant(&activations, "banana"), None);
    }

    #[test]
    fn every_word_finds_itself_and_its_defaults_can_be() {
        let Words { activations, initializers, constraints } = words();
        for words in [&activations, &initializers, &constraints] {
            assert!(!words.is_empty());
            for word in words {
                assert_eq!(find(words, &word.name).map(|found| &found.marker), Some(&word.marker));
                let defaults = word.parameters.iter().map(|parameter| match parameter.takes {
                    Takes::Number { default } => default,
                    Takes::Word(_) => None,
                });
                if let Some(defaults) = defaults.collect::<Option<Vec<_>>>() {
                    assert!(word.admits(&defaults), "{}", word.name);
                }
            }
        }
        assert_eq!(find(&activations, "swish").map(|word| word.name.as_str()), Some("silu"));
    }

    #[test]
    fn names_of_types_are_those_of_words() {
        let Words { activations, initializers, constraints } = words();
        for word in activations.iter().chain(&initializers).chain(&constraints) {
            assert_eq!(crate::suggest::normal(&word.name), word.marker.to_lowercase());
        }
    }
}
