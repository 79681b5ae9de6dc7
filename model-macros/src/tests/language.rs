//! The language for networks that are no chain: what declarations become, and what is wrong with others.

use crate::graph::{self, Graph, Numbers, Origin, Source};
use crate::parse;
use crate::report::Report;

/// Each layer as `name <- source, …`, outputs at the end, and what is wrong with the text that it underlines.
fn resolved(declaration: &str) -> (Vec<String>, Vec<(String, String)>) {
    let mut report = Report::default();
    let tokens = format!("typenet; {declaration}").parse().expect("a declaration is made of tokens");
    let Some(parsed) = parse::invocation(super::with_words(tokens), &mut report) else {
        return (Vec::new(), report.underlined());
    };
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
    let parsed = parse::invocation(super::with_words(tokens), &mut report).expect("the declaration is right");
    let graph = graph::resolve(&parsed, &mut report);
    let text = |name: &str| {
        let node = graph.nodes.iter().find(|node| node.name == name).expect("the layer exists");
        let argument = |argument: &crate::ast::Argument| argument.to_string();
        node.layer.arguments().iter().map(argument).collect::<Vec<_>>().join(", ")
    };
    let options = |stride| format!("kernel = 3, stride = {stride}, padding = 1, bias = false");
    assert_eq!(text("plain_1.unit_1.conv2d_1"), format!("_ => 64, {}", options(1)));
    assert_eq!(text("down_2.unit_1.conv2d_1"), format!("_ => 256, {}", options(2)));
    let written =
        &graph.nodes.iter().find(|node| node.name.ends_with("unit_1.conv2d_1")).unwrap().written.layer;
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
             up: ConvTranspose2d(256 => 128, kernel = 2, stride = 2), (up, down_2) -> Up(128),
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
         up <- double_3.conv2d_2
         up_1.concat_1 <- up, down_2.conv2d_2
         up_1.double_1.conv2d_1 <- up_1.concat_1
         up_1.double_1.conv2d_2 <- up_1.double_1.conv2d_1
         conv_transpose2d_2 <- up_1.double_1.conv2d_2
         up_2.concat_1 <- conv_transpose2d_2, down_1.conv2d_2
         up_2.double_1.conv2d_1 <- up_2.concat_1
         up_2.double_1.conv2d_2 <- up_2.double_1.conv2d_1
         conv2d_1 <- up_2.double_1.conv2d_2
         gives conv2d_1",
    );
}

const PRODUCT: &str = "pub Product <
    image: Input(3, 32, 32),
    text: Input(..40, u32),                                 // up to 40 word numbers
    image -> Conv2d(3 => 16, kernel = 3, relu), MaxPool2d(2), Flatten, seen: Dense(_ => 64, relu),
    text -> Embedding(10_000 => 64), read: Lstm(64 => 64),
    both: (seen, read) -> Concat,
    class: Dense(128 => 10, softmax),
    price: both -> Dense(128 => 1),
    (class, price),
>";

#[test]
fn two_towers_have_two_outputs() {
    becomes(
        PRODUCT,
        "conv2d_1 <- image
         max_pool2d_1 <- conv2d_1
         flatten_1 <- max_pool2d_1
         seen <- flatten_1
         embedding_1 <- text
         read <- embedding_1
         both <- seen, read
         class <- both
         price <- both
         gives class: class, price: price",
    );
}

#[test]
fn an_encoder_is_repeated_and_ties_its_tokens() {
    becomes(
        "Encoder(d, heads, hidden = { 4 * d }) <
             Add[ _ | LayerNorm, MultiHeadAttention(heads = heads, causal) ],
             Add[ _ | LayerNorm, Dense(d => hidden, gelu), Dense(hidden => d) ],
         >
         pub Characters <
             Input(..256, u32),
             tokens: Embedding(96 => 128), Positions(256),
             2 * Encoder(128, 8), LayerNorm,
             Dense(128 => 96, weight = tokens, softmax),
         >",
        "tokens <- input
         positions_1 <- tokens
         encoder_1.layer_norm_1 <- positions_1
         encoder_1.multi_head_attention_1 <- encoder_1.layer_norm_1
         encoder_1.add_1 <- positions_1, encoder_1.multi_head_attention_1
         encoder_1.layer_norm_2 <- encoder_1.add_1
         encoder_1.dense_1 <- encoder_1.layer_norm_2
         encoder_1.dense_2 <- encoder_1.dense_1
         encoder_1.add_2 <- encoder_1.add_1, encoder_1.dense_2
         encoder_2.layer_norm_1 <- encoder_1.add_2
         encoder_2.multi_head_attention_1 <- encoder_2.layer_norm_1
         encoder_2.add_1 <- encoder_1.add_2, encoder_2.multi_head_attention_1
         encoder_2.layer_norm_2 <- encoder_2.add_1
         encoder_2.dense_1 <- encoder_2.layer_norm_2
         encoder_2.dense_2 <- encoder_2.dense_1
         encoder_2.add_2 <- encoder_2.add_1, encoder_2.dense_2
         layer_norm_1 <- encoder_2.add_2
         dense_1 <- layer_norm_1, weight of tokens
         gives dense_1",
    );
}

/// The state of a recurrent layer is a part of what it gives, and a second source where another starts from it.
#[test]
fn a_state_goes_from_sequence_to_sequence() {
    becomes(
        "pub Translate <
             source: Input(..40, u32),
             target: Input(..40, u32),
             source -> Embedding(8_000 => 256), encoder: Lstm(256 => 512),
             target -> Embedding(8_000 => 256), (_, encoder.state) -> Lstm(256 => 512),
             Dense(512 => 8_000, softmax),
         >",
        "embedding_1 <- source
         encoder <- embedding_1
         embedding_2 <- target
         lstm_2 <- embedding_2, encoder.state
         dense_1 <- lstm_2
         gives dense_1",
    );
}

#[test]
fn towers_share_their_numbers() {
    becomes(
        "Tower(width = 64) < Dense(784 => 128, relu), Dense(128 => width) >
         pub Siamese <
             left: Input(784), right: Input(784),
             tower: left -> Tower, other: right -> Shared(tower),
             third: left -> Shared(other), norm: Dense(64 => 64), like: other -> Shared(norm),
             (tower, norm, like, third) -> Concat
         >",
        "tower.dense_1 <- left
         tower.dense_2 <- tower.dense_1
         other.dense_1 <- right with tower.dense_1
         other.dense_2 <- other.dense_1 with tower.dense_2
         third.dense_1 <- left with tower.dense_1
         third.dense_2 <- third.dense_1 with tower.dense_2
         norm <- third.dense_2
         like <- other.dense_2 with norm
         concat_1 <- tower.dense_2, norm, like, third.dense_2
         gives concat_1",
    );
}

#[test]
fn a_repetition_has_a_name_and_names_for_its_copies() {
    becomes(
        "Deep(n) < all: n * Dense(4 => 4), (all, all_1) -> Add >
         M < Input(4), deep: Deep(3), again: Shared(deep), 2 * Activation(relu) >",
        "deep.all_1 <- input
         deep.all_2 <- deep.all_1
         deep.all_3 <- deep.all_2
         deep.add_1 <- deep.all_3, deep.all_1
         again.all_1 <- deep.add_1 with deep.all_1
         again.all_2 <- again.all_1 with deep.all_2
         again.all_3 <- again.all_2 with deep.all_3
         again.add_1 <- again.all_3, again.all_1 with deep.add_1
         activation_1 <- again.add_1
         activation_2 <- activation_1
         gives activation_2",
    );
}

#[test]
fn values_inside_of_a_block_are_parts_of_its_use() {
    becomes(
        "Down(c) < skip: Conv2d(_ => c), MaxPool2d(2) >
         Split(c) < a: Dense(_ => c), b: Dense(_ => c), (a, b) >
         M < Input(4), down: Down(8), (_, down.skip) -> Concat, Split(3), Add, Dense(3 => 1) >",
        "down.skip <- input
         down.max_pool2d_1 <- down.skip
         concat_1 <- down.max_pool2d_1, down.skip
         split_1.a <- concat_1
         split_1.b <- split_1.a
         add_1 <- split_1.a, split_1.b
         dense_1 <- add_1
         gives dense_1",
    );
}

/// A name that is an argument stands where the block is used.
#[test]
fn a_block_ties_what_it_is_given() {
    becomes(
        "Head(words, table) < LayerNorm, Dense(_ => words, weight = table) >
         M < Input(..8, u32), tokens: Embedding(96 => 128), Head(96, tokens) >",
        "tokens <- input
         head_1.layer_norm_1 <- tokens
         head_1.dense_1 <- head_1.layer_norm_1, weight of tokens
         gives head_1.dense_1",
    );
}

#[test]
fn names_are_known_from_above_and_of_this_list() {
    rejects(
        "M < seen: Dense(3 => 4), sen -> Dense(4 => 4) >",
        "sen",
        "no value has the name `sen`: did you mean `seen`?",
    );
    rejects(
        "M < Dense(3 => 4), image -> Dense(4 => 4) >",
        "image",
        "no value has the name `image`: `image: Dense(",
    );
    let later = "`b` stands further down: only what stands above can be named";
    rejects("M < a: Dense(3 => 4), b -> Dense(4 => 4), b: Dense(4 => 4), (a, b) >", "b", later);
    rejects("M < a: Dense(3 => 4), b: (a, b) -> Add >", "b", later);
    rejects(
        "M < Dense(3 => 4), dense_3 -> Dense(4 => 4), Dense(4 => 4) >",
        "dense_3",
        "`dense_3` stands further down",
    );
    rejects(
        "B() < tokens -> Dense(4 => 4) > M < tokens: Dense(3 => 4), B, 2 * B >",
        "tokens",
        "`tokens` stands outside of this block",
    );
    rejects("M < a: Dense(3 => 4), a: Dense(4 => 5) >", "a", "another layer has the name `a`");
    rejects("M < a: Input(3), a: a -> Dense(3 => 5) >", "a", "another layer has the name `a`");
    rejects("M < a: Input(3), a.b -> Dense(3 => 5) >", "b", "`a` is an input, which has no parts");
    rejects("M < a: Dense(3 => 4), a.b.c -> Dense(3 => 5) >", "b", "`a` is a layer: its parts have no parts");
    rejects(
        "B() < skip: Dense(3 => 4), Dense(4 => 4) > M < b: B, (b, b.skp) -> Add >",
        "skp",
        "`b` has no value `skp`: did you mean `skip`?",
    );
    rejects(
        "M < type: Input(3), Dense(3 => 4) >",
        "type",
        "`type` is a keyword of Rust: an input's name becomes a field",
    );
    rejects("M < Left: Input(3), right: Input(3), (Left, right) -> Add >", "Left", "");
}

#[test]
fn every_value_is_taken() {
    rejects(
        "M < Input(3), class: Dense(3 => 4), loss: dense_1 -> Dense(4 => 1), class -> Dense(4 => 1) >",
        "dense_1",
        "no value has the name `dense_1`",
    );
    rejects(
        "M < Input(3), a: Dense(3 => 4), class: Dense(4 => 1), price: a -> Dense(4 => 1) >",
        "class",
        "nobody takes what `class` gives: if it is an output, write all outputs at the end: `(class, price)`",
    );
    rejects(
        "M < a: Dense(3 => 4), Dense(4 => 1), a -> Dense(4 => 1), a -> Dense(4 => 1) >",
        "Dense",
        "nobody takes what `dense_2` gives: if it is an output, write all outputs at the end: `(dense_2, dense_3, dense_4)`",
    );
    rejects(
        "M < a: Dense(3 => 4), b: Dense(4 => 1), lost: a -> Dense(4 => 2), c: a -> Dense(4 => 1), (b, c) >",
        "lost",
        "nobody takes what `lost` gives: name it as a source, or leave it out",
    );
    rejects(
        "B() < a: Dense(4 => 4), lost: Dense(4 => 4), a -> Dense(4 => 4) > M < Input(4), 3 * B, B >",
        "lost",
        "nobody takes what `b_1.lost` gives",
    );
    rejects(
        "M < one: Input(3), two: Input(3), Dense(3 => 4) >",
        "one",
        "nobody takes the input `one`: `one -> …` does",
    );
}

#[test]
fn blocks_are_templates() {
    rejects("B(c) < Dense(_ => c), B(c) > M < Input(3), B(4) >", "B", "`B` stands in itself");
    rejects("B() < B > M < Dense(3 => 4) >", "B", "`B` stands in itself");
    rejects(
        "A() < Dense(4 => 4), B > B() < C > C() < Dense(4 => 4), A > M < Dense(3 => 4), A >",
        "A",
        "`A` stands in itself, through `B` and `C`",
    );
    let unit = "Unit(c, stride = 1) < Conv2d(_ => c, stride = stride) >";
    for (layer, underlined, message) in [
        ("Unit", "Unit", "`Unit` needs `c`: `Unit(c, stride = 1)`"),
        ("Unit()", "()", "`Unit` needs `c`: `Unit(c, stride = 1)`"),
        ("Unit(stride = 2)", "(stride = 2)", "`Unit` needs `c`"),
        ("Unit(4, 2, 3)", "3", "`Unit` has 2 parameters: `Unit(c, stride = 1)`"),
        (
            "Unit(4, strid = 2)",
            "strid",
            "`Unit(c, stride = 1)` has no parameter `strid`: did you mean `stride`?",
        ),
        ("Unit(4, c = 2)", "c", "parameter `c` is given twice"),
        ("Unit(3 => 4)", "3", "a block takes its parameters, not `3 => 4`: `Unit(c, stride = 1)`"),
        ("Unit(4), 2 * Unit(4, kernel = 1)", "kernel", "`Unit(c, stride = 1)` has no parameter `kernel`"),
    ] {
        rejects(&format!("{unit} M < Input(3, 8, 8), {layer} >"), underlined, message);
    }
    rejects("B() < Flatten > M < Input(3), B(3) >", "3", "`B` has no parameters");
    rejects("B() < Flatten > M < Dense(3 => 4) >", "B", "nobody uses the block `B`");
    rejects("A() < B > B() < Flatten > M < Dense(3 => 4) >", "A", "nobody uses the block `A`");
    rejects("B() < > M < Dense(3 => 4), B >", "B", "`B` has no layers");
    rejects("Dense() < Flatten > M < Input(3), Dense >", "Dense", "`Dense` is built in");
    rejects("Shared() < Flatten > M < Input(3), Shared >", "Shared", "`Shared` is built in");
    rejects("M() < Flatten > M < Input(3), M >", "M", "`M` is the model");
    rejects("unit() < Flatten > M < Input(3), unit >", "unit", "a block is named like a layer: write `Unit`");
    rejects("B() < Flatten > B() < Flatten > M < Input(3), B >", "B", "another block has the name `B`");
    rejects("B(c, c) < Dense(_ => c) > M < Input(3), B(3) >", "c", "another parameter has the name `c`");
    rejects("B(type) < Dense(_ => 3) > M < Input(3), B(3) >", "type", "`type` is a keyword of Rust");
    rejects("B(3) < Dense(_ => 3) > M < Input(3), B >", "3", "expected a parameter");
    rejects("B() < Input(3), Dense(3 => 3) > M < Input(3), B >", "Input", "`Input` belongs to the model");
    rejects("pub B() < Flatten > M < Input(3), B >", "pub", "a block is seen in its own `model!` alone");
    rejects(
        "#[inline] B() < Flatten > M < Input(3), B >",
        "inline",
        "a block takes doc comments, but no attributes",
    );
    rejects("B() < Flatten > M(c) < Input(3), B >", "(c)", "a model has no parameters");
    rejects("M(c) < Dense(3 => 4) >", "(c)", "a model has no parameters");
}

#[test]
fn a_repetition_is_a_number_of_copies() {
    rejects("M < Dense(3 => 3), 0 * Dense(3 => 3) >", "0", "nothing is left of a layer that stands 0 times");
    for count in ["N", "2.5", "-2", "{ 2 * 3 }", "3u8"] {
        let message =
            format!("a repetition is a positive whole number, as in `6 * Dense(3 => 3)`, not `{count}`");
        rejects(
            &format!("M < Input(3), {count} * Dense(3 => 3), Dense(3 => 3) >"),
            count.trim_start_matches('-'),
            &message,
        );
    }
    rejects("B(n) < n * Dense(3 => 3) > M < Input(3), B(0) >", "0", "nothing is left");
    rejects("M < Dense(3 => 3) * 3 >", "*", "a repetition stands before its layer");
    rejects(
        "M < 1_000_000_000 * Dense(3 => 3) >",
        "Dense",
        "`Dense(3 => 3)` brings the model above 10000 layers",
    );
    let doubled: String = (1..40).map(|i| format!("B{i}() < B{}, B{} > ", i - 1, i - 1)).collect();
    let (_, mistakes) = resolved(&format!("B0() < Dense(3 => 3) > {doubled} M < Input(3), B39 >"));
    assert!(
        mistakes.len() == 1 && mistakes[0].0.ends_with("above 10000 layers, the most there may be"),
        "{mistakes:?}"
    );
}

#[test]
fn outputs_are_two_values_or_more() {
    let model =
        |outputs: &str| format!("M < a: Dense(3 => 4), b: Dense(4 => 1), c: a -> Dense(4 => 1), {outputs} >");
    rejects(&model("(b)"), "(b)", "one output needs no list: it is what the last layer gives");
    rejects(&model("()"), "()", "outputs are names of values");
    rejects(&model("(b, b)"), "b", "`b` stands twice among the outputs");
    rejects(&model("(b, cc)"), "cc", "no value has the name `cc`: did you mean `c`?");
    rejects(&model("(b, 3)"), "3", "outputs are names of values, at the end");
    rejects(&model("(b, c), Dense(1 => 1)"), "(b, c)", "the outputs come last, behind every layer");
    rejects(&model("(b, c), (a, c)"), "(a, c)", "the outputs are one list, at the end");
    let of_input = "M < x: Input(3), a: x -> Dense(3 => 4), (x, a) >";
    rejects(of_input, "x", "`x` is an input: an output is what a layer gives");
    // A value that is an output and is taken too.
    assert_eq!(resolved(&model("(a, b, c)")).1, []);
    let split = "B() < a: Dense(3 => 3), b: Dense(3 => 3), (a, b) >";
    rejects(
        &format!("{split} M < Input(3), B >"),
        "B",
        "`B` gives 2 values: a model with several outputs ends with",
    );
    rejects(
        &format!("{split} M < Input(3), b: B, c: Add, (b, c) >"),
        "b",
        "`b` gives 2 values: an output is one",
    );
    rejects("M < Input(3), Add[ _ | a: Dense(3 => 3), (a, a) ] >", "(a, a)", "a branch gives one value");
}

#[test]
fn a_join_has_branches() {
    rejects(
        "M < Input(3), Add[ Dense(3 => 3) ] >",
        "[ Dense(3 => 3) ]",
        "a join has two branches or more: `Add[ _ |",
    );
    rejects("M < Input(3), Add[ _ ] >", "[ _ ]", "a join has two branches or more");
    rejects("M < Input(3), Add[ ] >", "[ ]", "a join has two branches or more");
    rejects("M < Input(3), Add[ | Dense(3 => 3) ] >", "|", "an empty branch: `_` is the value as it arrives");
    rejects("M < Input(3), Add[ _ | ] >", "[ _ | ]", "an empty branch");
    rejects("M < Input(3), Add[ _, Flatten | _ ] >", "_", "`_` is a branch by itself");
    rejects(
        "M < Input(3), Add[ Input(3) | _ ] >",
        "Input",
        "`Input` is the shape of a sample: it comes first",
    );
    rejects("M < Input(3), Add[ 784, Flatten | _ ] >", "[", "arguments stand in parentheses");
    rejects(
        "M < a: Dense(3 => 3), (a, a) -> Add[ _ | Flatten ] >",
        "_",
        "`_` is one value, but 2 arrive here",
    );
    becomes(
        "M < Input(3), x: Add[ _ | a: Dense(3 => 3), Add[ Flatten | a -> Flatten ] | a -> Dense(3 => 3) ] >",
        "a <- input
         flatten_1 <- a
         flatten_2 <- a
         add_2 <- flatten_1, flatten_2
         dense_2 <- a
         x <- input, add_2, dense_2
         gives x",
    );
}

#[test]
fn inputs_have_names_and_come_first() {
    rejects(
        "M < a: Input(3), Input(3), (a, a) -> Add >",
        "Input",
        "several inputs have a name each: `image: Input(3)`",
    );
    rejects("M < x: Input(3), x -> y: Flatten, (x, y) -> Add >", "y", "a name stands first: `y: seen -> …`");
    rejects("M < Input(3), x -> Input(3), Flatten >", "Input", "`Input` is the shape of a sample");
    rejects("M < x: Input(3), y: x -> Input(3), (x, y) -> Add >", "x", "nothing arrives at an input");
    rejects("M < 2 * Input(3), Flatten >", "2", "an input is not repeated");
    rejects(
        "M < x: Input(3), Flatten >",
        "x",
        "`Input` has no name: it is the shape of a sample, not a layer",
    );
    becomes("M < x: Input(3), x -> Flatten >", "flatten_1 <- x\ngives flatten_1");
}

#[test]
fn numbers_are_shared_with_what_has_them() {
    let message = "`Shared` takes the name of a layer above, whose numbers it has: `Shared(tower)`";
    rejects("M < Dense(3 => 3), Shared >", "Shared", message);
    rejects("M < Dense(3 => 3), Shared(3) >", "(3)", message);
    rejects(
        "M < Dense(3 => 3), Shared(dens_1) >",
        "dens_1",
        "no value has the name `dens_1`: did you mean `dense_1`?",
    );
    rejects("M < x: Input(3), x -> Flatten, Shared(x) >", "x", "`x` has no numbers to share");
    rejects("M < Input(3), j: Add[ _ | Flatten ], Shared(j) >", "j", "`j` is a join: put it into a block");
    rejects("M < a: Dense(3 => 3), Dense(3 => 3, weight = b) >", "b", "no value has the name `b`");
    rejects(
        "M < x: Input(3), x -> Dense(3 => 3, weight = x) >",
        "x",
        "`x` is no layer: it has no tensor `weight`",
    );
}

/// Declarations that resolve are checked layer by layer. Networks that are no chain end with one error until they expand.
#[test]
fn shapes_are_checked_along_the_sources() {
    use super::{accepts, rejects};
    accepts("M < Input(64), 3 * Dense(64 => 64, relu), Dense(_ => 10, softmax) >");
    rejects(
        "M < Input(64), 3 * Dense(64 => 32), Dense(32 => 1) >",
        "`Dense(64 => 32)` cannot follow itself 3 times: it takes 64 and gives 32",
    );
    rejects("M < 2 * Dense(64 => 32), Dense(32 => 1) >", "`Dense(64 => 32)` cannot follow itself 2 times");
    rejects(
        "B() < Dense(_ => 4), Dense(_ => 3) > M < Input(4), 2 * B, Dense(3 => 1) >",
        "`B` cannot follow itself 2 times",
    );
    rejects("B(c) < Dense(_ => c, rleu) > M < Input(3), 2 * B(3), B(5) >", "unknown activation `rleu`");
    rejects("B(c) < Dense(_ => c) > M < Input(4), B(0), B(5) >", "a size is a positive integer");
    assert_eq!(super::messages("B(c) < Dense(_ => c) > M < Input(4), B(0), B(-5) >").len(), 2);
    rejects(
        "M < a: Dense(3 => 4), (a, a) -> Dense(_ => 3) >",
        "`Dense` takes one value, but 2 arrive: join them, as in `Concat[ a | b ]`",
    );
    rejects("M < a: Dense(3 => 4), a.state -> Dense(_ => 3) >", "`Dense(3 => 4)` has no part `state`");
    rejects(
        "M < x: Input(3), y: Input(5), a: x -> Dense(_ => 4), b: y -> Shared(a), (a, b) -> my::Join(4 => 4) >",
        "the numbers of `Dense(_ => 4)` are for 3, but here 5 arrives",
    );
    rejects(
        "M < x: Input(2, 3), a: x -> Flatten, b: x -> Dense(_ => 4), (a, b) >",
        "`Dense(_ => 4)` takes one size, but `Input(2, 3)` before it gives (2, 3): put `Flatten` between",
    );
    rejects(
        "M < x: Input(3), a: x -> Dense(_ => 4, softmax), b: a -> Dense(_ => 4), (a, b) >",
        "`softmax` belongs to the last layer",
    );
}

/// Wherever a declaration is cut off, as while it is being typed, the macro answers without a panic and without end.
#[test]
fn no_part_of_a_declaration_panics() {
    let declaration = "B(c, n = 2) < n * Dense(_ => { 2 * c }), x: Add[ _ | Flatten ] >
        pub M < a: Input(..4, u32), a -> b: B(3, n = 1), (_, b.x) -> Add, c: Shared(b), Dense(_ => 3, weight = c), (b, c) >";
    let tokens: proc_macro2::TokenStream = declaration.parse().expect("a declaration is made of tokens");
    let tokens: Vec<_> = tokens.into_iter().collect();
    for end in 0..=tokens.len() {
        for start in 0..end {
            let part: proc_macro2::TokenStream = tokens[start..end].iter().cloned().collect();
            super::expand(quote::quote!(::typenet; #part));
        }
    }
    for group in tokens {
        let proc_macro2::TokenTree::Group(group) = group else { continue };
        let inner: Vec<_> = group.stream().into_iter().collect();
        for end in 0..inner.len() {
            let part: proc_macro2::TokenStream = inner[..end].iter().cloned().collect();
            super::expand(quote::quote!(::typenet; M < Add[ #part ], (#part) -> Dense(#part), (#part) >));
        }
    }
}

/// What is wrong, or not yet expanded, leaves the struct.
#[test]
fn the_struct_is_left_after_a_mistake() {
    for declaration in
        [PRODUCT, RESNET, "B(c) < Dense(_ => c) > M < Input(3), 2 * B(3) >", "M < Dense(3 > 4) >"]
    {
        let tokens = format!("::typenet; {declaration}").parse().expect("a declaration is made of tokens");
        let file: syn::File = syn::parse2(super::expand(tokens)).expect(declaration);
        assert!(file.items.iter().any(|item| matches!(item, syn::Item::Struct(_))), "`{declaration}`");
    }
}
