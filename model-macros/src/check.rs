//! One function per rule. Every mistake is reported; what comes out is a model in which every shape is known, with
//! a placeholder where a mistake hides it, so that the struct and its methods exist all the same.

use proc_macro2::{Ident, Span};
use quote::format_ident;

use crate::ast;
use crate::graph::{self, Graph, Node, Numbers, Origin, Source};
use crate::kinds::{
    self, Arguments, Arrives, Custom, KINDS, Kind, LayerType, Requirement, Role, Spec, TiedTo, View,
};
use crate::report::Report;
use crate::size::{Shape, Size};
use crate::suggest::normal;
use crate::vocabulary;

/// A model in which every shape is known.
pub(crate) struct Model<'a> {
    pub(crate) written: &'a ast::Model,
    /// What a sample has.
    pub(crate) inputs: Vec<End>,
    /// What a prediction has.
    pub(crate) outputs: Vec<End>,
    /// Without `Input`; never empty.
    pub(crate) layers: Vec<Layer>,
    pub(crate) joints: Vec<Joint>,
    /// Whether a layer is missing because it could not be parsed.
    pub(crate) incomplete: bool,
    /// Whether a mistake is reported: then nothing that depends on the layers' numbers is an error too.
    pub(crate) is_mistaken: bool,
}

/// A value that a model takes or gives.
pub(crate) struct End {
    /// The field's name where there are several.
    pub(crate) name: Ident,
    /// `None` after a mistake that hides it.
    pub(crate) shape: Option<Shape>,
    /// The layer that gives an output.
    pub(crate) layer: usize,
}

/// One row of a model's table of layers.
pub(crate) struct Layer {
    /// `plain_1.conv2d_2`: in front of the last dot are the blocks that it stands in.
    pub(crate) name: String,
    /// The last part of the name, where it is written.
    pub(crate) ident: Ident,
    pub(crate) docs: Vec<syn::Attribute>,
    /// As errors name it.
    pub(crate) text: String,
    /// What the user calls the kind.
    pub(crate) kind: String,
    pub(crate) input: Shape,
    pub(crate) output: Shape,
    /// Whether both shapes are known; a mistake may hide them.
    pub(crate) has_shapes: bool,
    /// The numbers of the values that it takes: first the model's inputs, then what each layer gives.
    pub(crate) sources: Vec<usize>,
    /// The layer whose weight its weight is.
    pub(crate) ties: Option<usize>,
    /// The layer whose numbers these are too.
    pub(crate) shares: Option<usize>,
    pub(crate) layer_type: LayerType,
    pub(crate) role: Role,
    pub(crate) has_parameters: bool,
    pub(crate) has_buffers: bool,
    /// `None`: as a slice.
    pub(crate) view: Option<View>,
    /// Sizes whose product is the number of values in the layer's largest tensor.
    pub(crate) weight: Vec<Size>,
    /// What rustc must prove of the layer's sizes.
    pub(crate) requirements: Vec<Requirement>,
    /// Where the kind is written.
    pub(crate) span: Span,
    /// `softmax` or `log_softmax` at the layer's end, where it is written.
    pub(crate) softmax: Option<Ident>,
}

impl Layer {
    /// `PLAIN_1_CONV2D_2`
    pub(crate) fn constant(&self) -> String {
        self.name.trim_start_matches("r#").replace('.', "_").to_uppercase()
    }

    /// The method that shows the layer's parameters: `plain_1_conv2d_2`.
    pub(crate) fn method(&self) -> Ident {
        match self.name.contains('.') {
            true => Ident::new(&self.name.replace('.', "_"), self.ident.span()),
            false => self.ident.clone(),
        }
    }
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

/// What a layer gives: a layer that keeps the shape gives it in the name of the one that set it.
#[derive(Clone)]
struct Given {
    shape: Option<Shape>,
    giver: Option<usize>,
    text: String,
}

pub(crate) fn model<'a>(graph: &Graph<'a>, report: &mut Report) -> Model<'a> {
    let written = graph.written;
    let inputs: Vec<Option<Spec>> = graph.inputs.iter().map(|input| sample(written, input, report)).collect();
    let mut checked = Checked { graph, inputs, layers: Vec::new(), specs: Vec::new(), given: Vec::new() };
    let mut joints = Vec::new();
    let mut numbers = 0;
    for index in 0..graph.nodes.len() {
        joints.extend(checked.layer(index, &mut numbers, report));
    }
    softmax_in_the_middle(graph, &checked.specs, report);
    let Checked { inputs, mut layers, specs, .. } = checked;
    // Where a layer is missing, the first or the last that is left may be another than the one that is meant.
    let is_complete = !graph.incomplete;
    let named = |name: &Option<Ident>, default: &str| {
        name.clone().unwrap_or_else(|| Ident::new(default, written.name.span()))
    };
    let ends = graph.inputs.iter().zip(&inputs).enumerate().map(|(index, (input, spec))| {
        let written = spec.as_ref().map(|spec| spec.input.clone());
        let shape = written.unwrap_or_else(|| specs.first().and_then(|spec| spec.input.clone()));
        let name = named(&input.name, "input");
        End { name, shape: shape.filter(|_| is_complete), layer: index }
    });
    let ends: Vec<End> = ends.collect();
    let mut outputs: Vec<End> = Vec::new();
    for output in &graph.outputs {
        let Origin::Node(layer) = output.source.origin else { continue };
        let shape = specs.get(layer).filter(|_| is_complete).and_then(|spec| spec.output.clone());
        if let Some(node) = graph.nodes.get(layer).filter(|_| shape.as_ref().is_some_and(|s| s.is_sequence)) {
            let kind = &node.layer;
            let message = format!(
                "`{kind}` gives a sequence, a result for each step: a model gives one for each sample, such as that of \
                 `GlobalAvgPool` behind it"
            );
            report.error(kind.span(), message);
        }
        outputs.push(End { name: named(&output.name, "output"), shape, layer });
    }
    if layers.is_empty() {
        empty(graph, report);
        layers.push(placeholder_layer(ends.first().and_then(|end| end.shape.clone())));
    }
    if outputs.is_empty() {
        let layer = layers.len() - 1;
        let shape = specs.last().filter(|_| is_complete).and_then(|spec| spec.output.clone());
        outputs.push(End { name: named(&None, "output"), shape, layer });
    }
    let is_mistaken = report.has_errors();
    Model { written, inputs: ends, outputs, layers, joints, incomplete: graph.incomplete, is_mistaken }
}

/// The shape of one sample, if it is written.
fn sample(written: &ast::Model, input: &graph::Input<'_>, report: &mut Report) -> Option<Spec> {
    let layer = input.layer?;
    report.read(layer, 0);
    Some(spec(written, layer, &[Arrives::Nothing], &[], report))
}

/// The layers that are checked so far.
struct Checked<'a, 'g> {
    graph: &'g Graph<'a>,
    /// Of each input, if it is written.
    inputs: Vec<Option<Spec>>,
    layers: Vec<Layer>,
    specs: Vec<Spec>,
    /// What each layer gives.
    given: Vec<Given>,
}

impl Checked<'_, '_> {
    /// Checks the next layer. Gives what must hold between it and the one that it takes its values from.
    fn layer(&mut self, index: usize, numbers: &mut u64, report: &mut Report) -> Option<Joint> {
        let (written, node) = (self.graph.written, &self.graph.nodes[index]);
        let layer = &node.layer;
        report.read(node.written, index);
        let mistakes = report.count();
        // Errors in a repetition that changes the shape would be about the copies.
        let is_hidden = self.repetition(index, report) || self.is_shared_mistake(node);
        let given: Vec<Option<Given>> = node.sources.iter().map(|source| self.given(source)).collect();
        let is_missing = self.graph.incomplete && index == 0 || node.sources.is_empty();
        let arrives: Vec<Arrives<'_>> = given
            .iter()
            .zip(&node.sources)
            .map(|(given, source)| match (given, source) {
                _ if is_hidden || is_missing => Arrives::Unknown,
                (None, Source { origin: Origin::Input(_), part: None }) => Arrives::Nothing,
                (Some(Given { shape: Some(shape), text, .. }), _) if !self.graph.incomplete => {
                    Arrives::Shape { shape, giver: text }
                }
                _ => Arrives::Unknown,
            })
            .collect();
        let arrives = if arrives.is_empty() { vec![Arrives::Unknown] } else { arrives };
        let ties = self.ties(node);
        let mut spec =
            if is_hidden { unknown(&arrives) } else { spec(written, layer, &arrives, &ties, report) };
        parts(self.graph, node, report);
        requirements(&mut spec, report);
        self.shared_input(node, &mut spec, given.first(), report);
        if !is_small_enough(layer, &spec, numbers, report) {
            spec = unknown(&[Arrives::Unknown]);
        }
        softmax_of_one(&spec, report);
        // How several values must agree, their layer's kind says.
        let given = if let [given] = given.as_slice() { given.clone() } else { None };
        let joint = joint(layer, index, &mut spec, given.as_ref(), &self.layers, report);
        let sets_shape = given.is_none() || !matches!(spec.role, Role::Training) && changes_shape(&spec);
        self.given.push(match given {
            Some(given) if !sets_shape && spec.output.is_some() => given,
            _ => Given { shape: spec.output.clone(), giver: Some(index), text: layer.to_string() },
        });
        let placeholder = || Shape::of(Size::Literal { value: 1, span: Span::mixed_site() });
        let has_shapes = spec.input.is_some() && spec.output.is_some();
        let docs = layer.attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
        let is_right = has_shapes && report.count() == mistakes && !layer.incomplete;
        let inputs = self.graph.inputs.len();
        let value = |source: &Source| match source.origin {
            Origin::Input(input) => input,
            Origin::Node(node) => inputs + node,
        };
        self.layers.push(Layer {
            name: node.name.clone(),
            ident: node.ident.clone(),
            docs: docs.cloned().collect(),
            text: layer.to_string(),
            kind: layer.kind(),
            input: spec.input.clone().unwrap_or_else(placeholder),
            output: spec.output.clone().unwrap_or_else(placeholder),
            has_shapes,
            sources: node.sources.iter().map(value).collect(),
            ties: node.tied.first().filter(|_| spec.is_tied).map(|tied| tied.node),
            shares: match node.numbers {
                Numbers::Shared { node, .. } => Some(node),
                Numbers::Own => None,
            },
            layer_type: if is_right { spec.layer_type.clone() } else { LayerType::Unknown },
            role: spec.role,
            has_parameters: spec.has_parameters,
            has_buffers: spec.has_buffers,
            view: spec.view.clone(),
            weight: spec.weight.clone(),
            requirements: spec.requirements.clone(),
            span: layer.span(),
            softmax: spec.softmax.clone(),
        });
        self.specs.push(spec);
        joint
    }

    /// The tensors of earlier layers that are to be this one's.
    fn ties(&self, node: &Node<'_>) -> Vec<TiedTo> {
        let ties = node.tied.iter().map(|tied| {
            let spec = &self.specs[tied.node];
            TiedTo {
                tensor: tied.tensor.clone(),
                place: tied.place,
                layer: self.layers[tied.node].text.clone(),
                weight: spec.weight.clone(),
                is_table: spec.is_table,
            }
        });
        ties.collect()
    }

    /// A value that a layer takes, if it is known.
    fn given(&self, source: &Source) -> Option<Given> {
        let Source { origin, part: None } = source else { return None };
        match *origin {
            Origin::Node(node) => Some(self.given[node].clone()),
            Origin::Input(input) => {
                let sample = self.inputs[input].as_ref()?;
                let text = self.graph.inputs[input].layer.map(ToString::to_string).unwrap_or_default();
                Some(Given { shape: sample.output.clone(), giver: None, text })
            }
        }
    }

    /// Whether the layer has the numbers of a layer with a mistake, which is reported there.
    fn is_shared_mistake(&self, node: &Node<'_>) -> bool {
        match node.numbers {
            Numbers::Shared { node, .. } => matches!(self.layers[node].layer_type, LayerType::Unknown),
            Numbers::Own => false,
        }
    }

    /// Shared numbers are for one shape, also where a layer takes what arrives.
    fn shared_input(
        &self,
        node: &Node<'_>,
        spec: &mut Spec,
        given: Option<&Option<Given>>,
        report: &mut Report,
    ) {
        let Numbers::Shared { node: original, place } = &node.numbers else { return };
        let Some(Some(Given { shape: Some(input), .. })) = given else { return };
        let original = &self.layers[*original];
        if original.has_shapes
            && original.input.sizes.len() == input.sizes.len()
            && original.input.differs(input)
        {
            // The joint would say it once more, at the first use.
            spec.is_input_written = false;
            let (text, takes) = (&original.text, &original.input);
            let message = format!("the numbers of `{text}` are for {takes}, but here {input} arrives");
            report.error(*place, message);
        }
    }

    /// Whether the node stands in a second copy of what does not keep the shape. That is reported for the first node.
    fn repetition(&self, index: usize, report: &mut Report) -> bool {
        let shape = |source: &Source| match source.origin {
            _ if source.part.is_some() => None,
            Origin::Node(node) => self.given[node].shape.clone(),
            Origin::Input(input) => self.inputs[input].as_ref().and_then(|sample| sample.output.clone()),
        };
        let mut is_hidden = false;
        for repetition in &self.graph.repetitions {
            let (first, others) = (&repetition.first, &repetition.others);
            let ([takes], [gives]) = (repetition.takes.as_slice(), repetition.gives.as_slice()) else {
                continue;
            };
            if first.is_empty() || !others.contains(&index) {
                continue;
            }
            let takes = shape(takes).or_else(|| self.specs[first.start].input.clone());
            let (Some(takes), Some(gives)) = (takes, shape(gives)) else { continue };
            if !takes.differs(&gives) {
                continue;
            }
            if index == others.start {
                let (text, count) = (&repetition.text, repetition.count);
                let message = format!(
                    "`{text}` cannot follow itself {count} times: it takes {takes} and gives {gives}, \
                     and a repetition keeps the shape"
                );
                report.error(repetition.span, message);
            }
            is_hidden = true;
        }
        is_hidden
    }
}

/// Built-in kinds give one value, which has no parts; a type of the user's says itself.
fn parts(graph: &Graph<'_>, node: &Node<'_>, report: &mut Report) {
    for source in &node.sources {
        let (Some(part), Origin::Node(giver)) = (&source.part, source.origin) else { continue };
        let giver = &graph.nodes[giver].layer;
        if giver.path.word().is_some_and(|word| kinds::meant(&word.to_string()).is_some()) {
            report.error(part.span(), format!("`{giver}` has no part `{part}`"));
        }
    }
}

/// What the layer's kind says of it; a path to a type where no kind is meant.
fn spec(
    written: &ast::Model,
    layer: &ast::Layer,
    arrives: &[Arrives<'_>],
    ties: &[TiedTo],
    report: &mut Report,
) -> Spec {
    let (word, kind_name) = (layer.path.word().map(ToString::to_string), layer.kind());
    let kind = word.as_deref().and_then(kinds::meant);
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
            // How many values arrive is not known where a mistake hides them.
            let is_known = !matches!(arrives, [Arrives::Unknown]) && !layer.incomplete;
            if let Some(message) = kind.inputs().misfit(layer, arrives.len()).filter(|_| is_known) {
                report.error(layer.span(), message);
                return unknown(&[Arrives::Unknown]);
            }
            let words = arrives.iter().find_map(|arrives| match arrives {
                Arrives::Shape { shape, giver } if shape.is_index && !kind.takes_words() => Some(giver),
                _ => None,
            });
            if let Some(giver) = words {
                let message = format!(
                    "`{layer}` takes numbers, but `{giver}` gives word numbers: put `Embedding(10_000 => 64)` between"
                );
                report.error(layer.span(), message);
            }
            kind.check(&mut Arguments::new(
                layer,
                kind.name(),
                kind.example(),
                if words.is_some() { &[Arrives::Unknown] } else { arrives },
                &written.words,
                ties,
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
        (None, Some(word)) if NOT_BUILT_IN.iter().any(|name| normal(name) == normal(&word)) => {
            let kinds = all_kinds();
            let message = format!(
                "there is no layer `{word}` yet. {kinds}; a type of your own is written `self::{word}`"
            );
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
            ties,
            report,
        )),
    }
}

/// Layers of other frameworks that a user may look for here.
const NOT_BUILT_IN: [&str; 10] = [
    "Lstm",
    "Gru",
    "Rnn",
    "SimpleRnn",
    "MultiHeadAttention",
    "Positions",
    "Conv1d",
    "Conv3d",
    "ConvTranspose2d",
    "Conv2dTranspose",
];

fn all_kinds() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name()).collect();
    format!("Built in are {}", names.join(", "))
}

/// Stands in for a layer of which nothing is known.
fn unknown(arrives: &[Arrives<'_>]) -> Spec {
    let input = match arrives {
        [Arrives::Shape { shape, .. }, ..] => Some((*shape).clone()),
        _ => None,
    };
    Spec { output: None, ..Spec::same_shape(input, LayerType::Unknown, Role::Step) }
}

/// Judges what a layer needs of literal sizes, and leaves the rest to rustc. What does not hold hides the output, and what else is asked of
/// the same sizes.
fn requirements(spec: &mut Spec, report: &mut Report) {
    let all = std::mem::take(&mut spec.requirements);
    for together in all.chunk_by(|_, next| next.is_second) {
        let holds = |requirement: &Requirement| requirement.condition.literal(&requirement.arguments);
        if let Some(mistake) = together.iter().find(|requirement| holds(requirement) == Some(false)) {
            if mistake.shown.iter().any(|size| size.literal().is_none()) {
                // rustc says the others in decimal too.
                spec.requirements.push(Requirement { is_second: false, ..mistake.clone() });
                continue;
            }
            report.error(mistake.span, mistake.fill(&mistake.message, |_, size| size.to_string()));
            spec.output = None;
            continue;
        }
        let mut left = together.iter().filter(|requirement| holds(requirement).is_none()).cloned();
        // Without those that hold, another is the first.
        spec.requirements.extend(left.next().map(|first| Requirement { is_second: false, ..first }));
        spec.requirements.extend(left);
    }
}

/// Whether errors behind this layer name it as the one that gave the shape.
fn changes_shape(spec: &Spec) -> bool {
    spec.changes_shape || spec.role == Role::Reshape || spec.is_input_written || spec.has_parameters
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
fn softmax_in_the_middle(graph: &Graph<'_>, specs: &[Spec], report: &mut Report) {
    // Whether a layer that computes takes the value, perhaps under another shape.
    let mut is_computed_with = vec![false; specs.len()];
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        for source in &node.sources {
            if let Origin::Node(giver) = source.origin {
                is_computed_with[giver] |= specs[i].role != Role::Reshape || is_computed_with[i];
            }
        }
    }
    for (i, spec) in specs.iter().enumerate().filter(|(i, _)| is_computed_with[*i]) {
        // As a layer of its own, which has no parameters, it is meant.
        if let Some(name) = spec.softmax.as_ref().filter(|_| spec.has_parameters) {
            let message = format!(
                "`{name}` belongs to the last layer: behind it, layers see shares that sum to one; \
                 if that is meant, write `Activation({name})` as a layer of its own"
            );
            report.read(graph.nodes[i].written, i);
            report.error(name.span(), message);
        }
    }
}

/// Numbers beyond this do not fit into any machine's memory.
pub(crate) const MOST_NUMBERS: u64 = 1 << 40;

/// Whether the layer keeps the model within what a machine can hold; `sum` counts up.
fn is_small_enough(layer: &ast::Layer, spec: &Spec, sum: &mut u64, report: &mut Report) -> bool {
    let product = |sizes: &[Size]| -> u64 {
        sizes.iter().map(|size| size.literal().unwrap_or(1)).fold(1, u64::saturating_mul)
    };
    let shapes = [&spec.input, &spec.output].into_iter().flatten().map(|shape| shape.sizes.as_slice());
    let numbers = shapes.chain([spec.weight.as_slice()]).map(product).max().unwrap_or(1);
    let before = *sum;
    *sum = before.saturating_add(numbers);
    if before <= MOST_NUMBERS && *sum > MOST_NUMBERS {
        let message =
            format!("`{layer}` brings the model above {MOST_NUMBERS} numbers, the most there may be");
        report.error(layer.arguments_span, message);
    }
    *sum <= MOST_NUMBERS
}

fn empty(graph: &Graph<'_>, report: &mut Report) {
    let (name, list) = (&graph.written.name, &graph.written.list);
    if graph.incomplete
        || graph.inputs.iter().filter(|input| input.layer.is_some()).count() < list.items.len()
    {
        return;
    }
    let message = if list.items.is_empty() {
        format!("`{name}` has no layers: `{name} < Dense(784 => 10) >`")
    } else {
        format!("`{name}` has no layer behind `Input`")
    };
    report.error(name.span(), message);
}

fn placeholder_layer(input: Option<Shape>) -> Layer {
    let shape = input.unwrap_or_else(|| Shape::of(Size::Literal { value: 1, span: Span::mixed_site() }));
    Layer {
        name: "layer_1".to_owned(),
        ident: format_ident!("layer_1"),
        docs: Vec::new(),
        text: String::new(),
        kind: String::new(),
        input: shape.clone(),
        output: shape,
        has_shapes: false,
        sources: vec![0],
        ties: None,
        shares: None,
        layer_type: LayerType::Unknown,
        role: Role::Step,
        has_parameters: false,
        has_buffers: false,
        view: None,
        weight: Vec::new(),
        requirements: Vec::new(),
        span: Span::mixed_site(),
        softmax: None,
    }
}
