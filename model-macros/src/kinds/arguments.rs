//! Reads a layer's arguments: every rule about arguments that kinds share.

use proc_macro2::{Ident, Span};
use syn::{Lit, LitBool};

use super::WordType;
use super::options::{ACTIVATION, OptionName};
use crate::ast::{Argument, Layer, Value};
use crate::report::Report;
use crate::size::{Named, Shape, Size};
use crate::suggest::{nearest, typos};
use crate::vocabulary::{self, Word, Words};

/// What the layers before give.
#[derive(Clone, Copy)]
pub(crate) enum Arrives<'a> {
    /// There is no layer before.
    Nothing,
    /// Unknown after a mistake that is already reported.
    Unknown,
    /// A shape, and the name of the layer that gives it.
    Shape { shape: &'a Shape, giver: &'a str },
}

/// A tensor of an earlier layer that is to be one of this layer: `weight = tokens`.
pub(crate) struct TiedTo {
    pub(crate) tensor: Ident,
    /// Where the earlier layer is named.
    pub(crate) place: Span,
    /// As errors name the earlier layer.
    pub(crate) layer: String,
    /// The sizes of its weight; none if it has no such tensor, or after a mistake.
    pub(crate) weight: Vec<Size>,
    /// Whether each row of its weight belongs to one of its inputs as a whole, as to a word.
    pub(crate) is_table: bool,
}

/// What other frameworks write as an option, and `model!` as the layer's shapes: the option's name.
fn shape_as_option(argument: &Argument) -> Option<String> {
    const NAMES: [&str; 8] = [
        "filters",
        "in_channels",
        "out_channels",
        "units",
        "in_features",
        "out_features",
        "num_embeddings",
        "embedding_dim",
    ];
    match argument {
        Argument::Option { name, .. } => Some(name.to_string()).filter(|name| NAMES.contains(&name.as_str())),
        _ => None,
    }
}

/// The arguments of one layer, each taken once; [`finish`](Self::finish) reports the rest.
pub(crate) struct Arguments<'a> {
    pub(crate) layer: &'a Layer,
    /// What the kind is called and how it is written, for errors.
    pub(crate) kind: &'a str,
    pub(crate) example: &'a str,
    /// By each of the layer's sources, in the order in which they are written; never empty.
    pub(crate) arrives: &'a [Arrives<'a>],
    pub(crate) words: &'a Words,
    ties: &'a [TiedTo],
    report: &'a mut Report,
    taken: Vec<bool>,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(
        layer: &'a Layer,
        kind: &'a str,
        example: &'a str,
        arrives: &'a [Arrives<'a>],
        words: &'a Words,
        ties: &'a [TiedTo],
        report: &'a mut Report,
    ) -> Self {
        Self {
            layer,
            kind,
            example,
            arrives,
            words,
            ties,
            report,
            taken: vec![false; layer.arguments().len()],
        }
    }

    pub(crate) fn error(&mut self, span: Span, message: impl std::fmt::Display) {
        self.report.error(span, message);
    }

    /// The tensor of an earlier layer that is to be the layer's weight. A kind that cannot have one does not ask, and
    /// [`finish`](Self::finish) says so.
    pub(crate) fn tied_weight(&mut self) -> Option<&'a TiedTo> {
        let (ties, is_weight) = (self.ties, |tie: &TiedTo| tie.tensor == "weight");
        self.ties = &[];
        let tie = ties.iter().find(|tie| is_weight(tie));
        for other in ties.iter().filter(|tie| !is_weight(tie)) {
            let (kind, tensor) = (self.kind, &other.tensor);
            self.report.error(tensor.span(), format!("`{kind}` can share its `weight`, not its `{tensor}`"));
        }
        tie
    }

    /// The kind's name where the layer writes it.
    pub(crate) fn kind_ident(&self) -> Ident {
        Ident::new(self.kind, self.layer.span())
    }

    fn take(&mut self, wanted: impl Fn(&Argument) -> bool) -> Option<&'a Argument> {
        let position =
            (0..self.taken.len()).find(|&i| !self.taken[i] && wanted(&self.layer.arguments()[i]))?;
        self.taken[position] = true;
        Some(&self.layer.arguments()[position])
    }

    /// `input => output`, as written. A missing arrow is reported.
    pub(crate) fn arrow(&mut self) -> Option<(&'a Value, &'a Value)> {
        match self.take(|argument| matches!(argument, Argument::Shapes { .. })) {
            Some(Argument::Shapes { input, output }) => Some((input, output)),
            _ => {
                self.report_missing_shapes();
                None
            }
        }
    }

    /// `channels => filters`, with `_` for the channels that arrive. The flag says whether channels are written.
    pub(crate) fn channels(&mut self) -> (Option<Size>, Option<Size>, bool) {
        let Some((input, output)) = self.arrow() else { return (None, None, false) };
        let is_written = !matches!(input, Value::Arriving(_));
        let channels = if is_written { self.size(input) } else { None };
        let filters = if let Value::Arriving(span) = output {
            let message = format!("`_` takes what arrives; what leaves is written: `{}`", self.example);
            self.error(*span, message);
            None
        } else {
            self.size(output)
        };
        (channels, filters, is_written)
    }

    /// `input => output`, with `_` for what arrives. The flag says whether the input is written.
    pub(crate) fn shapes(&mut self) -> (Option<Shape>, Option<Shape>, bool) {
        let Some((input, output)) = self.arrow() else { return (None, None, false) };
        let is_written = !matches!(input, Value::Arriving(_));
        let input = if is_written { self.shape(input) } else { self.arriving(input.span()) };
        let output = if let Value::Arriving(span) = output {
            let message = format!("`_` takes what arrives; what leaves is written: `{}`", self.example);
            self.error(*span, message);
            None
        } else {
            self.shape(output)
        };
        (input, output, is_written)
    }

    /// `Dense(512)`, `Dense(784, 512)` or nothing at all where `784 => 512` is meant.
    fn report_missing_shapes(&mut self) {
        let sizes: Vec<(usize, &Value)> = self
            .layer
            .arguments()
            .iter()
            .enumerate()
            .filter_map(|(i, argument)| match argument {
                Argument::Value(value) if is_size(value) => Some((i, value)),
                _ => None,
            })
            .collect();
        let (kind, example) = (self.kind, self.example);
        match sizes.as_slice() {
            _ if self.layer.incomplete => {}
            [] if self.layer.arguments().iter().any(|argument| shape_as_option(argument).is_some()) => {}
            [(_, only)] => {
                let message = format!("what arrives and what leaves: `{kind}(_ => {only})`");
                self.report.error(only.span(), message);
            }
            [(_, input), (_, output), ..] => {
                let message = format!(
                    "between what arrives and what leaves stands `=>`: `{kind}({input} => {output})`"
                );
                self.report.error(output.span(), message);
            }
            [] => {
                let message = format!("`{kind}` needs its shapes: `{example}`");
                self.report.error(self.layer.arguments_span, message);
            }
        }
        for (i, _) in sizes {
            self.taken[i] = true;
        }
    }

    /// The shape that arrives, for a layer that takes any.
    pub(crate) fn arriving(&mut self, span: Span) -> Option<Shape> {
        match self.arrives[0] {
            Arrives::Shape { shape, .. } => Some(Shape { span, ..shape.clone() }),
            Arrives::Unknown => None,
            Arrives::Nothing => {
                let message = match self.layer.arguments().first() {
                    Some(Argument::Shapes { input: Value::Arriving(_), output }) => format!(
                        "`_` takes what arrives, but this layer is the first: write the size, as in \
                         `{}(784 => {output})`, or begin with `Input(784)`",
                        self.layer.kind()
                    ),
                    _ => format!(
                        "`{}` takes what arrives, but is the first layer: begin with `Input(784)`",
                        self.layer
                    ),
                };
                self.error(span, message);
                None
            }
        }
    }

    /// Every shape that arrives, with the name of the layer that gives it.
    pub(crate) fn joined(&self) -> Option<Vec<(Shape, String)>> {
        let shapes = self.arrives.iter().map(|arrives| match arrives {
            Arrives::Shape { shape, giver } => Some(((*shape).clone(), (*giver).to_owned())),
            Arrives::Nothing | Arrives::Unknown => None,
        });
        shapes.collect()
    }

    /// A number of an option, for which `is_right` holds; `what` says so.
    pub(crate) fn number(
        &mut self,
        option: OptionName,
        default: f64,
        is_right: impl Fn(f64) -> bool,
        what: &str,
    ) -> f64 {
        let Some(value) = self.option(option.name) else { return default };
        match value.number().filter(|&number| is_right(number)) {
            Some(number) => number,
            None => {
                self.error(value.span(), format!("`{}` is {what}, not `{value}`", option.name));
                default
            }
        }
    }

    /// The image that arrives, `(channels, height, width)`.
    pub(crate) fn image(&mut self) -> Option<Shape> {
        let span = self.layer.span();
        if let Arrives::Nothing = self.arrives[0] {
            let message = format!(
                "`{}` does not say how large its image is: begin with `Input(3, 32, 32)`, which is channels, height and width",
                self.layer
            );
            self.error(span, message);
            return None;
        }
        let shape = self.arriving(span)?;
        if shape.sizes.len() == 3 && !shape.is_sequence && !shape.is_index {
            return Some(shape);
        }
        let message =
            format!("`{}` takes an image (channels, height, width), but {shape} arrives", self.layer);
        self.error(span, message);
        None
    }

    /// Every remaining argument as one shape: `Input(28, 28)` or `Input((28, 28))`.
    pub(crate) fn rest_as_shape(&mut self) -> Option<Shape> {
        let mut sizes = Vec::new();
        let is_value = |argument: &Argument| matches!(argument, Argument::Value(_));
        let (mut is_right, mut is_index, mut is_sequence) = (true, false, false);
        while let Some(argument) = self.take(is_value) {
            let Argument::Value(value) = argument else { break };
            if value.word().is_some_and(|word| word == "u32") {
                is_index = true;
                continue;
            }
            let is_integer =
                |word: &Ident| ["u8", "u16", "u64", "usize", "i32", "i64"].iter().any(|name| word == name);
            if value.word().is_some_and(is_integer) {
                self.error(value.span(), "word numbers are `u32`: `Input(..40, u32)`");
                is_right = false;
                continue;
            }
            if is_index {
                self.error(value.span(), "`u32` comes last: `Input(..40, u32)`");
                is_right = false;
            }
            let value = match value {
                Value::UpTo { steps, .. } if sizes.is_empty() && !is_sequence => {
                    is_sequence = true;
                    steps
                }
                Value::UpTo { span, .. } => {
                    self.error(*span, "only the first size may differ between samples: `Input(..40, 12)`");
                    is_right = false;
                    continue;
                }
                value => value,
            };
            match self.shape(value) {
                Some(shape) => sizes.extend(shape.sizes),
                None => is_right = false,
            }
        }
        if sizes.is_empty() && is_right && !self.layer.incomplete {
            let message = format!("`{}` needs the shape of a sample: `{}`", self.kind, self.example);
            self.error(self.layer.arguments_span, message);
        }
        if sizes.len() > MOST_SIZES {
            self.error(sizes[MOST_SIZES].span(), TOO_MANY_SIZES);
            return None;
        }
        if is_sequence && !is_index && is_right && sizes.len() == 1 {
            let steps = &sizes[0];
            let message = format!(
                "a sequence of numbers says how many each step has: `Input(..{steps}, 1)`; of words it is \
                 `Input(..{steps}, u32)`"
            );
            self.error(self.layer.arguments_span, message);
            return None;
        }
        let shape = Shape { is_index, is_sequence, ..Shape::new(sizes, self.layer.arguments_span) };
        (is_right && !shape.sizes.is_empty()).then_some(shape)
    }

    /// A written shape.
    fn shape(&mut self, value: &Value) -> Option<Shape> {
        let Value::Tuple { items, span } = value else {
            return self.size(value).map(Shape::of);
        };
        let sizes: Vec<Option<Size>> = items.iter().map(|item| self.size(item)).collect();
        let sizes: Vec<Size> = sizes.into_iter().collect::<Option<_>>()?;
        if sizes.is_empty() {
            self.error(*span, "a shape has at least one size");
            return None;
        }
        if sizes.len() > MOST_SIZES {
            self.error(sizes[MOST_SIZES].span(), TOO_MANY_SIZES);
            return None;
        }
        Some(Shape::new(sizes, *span))
    }

    pub(crate) fn size(&mut self, value: &Value) -> Option<Size> {
        let span = value.span();
        match value {
            Value::Literal(Lit::Int(literal)) => match literal.base10_parse::<u64>() {
                Ok(0) => self.error(span, "a size is a positive integer"),
                Ok(value) if value > LARGEST_SIZE => {
                    self.error(span, format!("`{value}` is too large: a size is at most {LARGEST_SIZE}"));
                }
                Ok(value) if literal.suffix().is_empty() => return Some(Size::Literal { value, span }),
                Ok(value) => self.error(span, format!("a size has no suffix: `{value}`")),
                Err(_) => {
                    self.error(span, format!("`{literal}` is too large: a size is at most {LARGEST_SIZE}"));
                }
            },
            Value::Path(path) => {
                if let Some(word) = path.word()
                    && vocabulary::find(&self.words.activations, &word.to_string()).is_some()
                {
                    self.error(span, format!("expected a size, found the activation `{word}`"));
                } else {
                    return Some(Size::Named(Named::path(path)));
                }
            }
            Value::Block { tokens, span } => return Some(Size::Named(Named::block(tokens, *span))),
            Value::Arriving(_) => {
                self.error(span, "`_` stands for the whole shape that arrives, not for one size of it");
            }
            Value::Tuple { .. } => {
                self.error(span, "the sizes of a shape are numbers, constants or typenum types")
            }
            Value::Negative { .. } => self.error(span, "a size is a positive integer"),
            Value::Literal(_) | Value::Call { .. } | Value::Named { .. } | Value::UpTo { .. } => {
                self.error(
                    span,
                    format!("a size is a positive integer, a constant or a typenum type, not `{value}`"),
                );
            }
        }
        None
    }

    /// The activation, written as a word or as `activation = word`.
    pub(crate) fn activation(&mut self) -> Option<Activation<'a>> {
        let is_word =
            |argument: &Argument| matches!(argument, Argument::Value(value) if value.word().is_some());
        let first = self.take(is_word);
        let option = self.option(ACTIVATION.name);
        let value = match (first, option) {
            (Some(Argument::Value(value)), None) | (None, Some(value)) => value,
            (Some(_), Some(value)) => {
                self.error(value.span(), "this layer already has an activation");
                return None;
            }
            _ => return None,
        };
        let (word, span) = self.word("activation", value, &self.words.activations)?;
        Some(Activation { word, span })
    }

    /// Reports every argument that was not taken. `options` are the ones that the kind knows.
    pub(crate) fn finish(&mut self, options: &[OptionName]) {
        for tie in self.ties {
            let (kind, tensor) = (self.kind, &tie.tensor);
            self.report
                .error(tensor.span(), format!("`{kind}` has no `{tensor}` that could be another layer's"));
        }
        for i in 0..self.taken.len() {
            if self.taken[i] {
                continue;
            }
            let argument = &self.layer.arguments()[i];
            let (kind, example) = (self.kind, self.example);
            let message = match argument {
                _ if shape_as_option(argument).is_some() => {
                    let name = shape_as_option(argument).unwrap_or_default();
                    format!(
                        "`{name}` is no option: what arrives and what leaves stand first, as in `{example}`"
                    )
                }
                Argument::Option { name, .. } => {
                    let written = name.to_string();
                    let known = match options {
                        [] => format!("`{kind}` has no options"),
                        [only] => format!("The option of `{kind}` is `{}`", only.name),
                        options => format!("The options of `{kind}` are {}", join(options)),
                    };
                    let elsewhere = || options.iter().find(|option| option.elsewhere.contains(&&*written));
                    let meant = nearest(&written, options.iter().map(|option| option.name), typos(&written))
                        .or_else(|| elsewhere().map(|option| option.name));
                    match meant {
                        Some(meant) if meant == written => {
                            format!("option `{meant}` is given twice")
                        }
                        Some(meant) => format!("unknown option `{written}`: did you mean `{meant}`? {known}"),
                        None => format!("unknown option `{written}`. {known}"),
                    }
                }
                Argument::Shapes { .. } => format!("`{kind}` does not take `{argument}` here: `{example}`"),
                Argument::Value(value)
                    if value.word().is_some()
                        && options.iter().any(|option| option.name == ACTIVATION.name) =>
                {
                    "this layer already has an activation".to_owned()
                }
                Argument::Value(_) => format!("`{kind}` does not take `{argument}`: `{example}`"),
            };
            self.report.error(argument.span(), message);
        }
    }

    /// Whether an option is written under another framework's name or with a slip, which [`finish`](Self::finish) reports.
    pub(crate) fn is_misspelt(&self, option: OptionName) -> bool {
        self.layer.arguments().iter().any(|argument| match argument {
            Argument::Option { name, .. } => {
                let name = name.to_string();
                option.elsewhere.contains(&&*name) || nearest(&name, [option.name], typos(&name)).is_some()
            }
            _ => false,
        })
    }

    /// The value of `name = value`.
    pub(crate) fn option(&mut self, option: &str) -> Option<&'a Value> {
        match self.take(|argument| matches!(argument, Argument::Option { name, .. } if name == option)) {
            Some(Argument::Option { value, .. }) => Some(value),
            _ => None,
        }
    }

    /// `name = true` or `name = false`.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.option(name) {
            None => default,
            Some(Value::Literal(Lit::Bool(LitBool { value, .. }))) => *value,
            Some(value) => {
                self.error(value.span(), format!("`{name}` is `true` or `false`, not `{value}`"));
                default
            }
        }
    }

    /// A word out of a vocabulary.
    pub(crate) fn word(&mut self, what: &str, value: &Value, words: &'a [Word]) -> Option<(&'a Word, Span)> {
        let span = value.span();
        let Some((written, _)) = value.call() else {
            let article = if what.starts_with(['a', 'i']) { "an" } else { "a" };
            let message =
                format!("expected {article} {what}, found `{value}`; there are {}", vocabulary::list(words));
            self.error(span, message);
            return None;
        };
        let written = written.to_string();
        if let Some(word) = vocabulary::find(words, &written) {
            return Some((word, span));
        }
        let message = match vocabulary::meant(words, &written) {
            Some(meant) => format!("unknown {what} `{written}`: did you mean `{meant}`?"),
            None => format!("unknown {what} `{written}`. There are {}", vocabulary::list(words)),
        };
        self.error(span, message);
        None
    }

    /// The first argument that is a plain value.
    pub(crate) fn value(&mut self) -> Option<&'a Value> {
        match self.take(|argument| matches!(argument, Argument::Value(_))) {
            Some(Argument::Value(value)) => Some(value),
            _ => None,
        }
    }
}

/// An activation where it is written.
pub(crate) struct Activation<'a> {
    word: &'a Word,
    span: Span,
}

impl Activation<'_> {
    /// Its type in the runtime.
    pub(crate) fn marker(&self) -> WordType {
        WordType::plain("activation", Ident::new(&self.word.marker, self.span))
    }

    /// Its name, if it is a softmax.
    pub(crate) fn softmax(&self) -> Option<Ident> {
        self.word.is("rowwise").then(|| Ident::new(&self.word.name, self.span))
    }
}

/// A shape has at most as many sizes as the runtime's `Shape` is implemented for.
const MOST_SIZES: usize = 4;
const TOO_MANY_SIZES: &str = "a shape has at most four sizes";
/// Sizes beyond this cannot be meant, and their products would leave `u64`.
pub(crate) const LARGEST_SIZE: u64 = 1 << 32;

fn is_size(value: &Value) -> bool {
    match value {
        Value::Path(path) => {
            path.word().is_none_or(|word| word.to_string().starts_with(|c: char| c.is_uppercase()))
        }
        _ => true,
    }
}

fn join(options: &[OptionName]) -> String {
    let options: Vec<String> = options.iter().map(|option| format!("`{}`", option.name)).collect();
    options.join(", ")
}
