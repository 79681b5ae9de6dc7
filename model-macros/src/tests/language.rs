//! The language for networks that are no chain: what declarations become, and what is wrong with others.

use crate::graph::{self, Graph, Numbers, Origin, Source};
use crate::parse;
use crate::report::Report;

/// Each layer as `name <- source, …`, outputs at the end, and what is wrong with the text that it underlines.
fn resolved(declaration: &str) -> (Vec<String>, Vec<(String, String)>) {
    let mut report = Report::default();
    let tokens = format!("typenet; {declaration}").parse().expect("a declaration is made of tokens");
    let Some(parsed) = parse::invocation(tokens, &mut report) else { return (Vec::new(), report.underlined()) };
    let graph = graph::resolve(&parsed, &mut report);
    (lines(&graph), report.underlined())
}

fn lines(graph: &Graph<'_>) -> Vec<String> {
    let source = |source: &Source| {
        let name = match source.origin {
            Origin::Node(node) => graph.nodes[node].name.clone(),
            Origin::Input(input) => match &graph.inputs[input].name {
                Some(name) => name.to_string(),
                None => "input".to_owned(),
            },
        };
        source.part.as_ref().map_or(name.clone(), |part| format!("{name}.{part}"))
    };
    let nodes = graph.nodes.iter().map(|node| {
        let sources: Vec<String> = node.sources.iter().map(source).collect();
        let mut line = format!("{} <- {}", node.name, sources.join(", "));
        if let Numbers::Shared { node, .. } = node.numbers {
            line += &format!(" with {}", graph.nodes[node].name);
        }
        for tied in &node.tied {
            line += &format!(", {} of {}", tied.tensor, graph.nodes[tied.node].name);
        }
        line
    });
    let outputs = graph.outputs.iter().map(|output| match &output.name {
        Some(name) => format!("{name}: {}", source(&output.source)),
        None => source(&output.source),
    });
    nodes.chain([format!("gives {}", outputs.collect::<Vec<_>>().join(", "))]).collect()
}

/// That the declaration has no mistakes and becomes these layers.
#[track_caller]
fn becomes(declaration: &str, expected: &str) {
    let (lines, mistakes) = resolved(declaration);
    assert_eq!(mistakes, [], "`{declaration}`");
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected, "\n{}", lines.join("\n"));
}

/// That the declaration has one mistake, which begins so and underlines this text.
#[track_caller]
fn rejects(declaration: &str, underlined: &str, message: &str) {
    match resolved(declaration).1.as_slice() {
        [(said, place)] => {
            assert!(said.starts_with(message), "`{declaration}` says:\n{said}\nexpected:\n{message}");
            assert_eq!(place, underlined, "`{declaration}` says: {said}");
        }
        all => panic!("`{declaration}` has {} mistakes: {all:#?}", all.len()),
    }
}

#[test]
fn lenet_is_a_chain() {
    becomes(
        "pub LeNet < Input(1, 28, 28), Conv2d(1 => 6, kernel = 5, padding = 2, tanh), AvgPool2d(2), Conv2d(6 => 16, kernel = 5, tanh),
         AvgPool2d(2), Flatten, Dense(_ => 120, tanh), Dense(120 => 84, tanh), Dense(84 => 10, softmax) >",
        "conv2d_1 <- input
         avg_pool2d_1 <- conv2d_1
         conv2d_2 <- avg_pool2d_1
         avg_pool2d_2 <- conv2d_2
         flatten_1 <- avg_pool2d_2
         dense_1 <- flatten_1
         dense_2 <- dense_1
         dense_3 <- dense_2
         gives dense_3",
    );
}

const RESNET: &str = "
    /// Convolution and normalisation, as in the paper.
    Unit(c, stride = 1) < Conv2d(_ => c, kernel = 3, stride = stride, padding = 1, bias = false), BatchNorm >
    Plain(c) < Add[ _ | Unit(c), Activation(relu), Unit(c) ], Activation(relu) >
    Down(c) < Add[ Conv2d(_ => c, kernel = 1, stride = 2, bias = false), BatchNorm
                 | Unit(c, stride = 2), Activation(relu), Unit(c) ], Activation(relu) >
    pub ResNet18 <
        Input(3, 224, 224),
        Conv2d(3 => 64, kernel = 7, stride = 2, padding = 3), BatchNorm, Activation(relu),
        MaxPool2d(3, stride = 2, padding = 1),
        2 * Plain(64), Down(128), Plain(128), Down(256), Plain(256), Down(512), Plain(512),
        GlobalAvgPool, Dense(_ => 1000, softmax),
    >";

#[test]
fn resnet_18_resolves() {
    let (lines, mistakes) = resolved(RESNET);
    assert_eq!(mistakes, []);
    // Four layers in front, five blocks of 7, three of 9, two behind, and what is given.
    assert_eq!(lines.len(), 4 + 5 * 7 + 3 * 9 + 2 + 1);
    for line in [
        "plain_1.unit_1.conv2d_1 <- max_pool2d_1",
        "plain_1.add_1 <- max_pool2d_1, plain_1.unit_2.batch_norm_1",
        "plain_1.activation_2 <- plain_1.add_1",
        "plain_2.unit_1.conv2d_1 <- plain_1.activation_2",
        "down_1.conv2d_1 <- plain_2.activation_2",
        "down_1.unit_1.conv2d_1 <- plain_2.activation_2",
        "down_1.activation_1 <- down_1.unit_1.batch_norm_1",
        "down_1.add_1 <- down_1.batch_norm_1, down_1.unit_2.batch_norm_1",
        "global_avg_pool_1 <- plain_5.activation_2",
        "gives dense_1",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} in\n{}", lines.join("\n"));
    }
}

/// A block's arguments stand where its parameters do, under the place where they are written.
#[test]
fn arguments_replace_parameters() {
    let mut report = Report::default();
    let tokens = format!("typenet; {RESNET}").parse().expect("a declaration is made of tokens");
    let parsed = parse::invocation(tokens, &mut report).expect("the declaration is right");
    let graph = graph::resolve(&parsed, &mut report);
    let text = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).expect("the layer exists");
        let argument = |argument: &crate::ast::Argument| argument.to_string();
        node.layer.arguments().iter().map(argument).collect::<Vec<_>>().join(", ")
    };
    let options = |stride| format!("kernel = 3, stride = {stride}, padding = 1, bias = false");
    assert_eq!(text("plain_1.unit_1.conv2d_1"), format!("_ => 64, {}", options(1)));
    assert_eq!(text("down_2.unit_1.conv2d_1"), format!("_ => 256, {}", options(2)));
    let written = &graph.nodes.iter().find(|node| node.name.ends_with("unit_1.conv2d_1")).unwrap().written.layer;
    assert_eq!(written.to_string(), "Conv2d(_ => c)");
}

#[test]
fn a_u_net_takes_values_from_further_up() {
    becomes(
        "Double(c) < 2 * Conv2d(_ => c, kernel = 3, padding = 1, relu) >
         Up(c) < Concat, Double(c) >
         pub UNet <
             Input(1, 64, 64),
             down_1: Double(64), MaxPool2d(2),
             down_2: Double(128), MaxPool2d(2),
             Double(256),
             up_2: ConvTranspose2d(256 => 128, kernel = 2, stride = 2), (up_2, down_2) -> Up(128),
             ConvTranspose2d(128 => 64, kernel = 2, stride = 2), (_, down_1) -> Up(64),
             Conv2d(64 => 1, kernel = 1, sigmoid),
         >",
        "down_1.conv2d_1 <- input
         down_1.conv2d_2 <- down_1.conv2d_1
         max_pool2d_1 <- down_1.conv2d_2
         down_2.conv2d_1 <- max_pool2d_1
         down_2.conv2d_2 <- down_2.conv2d_1
         max_pool2d_2 <- down_2.conv2d_2
         double_3.conv2d_1 <- max_pool2d_2
         double_3.conv2d_2 <- double_3.conv2d_1
         up_2 <- double_3.conv2d_2
         up_1.concat_1 <- up_2, down_2.conv2d_2
         up_1.double_1.conv2d_1 <- up_1.concat_1
         up_1.double_1.conv2d_2 <- up_1.double_1.conv2d_1
         conv_transpose2d_2 <- up_1.double_1.conv2d_2
         up_2_1.concat_1 <- conv_transpose2d_2, down_1.conv2d_2",
    );
}
