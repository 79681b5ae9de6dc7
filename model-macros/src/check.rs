//! One function per rule. Every mistake is reported; what comes out is a model in which every shape is known, with
//! a placeholder where a mistake hides it, so that the struct and its methods exist all the same.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;

use crate::ast;
use crate::kinds::{Arguments, Arrives, Custom, KINDS, Kind, LayerType, Role, Spec, View};
use crate::report::Report;
use crate::size::{Shape, Size};
use crate::suggest::{nearest, normal, typos};
use crate::vocabulary;

/// A model in which every shape is known.
pub(crate) struct Model<'a> {
    pub(crate) written: &'a ast::Model,
    /// `None` after a mistake that hides it.
    pub(crate) input: Option<Shape>,
    /// `None` after a mistake that hides it.
    pub(crate) output: Option<Shape>,
    /// Without `Input`; never empty.
    pub(crate) layers: Vec<Layer>,
    pub(crate) joints: Vec<Joint>,
    /// Whether a mistake is reported: then nothing that depends on the layers' numbers is an error too.
    pub(crate) is_mistaken: bool,
}

/// One row of a model's table of layers.
pub(crate) struct Layer {
    pub(crate) name: Ident,
    pub(crate) docs: Vec<syn::Attribute>,
    /// As errors name it.
    pub(crate) text: String,
    /// What the user calls the kind.
    pub(crate) kind: String,
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Whether both shapes are known; a mistake may hide them.
    pub(crate) has_shapes: bool,
    pub(crate) layer_type: LayerType,
    pub(crate) role: Role,
    pub(crate) has_parameters: bool,
    pub(crate) has_buffers: bool,
    pub(crate) view: View,
    /// `softmax` or `log_softmax` at the layer's end, where it is written.
    pub(crate) softmax: Option<Ident>,
}

/// Where one layer gives and the next takes: an equation for rustc to prove.
pub(crate) struct Joint {
    pub(crate) taker: usize,
    pub(crate) takes: Shape,
    pub(crate) gives: Shape,
    /// The layer that gave the shape; `None` is `Input`.
    pub(crate) giver: Option<usize>,
    pub(crate) giver_text: String,
    /// What to say if the shapes have different numbers of sizes.
    pub(crate) different_ranks: Option<String>,
}

/// What has been given so far.
struct Given {
    shape: Option<Shape>,
    giver: Option<usize>,
    text: String,
}

pub(crate) fn model<'a>(written: &'a ast::Model, report: &mut Report) -> Model<'a> {
    attributes(written, report);
    let names = names(written, report);
    let mut layers = Vec::new();
    let mut joints = Vec::new();
    let mut specs = Vec::new();
    let mut given: Option<Given> = None;
    let mut numbers = 0;
    for (layer, name) in written.layers.iter().zip(names) {
        let arrives = match &given {
            None if written.incomplete && layers.is_empty() => Arrives::Unknown,
            None => Arrives::Nothing,
            Some(Given { shape: Some(shape), .. }) if !written.incomplete => Arrives::Shape(shape),
            Some(_) => Arrives::Unknown,
        };
        let mistakes = report.count();
        let mut spec = spec(written, layer, arrives, report);
        if !is_small_enough(layer, &spec, &mut numbers, report) {
            spec = unknown(Arrives::Unknown);
        }
        softmax_of_one(&spec, report);
        let index = layers.len();
        joints.extend(joint(layer, index, &mut spec, given.as_ref(), &layers, report));
        let sets_shape = given.is_none() || !matches!(spec.role, Role::Training) && changes_shape(&spec);
        if sets_shape || spec.output.is_none() {
            let giver = (spec.role != Role::Sample).then_some(index);
            given = Some(Given { shape: spec.output.clone(), giver, text: layer.to_string() });
        }
        if spec.role != Role::Sample {
            let placeholder = || Shape::of(Size::Literal { value: 1, span: Span::mixed_site() });
            let has_shapes = spec.input.is_some() && spec.output.is_some();
            layers.push(Layer {
                name,
                docs: layer
                    .attributes
                    .iter()
                    .filter(|attribute| attribute.path().is_ident("doc"))
                    .cloned()
                    .collect(),
                text: layer.to_string(),
                kind: layer.kind(),
                input: spec.input.clone().unwrap_or_else(placeholder),
                output: spec.output.clone().unwrap_or_else(placeholder),
                has_shapes,
                layer_type: if has_shapes && report.count() == mistakes && !layer.incomplete {
                    spec.layer_type.clone()
                } else {
                    LayerType::Unknown
                },
                role: spec.role,
                has_parameters: spec.has_parameters,
                has_buffers: spec.has_buffers,
                view: spec.view,
                softmax: spec.softmax.clone(),
            });
        }
        specs.push(spec);
    }
    softmax_in_the_middle(&specs, report);
    // Where a layer is missing, the first or the last that is left may be another than the one that is meant.
    let is_complete = !written.incomplete;
    let input = specs.first().filter(|_| is_complete).and_then(|spec| spec.input.clone());
    let output =
        specs.last().filter(|_| is_complete && !layers.is_empty()).and_then(|spec| spec.output.clone());
    if layers.is_empty() {
        empty(written, report);
        layers.push(placeholder_layer(input.clone()));
    }
    Model { written, input, output, layers, joints, is_mistaken: report.has_errors() }
}

/// Attributes of layers are documentation alone.
fn attributes(written: &ast::Model, report: &mut Report) {
    for layer in &written.layers {
        for attribute in &layer.attributes {
            if !attribute.path().is_ident("doc") {
                let span =
                    attribute.path().segments.last().map_or(layer.span(), |segment| segment.ident.span());
                report.error(span, "a layer takes doc comments, but no attributes");
            }
        }
    }
}

/// A name for every layer: the written one, or its kind and its number among the layers of this kind.
fn names(written: &ast::Model, report: &mut Report) -> Vec<Ident> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut methods: HashSet<String> = HashSet::new();
    let mut names = Vec::new();
    for layer in &written.layers {
        let kind = match KINDS
            .iter()
            .find(|kind| layer.path.word().is_some_and(|word| means(**kind, &word.to_string())))
        {
            Some(kind) => snake_case(kind.name()),
            None => snake_case(&layer.kind()),
        };
        let count = counts.entry(kind.clone()).or_default();
        *count += 1;
        let default = format_ident!("{kind}_{count}", span = Span::call_site());
        let name = match &layer.name {
            Some(name) if !is_right_name(name, report) => default,
            Some(name) => name.clone(),
            None => default,
        };
        let clash = clash(&name, layer, &methods);
        if let Some(message) = clash {
            report.error(layer.name.as_ref().map_or(layer.span(), Ident::span), message);
            names.push(free_name(&name, &methods));
        } else {
            names.push(name);
        }
        let name = names.last().expect("a name was pushed above").to_string();
        methods.extend([format!("{name}_mut"), name]);
    }
    names
}

/// Why a layer cannot have this name, besides those that come before it.
fn clash(name: &Ident, layer: &ast::Layer, methods: &HashSet<String>) -> Option<String> {
    let (name, changed) = (name.to_string(), format!("{name}_mut"));
    if methods.contains(&name) && methods.contains(&changed) {
        return Some(match layer.name {
            Some(_) => format!("another layer has the name `{name}`"),
            None => format!("this layer is called `{name}`, as another layer is: name one of them otherwise"),
        });
    }
    let of_change = [&name, &changed].into_iter().find(|method| methods.contains(*method))?;
    let base = of_change.strip_suffix("_mut").unwrap_or(of_change);
    Some(format!("layer `{base}` is changed through `{of_change}`: name this layer otherwise"))
}

/// The name with the first number behind it that makes it free.
fn free_name(name: &Ident, methods: &HashSet<String>) -> Ident {
    let numbered = (1..).map(|number| format_ident!("{name}_{number}"));
    let mut free = numbered
        .skip_while(|name| methods.contains(&name.to_string()) || methods.contains(&format!("{name}_mut")));
    free.next().expect("numbers do not end")
}

/// Keywords of Rust that [`syn`] takes for names: `gen` is one since the edition of 2024.
const KEYWORDS: &[&str] = &["gen"];

/// Methods that every model has: no layer takes their names.
pub(crate) const METHODS: &[&str] = &[
    "backward",
    "backward_with",
    "block",
    "block_mut",
    "compile",
    "copy_layer_from",
    "forward",
    "forward_with",
    "from_block",
    "initialize",
    "load",
    "load_with",
    "new",
    "predict",
    "predict_batch",
    "predict_on",
    "predict_one",
    "predict_with",
    "predict_with_scratch",
    "save",
    "set_tensor",
    "step",
    "step_with",
    "summary",
    "tensor",
    "to_boxed",
    "zeros",
];

/// Methods of the traits of `core` and others that a model, or the box or the trainer around it, has or may have.
pub(crate) const METHODS_OF_TRAITS: &[&str] = &[
    "as_mut",
    "as_ref",
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "clone_into",
    "clone_to_uninit",
    "cmp",
    "default",
    "deref",
    "deref_mut",
    "deserialize",
    "drop",
    "eq",
    "fmt",
    "from",
    "hash",
    "into",
    "ne",
    "partial_cmp",
    "serialize",
    "to_owned",
    "to_string",
    "try_from",
    "try_into",
    "type_id",
    "zeroed",
];

/// Methods of a trainer, through which a model's own are called: a layer under one of these names would be out of reach.
pub(crate) const TRAINER_METHODS: &[&str] = &[
    "apply_accumulated",
    "apply_gradients",
    "apply_gradients_of",
    "averaged",
    "epochs",
    "evaluate",
    "evaluate_weighted",
    "find_non_finite",
    "fit",
    "freeze",
    "gradients",
    "gradients_weighted",
    "into_model",
    "learning_rate",
    "model",
    "optimizer",
    "running_scores",
    "set_learning_rate",
    "step_predictions",
    "train_on_batch",
    "train_on_batch_weighted",
    "unfreeze",
    "updates",
    "use_averaged",
    "with_averaged",
];

fn is_right_name(name: &Ident, report: &mut Report) -> bool {
    let text = name.to_string();
    let message = if text.starts_with("r#")
        || syn::parse_str::<Ident>(&text).is_err()
        || KEYWORDS.contains(&text.as_str())
    {
        format!("`{}` is a keyword of Rust: a layer's name becomes a method", name.unraw())
    } else if [METHODS, METHODS_OF_TRAITS].concat().contains(&text.as_str()) || text.starts_with("__") {
        format!("every model has a method `{text}`: name the layer otherwise")
    } else if TRAINER_METHODS.contains(&text.as_str()) {
        format!("every trainer has a method `{text}`: name the layer otherwise")
    } else if text != snake_case(&text) {
        format!("a layer's name becomes a method: write `{}`", snake_case(&text))
    } else {
        return true;
    };
    report.error(name.span(), message);
    false
}

/// `MyEncoder` as `my_encoder`, `LSTM` as `lstm`.
fn snake_case(camel: &str) -> String {
    let letters: Vec<char> = camel.strip_prefix("r#").unwrap_or(camel).chars().collect();
    let mut snake = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let after_small = i > 0 && (letters[i - 1].is_lowercase() || letters[i - 1].is_ascii_digit());
        let before_small = i > 0
            && letters[i - 1].is_uppercase()
            && letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Whether a word that is no kind's name means this kind.
fn means(kind: &dyn Kind, written: &str) -> bool {
    written == kind.name()
        || normal(written) == normal(kind.name())
        || kind.elsewhere().iter().any(|name| normal(name) == normal(written))
        || !written.ends_with(|c: char| c.is_ascii_digit())
            && nearest(written, [kind.name()], typos(written).min(1)).is_some()
}

/// What the layer's kind says of it; a path to a type where no kind is meant.
fn spec(written: &ast::Model, layer: &ast::Layer, arrives: Arrives<'_>, report: &mut Report) -> Spec {
    let (word, kind_name) = (layer.path.word().map(ToString::to_string), layer.kind());
    let kind = word.as_ref().and_then(|word| {
        KINDS
            .iter()
            .find(|kind| kind.name() == word)
            .or_else(|| KINDS.iter().find(|kind| means(**kind, word)))
    });
    match (kind, word) {
        (_, Some(word)) if written.name == word => {
            report.error(layer.span(), format!("`{word}` cannot be a layer of itself"));
            unknown(arrives)
        }
        (Some(kind), Some(word)) => {
            if word != kind.name() {
                let message = format!(
                    "unknown layer `{word}`: did you mean `{}`? {}; a type of your own is written `self::{word}`",
                    kind.name(),
                    all_kinds()
                );
                report.error(layer.span(), message);
            }
            kind.check(&mut Arguments::new(
                layer,
                kind.name(),
                kind.example(),
                arrives,
                &written.words,
                report,
            ))
        }
        (None, Some(word))
            if vocabulary::meant(&written.words.activations, &word)
                .is_some_and(|_| layer.arguments().is_empty()) =>
        {
            let activation = vocabulary::meant(&written.words.activations, &word).unwrap_or_default();
            let message =
                format!("unknown layer `{word}`: did you mean `Activation({activation})`? {}", all_kinds());
            report.error(layer.span(), message);
            unknown(arrives)
        }
        (None, Some(word)) if word.starts_with(|c: char| c.is_lowercase() || c == '_') => {
            let message = format!("unknown layer `{word}`. {}; a layer of your own is a type", all_kinds());
            report.error(layer.span(), message);
            unknown(arrives)
        }
        _ => Custom.check(&mut Arguments::new(
            layer,
            &kind_name,
            &format!("{kind_name}(784 => 64)"),
            arrives,
            &written.words,
            report,
        )),
    }
}

fn all_kinds() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    format!("Built in are {}", names.join(", "))
}

/// Stands in for a layer of which nothing is known.
fn unknown(arrives: Arrives<'_>) -> Spec {
    let input = match arrives {
        Arrives::Shape(shape) => Some(shape.clone()),
        Arrives::Nothing | Arrives::Unknown => None,
    };
    Spec { output: None, ..Spec::same_shape(input, LayerType::Unknown, Role::Step) }
}

/// Whether errors behind this layer name it as the one that gave the shape.
fn changes_shape(spec: &Spec) -> bool {
    spec.role == Role::Reshape || spec.is_input_written || spec.has_parameters
}

/// Whether a layer takes as many sizes as arrive: the macro sees that, so it can say the remedy.
fn ranks(layer: &ast::Layer, spec: &mut Spec, given: Option<&Given>, report: &mut Report) -> Option<String> {
    let input = spec.input.clone()?;
    let wanted = spec.input_rank.unwrap_or(input.sizes.len());
    if spec.is_input_written && input.sizes.len() != wanted {
        report.error(input.span, format!("`{}` takes one size, not {input}", layer.kind()));
        spec.input = None;
        return None;
    }
    let Given { shape: Some(gives), text, .. } = given? else { return None };
    if gives.sizes.len() == wanted {
        return None;
    }
    if !spec.is_input_written {
        spec.input = Some(input.flat());
    }
    Some(if wanted == 1 {
        format!("`{layer}` takes one size, but `{text}` before it gives {gives}: put `Flatten` between")
    } else {
        format!("`{layer}` takes {input}, but `{text}` before it gives {gives}")
    })
}

/// What must hold between a layer and the one before it, if both say their shapes. Sizes are compared by rustc, and so
/// are numbers of sizes where a path says them: the path may be what is wrong.
fn joint(
    layer: &ast::Layer,
    taker: usize,
    spec: &mut Spec,
    given: Option<&Given>,
    layers: &[Layer],
    report: &mut Report,
) -> Option<Joint> {
    let different_ranks = ranks(layer, spec, given, report);
    let Given { shape: Some(gives), giver, text } = given? else { return None };
    let takes = spec.input.clone()?;
    if let Some(message) = &different_ranks {
        let is_path = |layer_type: &LayerType| matches!(layer_type, LayerType::Written(_));
        let is_giver_path = giver.is_some_and(|giver| is_path(&layers[giver].layer_type));
        if !is_path(&spec.layer_type) && !is_giver_path {
            report.error(takes.span, message);
            return None;
        }
    } else if !spec.is_input_written {
        return None;
    }
    let (giver, giver_text) = (*giver, text.clone());
    Some(Joint { taker, takes, gives: gives.clone(), giver, giver_text, different_ranks })
}

/// The softmax of one value is 1, whatever the value; rustc judges sizes that only it can evaluate.
fn softmax_of_one(spec: &Spec, report: &mut Report) {
    let last = spec.output.as_ref().and_then(|output| output.sizes.last()?.literal());
    if let (Some(name), Some(1)) = (&spec.softmax, last) {
        report.error(name.span(), softmax_of_one_is(&name.to_string()));
    }
}

/// What is wrong with a softmax of one value.
pub(crate) fn softmax_of_one_is(name: &str) -> String {
    let always = if name == "softmax" { 1 } else { 0 };
    format!(
        "`{name}` of one value is always {always}: for the probability of one of two classes write `sigmoid`"
    )
}

/// A softmax whose values another layer takes is a slip more often than not; who means it writes it as a layer.
fn softmax_in_the_middle(specs: &[Spec], report: &mut Report) {
    let Some(last) = specs.iter().rposition(|spec| spec.role != Role::Reshape) else { return };
    for spec in &specs[..last] {
        // As a layer of its own, which has no parameters, it is meant.
        if let Some(name) = spec.softmax.as_ref().filter(|_| spec.has_parameters) {
            let message = format!(
                "`{name}` belongs to the last layer: behind it, layers see shares that sum to one; \
                 if that is meant, write `Activation({name})` as a layer of its own"
            );
            report.error(name.span(), message);
        }
    }
}

/// Numbers beyond this do not fit into any machine's memory.
pub(crate) const MOST_NUMBERS: u64 = 1 << 40;

/// Whether the layer keeps the model within what a machine can hold; `sum` counts up.
fn is_small_enough(layer: &ast::Layer, spec: &Spec, sum: &mut u64, report: &mut Report) -> bool {
    let length = |shape: &Option<Shape>| -> u64 {
        let sizes = shape.iter().flat_map(|shape| &shape.sizes);
        sizes.map(|size| size.literal().unwrap_or(1)).fold(1, u64::saturating_mul)
    };
    let (input, output) = (length(&spec.input), length(&spec.output));
    let has_matrix = spec.has_parameters && !matches!(spec.layer_type, LayerType::Written(_));
    let numbers = if has_matrix { input.saturating_mul(output) } else { input.max(output) };
    let before = *sum;
    *sum = before.saturating_add(numbers);
    if before <= MOST_NUMBERS && *sum > MOST_NUMBERS {
        let message =
            format!("`{layer}` brings the model above {MOST_NUMBERS} numbers, the most there may be");
        report.error(layer.arguments_span, message);
    }
    *sum <= MOST_NUMBERS
}

fn empty(written: &ast::Model, report: &mut Report) {
    if written.incomplete {
        return;
    }
    let name = &written.name;
    let message = if written.layers.is_empty() {
        format!("`{name}` has no layers: `{name} < Dense(784 => 10) >`")
    } else {
        format!("`{name}` has no layer behind `Input`")
    };
    report.error(name.span(), message);
}

fn placeholder_layer(input: Option<Shape>) -> Layer {
    let shape = input.unwrap_or_else(|| Shape::of(Size::Literal { value: 1, span: Span::mixed_site() }));
    Layer {
        name: format_ident!("layer_1"),
        docs: Vec::new(),
        text: String::new(),
        kind: String::new(),
        input: shape.clone(),
        output: shape,
        has_shapes: false,
        layer_type: LayerType::Unknown,
        role: Role::Step,
        has_parameters: false,
        has_buffers: false,
        view: View::None,
        softmax: None,
    }
}
