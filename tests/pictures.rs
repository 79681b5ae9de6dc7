//! The summary's table and a model's graph as text.

use typenet::layers::{Add, Dense, Embedding, IndexSteps};
use typenet::model::Summary;
use typenet::prelude::*;
use typenet::schema::{Info, LayerInfo, Part};
use typenet::typenum::{U2, U3, U4};

model! {
    Plain(n) < Add[ _ | Dense(n => n, tanh), Dense(n => n) ] >
    pub Tower < Dense(3 => 4), 2 * Plain(4), head: Dense(4 => 2) >
}

model! {
    pub Siamese < first: Dense(4 => 4, gelu), Shared(first), (first, shared_1) -> Add, Dense(4 => 3) >
}

model! { pub Nested < tower: Tower(3 => 2), Dense(2 => 2, softmax) > }

model! { pub Chain < Dense(4 => 3), Dense(3 => 4), Dense(4 => 3), Dense(3 => 2) > }

/// Cells of the table's row of a layer.
fn row(table: &str, layer: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.split_whitespace().next() == Some(layer));
    let line = line.unwrap_or_else(|| panic!("no row {layer} in\n{table}"));
    line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn the_table_says_what_layers_take_that_is_not_the_row_above() {
    let table = Tower::summary().to_string();
    assert_eq!(row(&table, "plain_1.dense_2"), ["plain_1.dense_2", "Dense", "4", "20", "36"]);
    let takes = "plain_1.add_1 and plain_2.dense_2";
    assert_eq!(row(&table, "plain_2.add_1"), ["plain_2.add_1", "Add", takes, "4", "0", "4"]);
    assert!(table.contains(" takes ") && !Chain::summary().to_string().contains("takes"));

    let nested = Nested::summary().to_string();
    assert_eq!(row(&nested, "tower.plain_2.add_1")[2], "tower.plain_1.add_1 and tower.plain_2.dense_2");
}

#[test]
fn shared_parameters_are_counted_once() {
    let summary = Siamese::summary();
    assert_eq!(summary.parameters, 4 * 4 + 4 + 4 * 3 + 3);
    let table = summary.to_string();
    assert_eq!(row(&table, "shared_1")[2..], ["4", "shared with first", "36"]);
    assert!(table.contains("35 parameters (140 bytes)"), "{table}");
}

/// In training a chain of dense layers keeps what each layer takes; an inference has two areas that take turns.
#[test]
fn the_summary_says_what_the_plan_saves() {
    let summary = Chain::summary();
    assert_eq!((summary.activation_bytes, summary.unshared_bytes), (4 * 12, 4 * 12));
    assert_eq!((summary.scratch_bytes, summary.unshared_scratch_bytes), (4 * 7, 4 * 10));
    let last = "48 bytes of activations per sample (48 without sharing memory), 28 bytes of scratch for a prediction (40)";
    assert_eq!(summary.to_string().lines().last(), Some(last));
    let tower = Tower::summary();
    assert!(tower.activation_bytes < tower.unshared_bytes, "{tower}");
}

/// Two inputs, words and a value, and two outputs, as the macro's table says them.
fn product() -> Summary {
    const LAYERS: &[LayerInfo] = &[
        LayerInfo { outputs: &[STEPS], ..LayerInfo::of::<Embedding<IndexSteps<U4, U3>, U4>>("read") }
            .from(&["text"]),
        LayerInfo::of::<Dense<U3, U4>>("seen").from(&["image"]),
        LayerInfo::of::<Add<(U4,), 2>>("both").from(&["seen", "read"]),
        LayerInfo::of::<Dense<U4, U2>>("class"),
        LayerInfo::of::<Dense<U4, U3>>("price").from(&["both"]),
    ];
    const IMAGE: Part = Part { shape: &[3, 1_000], below: None, is_sequence: false, is_tensor: false };
    const WORDS: Part = Part { shape: &[40], below: Some(10_000), is_sequence: true, is_tensor: false };
    const STEPS: Part = Part { shape: &[40, 64], below: None, is_sequence: true, is_tensor: false };
    const CLASS: Part = Part { shape: &[10], ..IMAGE };
    Summary {
        name: "Product",
        inputs: &[IMAGE, WORDS],
        input_names: &["image", "text"],
        outputs: &[CLASS, STEPS],
        output_layers: &["class", "price"],
        layers: LAYERS,
        ..Chain::summary()
    }
}

#[test]
fn several_inputs_and_outputs_have_their_names() {
    let table = product().to_string();
    assert!(table.starts_with("Product: image 3 × 1,000, text ..40 below 10,000 values in\n"), "{table}");
    assert!(table.contains("\nclass 10, price ..40 × 64 values out\n"), "{table}");
    assert_eq!(row(&table, "read")[2..4], ["text", "..40 × 64"]);
    let dot = Dot::parse(&product().to_dot());
    assert_eq!(dot.taken_by("read"), ["in:text"]);
    assert_eq!(dot.taken_by("seen"), ["in:image"]);
    assert_eq!(dot.taken_by("both"), ["seen", "read"]);
    assert_eq!(dot.taken_by("price"), ["both"]);
    assert_eq!((dot.taken_by("out:class"), dot.taken_by("out:price")), (vec!["class"], vec!["price"]));
    assert_eq!(dot.label("in:text"), "text\n..40 below 10,000");
}

model! {
    Pair(n) < Add[ _ | Dense(n => n) ] >
    pub Towers <
        left: Input(3),
        right: Input(4),
        seen: left -> Dense(3 => 4),
        both: (seen, right) -> Add,
        class: Dense(4 => 2, softmax),
        price: both -> Pair(4),
        (class, price),
    >
}

/// An output may have the name of a block; the layer in it that gives the value has another.
#[test]
fn a_declared_graph_of_several_inputs_and_outputs_is_drawn_whole() {
    let dot = Dot::parse(&Towers::summary().to_dot());
    assert_eq!(dot.taken_by("seen"), ["in:left"]);
    assert_eq!(dot.taken_by("both"), ["seen", "in:right"]);
    assert_eq!(dot.taken_by("out:class"), ["class"]);
    assert_eq!(dot.nodes.iter().filter(|node| node.0.starts_with("out:")).count(), 2);
    let table = Towers::summary().to_string();
    assert!(table.starts_with("Towers: left 3, right 4 values in\n"), "{table}");
}

/// A graph in the part of Graphviz's language that a summary writes.
#[derive(Default)]
struct Dot {
    /// Identifier, label, and the clusters that it stands in.
    nodes: Vec<(String, String, Vec<String>)>,
    edges: Vec<(String, String, Option<String>)>,
}

impl Dot {
    fn parse(text: &str) -> Self {
        let mut dot = Self::default();
        let (mut clusters, mut is_open) = (Vec::new(), false);
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("digraph ") {
                assert_eq!(quoted(rest).1, " {");
                is_open = true;
            } else if let Some(rest) = line.strip_prefix("subgraph ") {
                let (name, rest) = quoted(rest);
                assert_eq!(rest, " {");
                clusters.push(name.strip_prefix("cluster_").expect("a cluster").to_owned());
            } else if line == "}" {
                if clusters.pop().is_none() {
                    assert!(std::mem::take(&mut is_open), "a bracket too many");
                }
            } else if let Some(rest) = line.strip_prefix("label=") {
                assert_eq!(quoted(rest).1, ";");
            } else if line != "node [shape=box];" {
                let (id, rest) = quoted(line);
                let label = |rest: &str| {
                    let (label, rest) = quoted(rest.strip_prefix(" [label=").expect("a label"));
                    assert!(["];", ", shape=ellipse];"].contains(&rest), "{line}");
                    label
                };
                match rest.strip_prefix(" -> ") {
                    Some(rest) => {
                        let (to, rest) = quoted(rest);
                        dot.edges.push((id, to, (rest != ";").then(|| label(rest))));
                    }
                    None => dot.nodes.push((id, label(rest), clusters.clone())),
                }
            }
        }
        assert!(!is_open && clusters.is_empty(), "brackets are closed");
        for (from, to, _) in &dot.edges {
            [from, to].into_iter().for_each(|id| drop(dot.label(id)));
        }
        dot
    }

    fn node(&self, id: &str) -> &(String, String, Vec<String>) {
        let found: Vec<_> = self.nodes.iter().filter(|node| node.0 == id).collect();
        assert_eq!(found.len(), 1, "nodes {id}");
        found[0]
    }

    fn label(&self, id: &str) -> String {
        self.node(id).1.clone()
    }

    fn taken_by(&self, id: &str) -> Vec<&str> {
        self.edges.iter().filter(|edge| edge.1 == id).map(|edge| edge.0.as_str()).collect()
    }
}

/// A quoted string in front of `text`, and the rest.
fn quoted(text: &str) -> (String, &str) {
    let mut characters = text.strip_prefix('"').unwrap_or_else(|| panic!("no quote: {text}")).chars();
    let mut string = String::new();
    loop {
        match characters.next().expect("a closing quote") {
            '"' => return (string.replace("&amp;", "&"), characters.as_str()),
            '\\' => match characters.next() {
                Some('n') => string.push('\n'),
                Some(c @ ('"' | '\\')) => string.push(c),
                other => panic!("\\{other:?}"),
            },
            c => string.push(c),
        }
    }
}

#[test]
fn a_graph_of_blocks_and_inner_models_is_one_of_clusters() {
    let dot = Dot::parse(&Nested::summary().to_dot());
    assert_eq!(dot.nodes.len(), 2 + 8 + 1);
    let clusters = |id: &str| dot.node(id).2.clone();
    assert_eq!(clusters("tower.plain_2.dense_1"), ["tower", "tower.plain_2"]);
    assert_eq!(clusters("tower.head"), ["tower"]);
    assert!(clusters("dense_1").is_empty());
    assert_eq!(dot.label("tower.plain_1.dense_1"), "dense_1\nDense, tanh\n4");
    assert_eq!(dot.taken_by("tower.dense_1"), ["in:input"]);
    assert_eq!(dot.taken_by("tower.plain_2.add_1"), ["tower.plain_1.add_1", "tower.plain_2.dense_2"]);
    assert_eq!(dot.taken_by("dense_1"), ["tower.head"]);
    assert_eq!(dot.taken_by("out:output"), ["dense_1"]);
}

#[test]
fn a_shared_layer_says_so_in_the_graph() {
    let dot = Dot::parse(&Siamese::summary().to_dot());
    assert_eq!(dot.label("shared_1"), "shared_1\nDense, gelu\nshared with first\n4");
    assert_eq!(dot.taken_by("add_1"), ["first", "shared_1"]);
}

#[test]
fn names_are_text_whatever_they_hold() {
    const KIND: &str = "\"<b>&\\N#1;`\n";
    const LAYERS: &[LayerInfo] =
        &[LayerInfo { info: Info::new(KIND), ..LayerInfo::of::<Dense<U2, U2>>("end") }];
    let summary = Summary { layers: LAYERS, ..Chain::summary() };
    let dot = Dot::parse(&summary.to_dot());
    assert_eq!(dot.label("end"), "end\n\"<b>&\\N#1;` \n2");
    let label = "    n1[\"end<br/>#34;#60;b#62;#38;#92;N#35;1;#96; <br/>2\"]";
    assert!(summary.to_mermaid().lines().any(|line| line == label), "{}", summary.to_mermaid());
}

#[test]
fn an_edge_from_several_values_says_which() {
    const ONE: Part = Part { shape: &[4], below: None, is_sequence: false, is_tensor: false };
    const LAYERS: &[LayerInfo] = &[
        LayerInfo { outputs: &[ONE, ONE], ..LayerInfo::of::<Dense<U4, U4>>("twice") },
        LayerInfo::of::<Add<(U4,), 2>>("add_1"),
    ];
    let summary = Summary { layers: LAYERS, ..Chain::summary() };
    let labels: Vec<_> = Dot::parse(&summary.to_dot()).edges.into_iter().map(|edge| edge.2).collect();
    assert_eq!(labels, [None, Some("4".to_owned()), Some("4".to_owned()), None]);
    assert_eq!(summary.to_mermaid().matches("n1 -->|\"4\"| n2").count(), 2);
}

#[test]
fn a_mermaid_flowchart_has_the_graph_with_its_groups() {
    model! {
        Twice(n) < Add[ _ | Dense(n => n) ] >
        Small < Dense(2 => 3, relu), Twice(3) >
    }
    let expected = r#"flowchart TB
    n0(["input<br/>2"])
    n1["dense_1<br/>Dense, relu<br/>3"]
    n4(["output<br/>3"])
    subgraph g0["twice_1"]
        n2["dense_1<br/>Dense<br/>3"]
        n3["add_1<br/>Add<br/>3"]
    end
    n0 --> n1
    n1 --> n2
    n1 --> n3
    n2 --> n3
    n3 --> n4
"#;
    assert_eq!(Small::summary().to_mermaid(), expected);
}
