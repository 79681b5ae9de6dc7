//! A model as a graph to be drawn, and as text in the languages of Graphviz and Mermaid.

use core::fmt::Write as _;

use super::summary::{Summary, shapes};
use crate::schema::{Info, LayerInfo, Part};

/// A model's graph: layers of inner models stand beside their model's, in a group. An edge leads from an earlier node to a later one.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    groups: Vec<Group>,
}

/// A layer, an input or an output.
#[derive(Debug)]
pub(crate) struct Node {
    /// With the blocks and models that it stands in: `encoder.plain_1.dense_1`.
    pub(crate) name: String,
    /// Its kind and the shapes that it gives; of an output nothing but its shape.
    pub(crate) lines: Vec<String>,
    pub(crate) is_end: bool,
    group: Option<usize>,
}

/// A value that a node takes.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The value's shape where `from` gives several values, else empty.
    pub(crate) label: String,
}

/// A block or an inner model.
#[derive(Debug)]
struct Group {
    path: String,
    label: String,
    parent: Option<usize>,
}

/// Which node gives a value.
#[derive(Debug, Clone)]
struct Value {
    node: usize,
    /// As [`Edge::label`].
    label: String,
}

impl Picture {
    pub(crate) fn of(summary: &Summary) -> Self {
        let mut picture = Self::default();
        let names = summary.input_names();
        let inputs = summary.inputs.iter().zip(&names).map(|(part, name)| {
            let node = picture.node((*name).to_owned(), vec![shapes(&[*part])], true, None);
            Value { node, label: String::new() }
        });
        let inputs: Vec<Value> = inputs.collect();
        let info = Info::model(summary.name, summary.layers).ends(summary.input_names, summary.output_layers);
        let given = picture.add_layers(&info, "", None, &inputs);
        let names = summary.output_names();
        for (value, (part, name)) in given.iter().zip(summary.outputs.iter().zip(&names)) {
            let node = picture.node((*name).to_owned(), vec![shapes(&[*part])], true, None);
            picture.connect(value, node);
        }
        picture
    }

    fn node(&mut self, name: String, lines: Vec<String>, is_end: bool, group: Option<usize>) -> usize {
        self.nodes.push(Node { name, lines, is_end, group });
        self.nodes.len() - 1
    }

    fn connect(&mut self, value: &Value, to: usize) {
        self.edges.push(Edge { from: value.node, to, label: value.label.clone() });
    }

    /// The layers of a model that stands at `prefix` and takes `inputs`. Returns the values that it gives.
    fn add_layers(
        &mut self,
        model: &Info,
        prefix: &str,
        group: Option<usize>,
        inputs: &[Value],
    ) -> Vec<Value> {
        let mut given: Vec<(&str, Vec<Value>)> = Vec::new();
        for layer in model.layers {
            let taken: Vec<Value> = if layer.sources.is_empty() {
                given.last().map_or(inputs, |(_, values)| values).to_vec()
            } else {
                let source = |source: &&str| match given.iter().find(|(name, _)| name == source) {
                    Some((_, values)) => values.clone(),
                    None => match model.inputs.iter().position(|name| name == source) {
                        Some(input) => vec![inputs[input].clone()],
                        None => inputs.to_vec(),
                    },
                };
                layer.sources.iter().flat_map(source).collect()
            };
            let path = format!("{prefix}{}", layer.name);
            let group = self.blocks(prefix, layer.name, group);
            let values = if layer.info.layers.is_empty() {
                self.add_layer(layer, path, group, &taken)
            } else {
                let label = format!("{}: {}", last_part(layer.name), layer.info.kind);
                let inner = self.group(path.clone(), label, group);
                self.add_layers(&layer.info, &format!("{path}."), Some(inner), &taken)
            };
            given.push((layer.name, values));
        }
        if model.outputs.is_empty() {
            return given.pop().map_or_else(Vec::new, |(_, values)| values);
        }
        let outputs = model.outputs.iter().filter_map(|output| given.iter().find(|(name, _)| name == output));
        outputs.flat_map(|(_, values)| values.clone()).collect()
    }

    fn add_layer(
        &mut self,
        layer: &LayerInfo,
        path: String,
        group: Option<usize>,
        taken: &[Value],
    ) -> Vec<Value> {
        let mut kind = layer.info.kind.to_owned();
        if layer.activation != "linear" {
            kind = format!("{kind}, {}", layer.activation);
        }
        let mut lines = vec![kind];
        lines.extend(layer.shares.map(|owner| format!("shared with {owner}")));
        lines.push(shapes(layer.outputs));
        let node = self.node(path, lines, false, group);
        taken.iter().for_each(|value| self.connect(value, node));
        let label = |part: &Part| if layer.outputs.len() > 1 { shapes(&[*part]) } else { String::new() };
        layer.outputs.iter().map(|part| Value { node, label: label(part) }).collect()
    }

    /// The innermost block that the layer `name` stands in, as `plain_1.unit_1.dense_1` stands in two.
    fn blocks(&mut self, prefix: &str, name: &str, mut group: Option<usize>) -> Option<usize> {
        for (dot, _) in name.match_indices('.') {
            let label = last_part(&name[..dot]).to_owned();
            group = Some(self.group(format!("{prefix}{}", &name[..dot]), label, group));
        }
        group
    }

    fn group(&mut self, path: String, label: String, parent: Option<usize>) -> usize {
        self.groups.iter().position(|group| group.path == path).unwrap_or_else(|| {
            self.groups.push(Group { path, label, parent });
            self.groups.len() - 1
        })
    }

    /// Writes nodes and groups as nested as they are: `node`, and `open` before what stands in a group, get the text, a number and
    /// the depth.
    fn nested(
        &self,
        text: &mut String,
        inside: Option<usize>,
        depth: usize,
        write: &dyn Fn(&mut String, Piece<'_>, &str),
    ) {
        let indent = "    ".repeat(depth);
        for (i, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.group == inside) {
            write(text, Piece::Node(i, node), &indent);
        }
        for (i, group) in self.groups.iter().enumerate().filter(|(_, group)| group.parent == inside) {
            write(text, Piece::Open(i, group), &indent);
            self.nested(text, Some(i), depth + 1, write);
            write(text, Piece::Close, &indent);
        }
    }
}

/// What a text of nodes and groups consists of.
enum Piece<'a> {
    Node(usize, &'a Node),
    Open(usize, &'a Group),
    Close,
}

impl Node {
    /// What it says: its name in its group, then its lines.
    fn label(&self) -> Vec<&str> {
        core::iter::once(last_part(&self.name)).chain(self.lines.iter().map(String::as_str)).collect()
    }
}

/// `dense_1` of `plain_1.dense_1`.
fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl Summary {
    /// The model's graph in the language of Graphviz, which `dot -Tsvg` draws.
    ///
    /// A node for each input, layer and output, with its kind and the shape that it gives; blocks and inner models are clusters.
    /// A node's identifier is the layer's full name, or `in:` or `out:` and the name of an input or output. Edges out of a
    /// layer that gives several values say the shape. Names may hold any characters.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Skip < hidden: Dense(4 => 4, relu), Add[ _ | Dense(4 => 4) ], Dense(4 => 2) > }
    ///
    /// let dot = Skip::summary().to_dot();
    /// assert!(dot.starts_with("digraph \"Skip\" {"));
    /// assert!(dot.contains(r#""hidden" [label="hidden\nDense, relu\n4"];"#), "{dot}");
    /// assert!(dot.contains(r#""hidden" -> "add_1";"#), "{dot}");
    /// ```
    #[doc(alias = "plot_model")]
    #[doc(alias = "model_to_dot")]
    pub fn to_dot(&self) -> String {
        let picture = Picture::of(self);
        // An output stands behind all that it takes, an input takes nothing.
        let takes = |node| picture.edges.iter().any(|edge| edge.to == node);
        let id = |node: usize| match &picture.nodes[node] {
            Node { name, is_end: false, .. } => dot_text(name),
            Node { name, .. } if takes(node) => dot_text(&format!("out:{name}")),
            Node { name, .. } => dot_text(&format!("in:{name}")),
        };
        let mut text = format!("digraph {} {{\n    node [shape=box];\n", dot_text(self.name));
        picture.nested(&mut text, None, 1, &|text, piece, indent| {
            let written = match piece {
                Piece::Node(i, node) => {
                    let label = node.label().into_iter().map(dot_escaped).collect::<Vec<_>>().join("\\n");
                    let shape = if node.is_end { ", shape=ellipse" } else { "" };
                    writeln!(text, "{indent}{} [label=\"{label}\"{shape}];", id(i))
                }
                Piece::Open(_, Group { path, label, .. }) => {
                    let (name, label) = (dot_text(&format!("cluster_{path}")), dot_text(label));
                    writeln!(text, "{indent}subgraph {name} {{\n{indent}    label={label};")
                }
                Piece::Close => writeln!(text, "{indent}}}"),
            };
            written.expect("a string takes all that is written");
        });
        for Edge { from, to, label } in &picture.edges {
            let label =
                if label.is_empty() { label.clone() } else { format!(" [label={}]", dot_text(label)) };
            writeln!(text, "    {} -> {}{label};", id(*from), id(*to))
                .expect("a string takes all that is written");
        }
        text.push_str("}\n");
        text
    }

    /// The model's graph as a Mermaid flowchart, which many Markdown viewers draw.
    ///
    /// Nodes, groups and edges are those of [`to_dot`](Self::to_dot); identifiers are numbers.
    ///
    /// ```
    /// use typenet::prelude::*;
    ///
    /// model! { Line < Dense(4 => 2) > }
    ///
    /// assert_eq!(
    ///     Line::summary().to_mermaid(),
    ///     r#"flowchart TB
    ///     n0(["input<br/>4"])
    ///     n1["dense_1<br/>Dense<br/>2"]
    ///     n2(["output<br/>2"])
    ///     n0 --> n1
    ///     n1 --> n2
    /// "#
    /// );
    /// ```
    pub fn to_mermaid(&self) -> String {
        let picture = Picture::of(self);
        let mut text = "flowchart TB\n".to_owned();
        picture.nested(&mut text, None, 1, &|text, piece, indent| {
            let written = match piece {
                Piece::Node(i, node) => {
                    let label =
                        node.label().into_iter().map(mermaid_escaped).collect::<Vec<_>>().join("<br/>");
                    let (open, close) = if node.is_end { ("([", "])") } else { ("[", "]") };
                    writeln!(text, "{indent}n{i}{open}\"{label}\"{close}")
                }
                Piece::Open(i, group) => {
                    writeln!(text, "{indent}subgraph g{i}[\"{}\"]", mermaid_escaped(&group.label))
                }
                Piece::Close => writeln!(text, "{indent}end"),
            };
            written.expect("a string takes all that is written");
        });
        for Edge { from, to, label } in &picture.edges {
            let label =
                if label.is_empty() { label.clone() } else { format!("|\"{}\"|", mermaid_escaped(label)) };
            writeln!(text, "    n{from} -->{label} n{to}").expect("a string takes all that is written");
        }
        text
    }
}

/// Inside of a quoted string: Graphviz reads backslashes and HTML's entities in labels.
fn dot_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn dot_text(text: &str) -> String {
    format!("\"{}\"", dot_escaped(text))
}

/// Inside of a quoted label: everything that is markup, there or in HTML, is a numbered entity.
fn mermaid_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' => {
                write!(escaped, "#{};", u32::from(c)).expect("a string takes all that is written");
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
