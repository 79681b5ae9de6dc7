//! Declarations in, messages out: without rustc, so without the sizes that rustc compares.

use proc_macro2::TokenStream;

use crate::vocabulary::Words;
use crate::{check, graph, names, parse, report::Report};

/// `$crate; declaration` with the runtime's words, as the facade passes it.
fn with_words(declaration: TokenStream) -> TokenStream {
    let words = typenet_runtime::__words!({ stringify! });
    let words: TokenStream = words.parse().expect("lists are made of tokens");
    quote::quote!({ #declaration } #words)
}

/// The words of the runtime.
pub(crate) fn words() -> Words {
    Words::split(with_words(TokenStream::new())).expect("the lists can be read").1
}

fn expand(declaration: TokenStream) -> TokenStream {
    crate::model_tokens(with_words(declaration))
}

/// The messages of a declaration, in order.
fn messages(declaration: &str) -> Vec<String> {
    let mut report = Report::default();
    let tokens = format!("typenet; {declaration}").parse().expect("a declaration is made of tokens");
    if let Some(parsed) = parse::invocation(with_words(tokens), &mut report) {
        check::model(&graph::resolve(&parsed, &mut report), &mut report);
    }
    report.messages()
}

/// That the declaration has one mistake, and that its message begins so.
#[track_caller]
fn rejects(declaration: &str, message: &str) {
    match messages(declaration).as_slice() {
        [only] => assert!(only.starts_with(message), "`{declaration}` says:\n{only}\nexpected:\n{message}"),
        all => panic!("`{declaration}` has {} messages: {all:#?}", all.len()),
    }
}

#[track_caller]
fn accepts(declaration: &str) {
    assert_eq!(messages(declaration), <[String; 0]>::default(), "`{declaration}`");
}

#[test]
fn right_declarations_are_accepted() {
    for declaration in [
        "Mlp < Dense(784 => 512, relu), Dense(512 => 10, softmax) >",
        "pub(crate) Mlp < Dense(784 => 512, relu), Dense(_ => 10, activation = softmax), >",
        "#[derive(Clone)] /// docs\n pub Mlp < /// first\n hidden: Dense(3 => 4, bias = false, init = he_normal) >",
        "Image < Input(28, 28), Flatten, Dropout(0.1), Dense(784 => 3), Activation(relu) >",
        "Image < Input((28, 28)), Flatten, Dropout(rate = 0.1), Dense(_ => 3), Activation(activation = swish) >",
        "Typed < Dense(U784 => Hidden), my::Encoder<U3, 4>(Hidden => 64), Dense(typenum::U64 => 3) >",
        "Ends < Dense(3 => 4, softmax), Flatten >",
        "Explicit < Dense(3 => 4), Activation(softmax), Dense(4 => 1) >",
        "Nested < ::other::Model(3 => (4, 5)), Flatten, Dense(20 => 1) >",
    ] {
        accepts(declaration);
    }
}

#[test]
fn a_size_is_a_positive_integer() {
    rejects("M < Dense(0 => 3) >", "a size is a positive integer");
    rejects("M < Dense(-3 => 3) >", "a size is a positive integer");
    rejects("M < Dense(3 => 1.5) >", "a size is a positive integer, a constant or a typenum type, not `1.5`");
    rejects(
        "M < Dense(3 => \"ten\") >",
        "a size is a positive integer, a constant or a typenum type, not `\"ten\"`",
    );
    rejects("M < Dense(3 => 99999999999999999999999) >", "`99999999999999999999999` is too large");
    rejects("M < Dense(3 => 5000000000) >", "`5000000000` is too large");
    rejects("M < Dense(3 => 10usize) >", "a size has no suffix: `10`");
    rejects("M < Dense(4000000 => 4000000) >", "`Dense(4000000 => 4000000)` brings the model above");
    rejects(
        "M < Dense(28 * 28 => 3) >",
        "a size is one number or one name: write the result, or the calculation in braces",
    );
    rejects("M < Dense(relu => 3) >", "expected a size, found the activation `relu`");
}

#[test]
fn a_typo_is_understood() {
    rejects("M < Dense(3 => 4, rleu) >", "unknown activation `rleu`: did you mean `relu`?");
    rejects("M < Dense(3 => 4, ReLU) >", "unknown activation `ReLU`: did you mean `relu`?");
    rejects("M < Dense(3 => 4, banana) >", "unknown activation `banana`. There are linear, relu,");
    rejects(
        "M < Dense(3 => 4, init = xavier) >",
        "unknown initializer `xavier`: did you mean `glorot_uniform`?",
    );
    rejects("M < Dense(3 => 4, biass = true) >", "unknown option `biass`: did you mean `bias`?");
    rejects("M < Dense(3 => 4, use_bias = true) >", "unknown option `use_bias`: did you mean `bias`?");
    rejects(
        "M < Dense(3 => 4, kernel = 3) >",
        "unknown option `kernel`. The options of `Dense` are `activation`",
    );
    rejects("M < Linear(3 => 4) >", "unknown layer `Linear`: did you mean `Dense`?");
    rejects("M < dense(3 => 4) >", "unknown layer `dense`: did you mean `Dense`?");
    rejects("M < Desne(3 => 4) >", "unknown layer `Desne`: did you mean `Dense`?");
    rejects("M < Dense(3 => 4), ReLU >", "unknown layer `ReLU`: did you mean `Activation(relu)`?");
    rejects("M < Dense(3 => 4), frobnicate >", "unknown layer `frobnicate`. Built in are Input,");
}

#[test]
fn an_option_is_given_once_and_rightly() {
    rejects("M < Dense(3 => 4, bias = maybe) >", "`bias` is `true` or `false`, not `maybe`");
    rejects("M < Dense(3 => 4, bias = true, bias = false) >", "option `bias` is given twice");
    rejects("M < Dense(3 => 4, relu, tanh) >", "this layer already has an activation");
    rejects("M < Dense(3 => 4, relu, activation = tanh) >", "this layer already has an activation");
    rejects("M < Dense(3 => 4, init = 0.5) >", "expected an initializer, found `0.5`");
    rejects("M < Dense(3 => 4, bias =) >", "expected a value: `bias = …`");
}

#[test]
fn rules_have_numbers_that_can_be() {
    for rules in [
        "l2 = 1e-4",
        "l1 = 0",
        "l1 = 0.5, l2 = 1",
        "constraint = max_norm(2)",
        "constraint = min_max_norm(0, 1.5)",
        "constraint = min_max_norm(0.5, 1.5, 0.9,)",
        "constraint = non_negative",
        "constraint = unit_norm()",
    ] {
        accepts(&format!("M < Dense(3 => 4, relu, {rules}), Dense(_ => 2) >"));
    }
    for (rules, message) in [
        ("l2 = -1e-4", "`l2` is a number not below 0, such as 1e-4, not `-1e-4`"),
        ("l1 = much", "`l1` is a number not below 0, such as 1e-4, not `much`"),
        ("l2 = 1e999", "`l2` is a number not below 0"),
        ("l2 = 0.1, l2 = 0.1", "option `l2` is given twice"),
        ("weight_decay = 0.1", "unknown option `weight_decay`: did you mean `l2`?"),
        ("constraint = max_norm", "`max_norm` takes the largest norm, which is above 0: `max_norm(2.0)`"),
        ("constraint = max_norm(0)", "`max_norm` takes the largest norm, which is above 0"),
        ("constraint = max_norm(1, 2)", "`max_norm` takes the largest norm"),
        ("constraint = min_max_norm(2, 1)", "`min_max_norm` takes the smallest and the largest norm"),
        ("constraint = min_max_norm(1, 2, 3)", "`min_max_norm` takes the smallest and the largest norm"),
        ("constraint = unit_norm(1)", "`unit_norm` takes no numbers"),
        ("constraint = MaxNorm(2)", "unknown constraint `MaxNorm`: did you mean `max_norm`?"),
        (
            "constraint = sparse",
            "unknown constraint `sparse`. There are max_norm, min_max_norm, non_negative,",
        ),
        ("constraint = 2", "expected a constraint, found `2`; there are max_norm"),
    ] {
        rejects(&format!("M < Dense(3 => 4, {rules}) >"), message);
    }
}

#[test]
fn initializers_have_their_numbers() {
    for init in [
        "constant(-0.5)",
        "variance_scaling(2.0)",
        "variance_scaling(1, fan_avg)",
        "variance_scaling(0.5, fan_out, uniform)",
        "random_normal",
        "random_normal()",
        "random_normal(stddev = 0.02)",
        "truncated_normal(stddev = 1, mean = -0.5,)",
        "random_uniform(maxval = 1)",
        "random_uniform(minval = -1.5, maxval = -0.5)",
    ] {
        accepts(&format!("M < Dense(3 => 4, init = {init}) >"));
    }
    for init in
        ["zeros", "ones", "constant(1)", "random_normal(mean = 1)", "random_uniform", "truncated_normal"]
    {
        accepts(&format!("M < Dense(3 => 4, init = ones, bias_init = {init}) >"));
    }
    rejects(
        "M < Dense(3 => 4, bias_init = he_normal) >",
        "`he_normal` is for a matrix; a bias starts with one of truncated_normal, random_normal,",
    );
    rejects("M < Dense(3 => 4, bias_init = zeroes) >", "unknown initializer `zeroes`: did you mean `zeros`?");
    rejects("M < Dense(3 => 4, bias_init = constant) >", "`constant` takes its number");
    rejects("M < Dense(3 => 4, bias = false, bias_init = ones) >", "`bias = false` leaves no bias to start");
    rejects(
        "M < Dense(3 => 4, bias_initializer = ones) >",
        "unknown option `bias_initializer`: did you mean `bias_init`?",
    );
    for (init, message) in [
        ("constant", "`constant` takes its number: `constant(0.1)`"),
        ("constant(half)", "`constant` takes its number"),
        ("he_normal(2.0)", "`he_normal` takes no numbers"),
        ("variance_scaling", "`variance_scaling` takes its scale"),
        ("variance_scaling(0)", "`variance_scaling` takes its scale, which is above 0"),
        ("variance_scaling(1, fan_inn)", "unknown fan `fan_inn`: did you mean `fan_in`?"),
        ("variance_scaling(1, fan_in, gamma)", "unknown distribution `gamma`. There are truncated_normal"),
        ("variance_scaling(scale = 1)", "`variance_scaling` takes its scale"),
        ("constant(value = 1)", "`constant` takes its number"),
        (
            "random_normal(0.02)",
            "`random_normal` takes `mean` and `stddev`, each by its name: `random_normal(stddev = 0.1)`",
        ),
        ("random_normal(std = 0.02)", "unknown `std`: did you mean `stddev`?"),
        ("random_normal(sdtdev = 0.02)", "unknown `sdtdev`: did you mean `stddev`?"),
        ("random_normal(minval = 0)", "unknown `minval`: `random_normal` takes `mean` and `stddev`"),
        ("random_normal(stddev = 0)", "the `stddev` of `random_normal` is above 0, not 0"),
        ("random_normal(stddev = 1e999)", "`stddev` is a finite number, such as 0.1, not `1e999`"),
        ("truncated_normal(mean = half)", "`mean` is a finite number, such as 0.1, not `half`"),
        ("truncated_normal(mean = 1, mean = 2)", "`mean` is given twice"),
        ("truncated_normal(stddev = )", "expected"),
        ("random_uniform(low = -0.1)", "unknown `low`: did you mean `minval`?"),
        ("random_uniform(minval = 0.1)", "`random_uniform` draws from below `maxval`: not from 0.1 to 0.05"),
    ] {
        rejects(&format!("M < Dense(3 => 4, init = {init}) >"), message);
    }
}

#[test]
fn shapes_are_written_with_an_arrow() {
    rejects("M < Dense >", "`Dense` needs its shapes");
    rejects("M < Dense() >", "`Dense` needs its shapes");
    rejects("M < Dense(512) >", "what arrives and what leaves: `Dense(_ => 512)`");
    rejects(
        "M < Dense(784, 512, relu) >",
        "between what arrives and what leaves stands `=>`: `Dense(784 => 512)`",
    );
    rejects("M < Dense(784 512) >", "expected `=>` between what arrives and what leaves");
    rejects("M < Dense(784 -> 512) >", "between what arrives and what leaves stands `=>`");
    rejects("M < Dense(784 = 512) >", "between what arrives and what leaves stands `=>`");
    rejects("M < Dense(784 =>) >", "expected what leaves the layer: `784 => 10`");
    rejects("M < Dense(784 => _) >", "`_` takes what arrives; what leaves is written");
    rejects("M < Encoder >", "`Encoder` needs its shapes: `Encoder(784 => 64)`");
    rejects(
        "M < Encoder(784 => _) >",
        "`_` takes what arrives; what leaves is written: `Encoder(784 => 64)`",
    );
    rejects("M < Dense(784 => 512 relu) >", "expected `,` between arguments");
    rejects("M < Dense(784 => 512,, relu) >", "expected an argument before `,`");
}

#[test]
fn the_first_layer_knows_its_input() {
    rejects(
        "M < Dense(_ => 3) >",
        "`_` takes what arrives, but this layer is the first: write the size, as in `Dense(784 => 3)`",
    );
    rejects("M < Flatten, Dense(4 => 3) >", "`Flatten` takes what arrives, but is the first layer");
    rejects("M < Dropout(0.5), Dense(4 => 3) >", "`Dropout(0.5)` takes what arrives, but is the first layer");
    rejects("M < Activation(relu), Dense(_ => 3) >", "`Activation(relu)` takes what arrives");
    rejects(
        "M < Dense(3 => 4), Input(4), Dense(4 => 1) >",
        "`Input` is the shape of a sample: it comes first, and once",
    );
    rejects(
        "M < Input(3), Input(3), Dense(3 => 1) >",
        "`Input` is the shape of a sample: it comes first, and once",
    );
    rejects("M < Input, Dense(3 => 1) >", "`Input` needs the shape of a sample");
    rejects("M < Input(1, 2, 3, 4, 5), Flatten >", "a shape has at most four sizes");
    rejects("M < Input(2, _), Flatten >", "`_` stands for the whole shape");
    rejects("M < pixels: Input(2), Dense(2 => 1) >", "`Input` has no name");
}

#[test]
fn ranks_differ_with_a_remedy() {
    rejects(
        "M < Input(28, 28), Dense(784 => 10) >",
        "`Dense(784 => 10)` takes one size, but `Input(28, 28)` before it gives (28, 28): put `Flatten` between",
    );
    rejects(
        "M < Input(28, 28), Dense(_ => 10), Dense(10 => 3) >",
        "`Dense(_ => 10)` takes one size, but `Input(28, 28)` before it gives (28, 28): put `Flatten` between",
    );
    // Where a path says the shape, rustc judges: the path may be what is wrong.
    accepts("M < Dense(3 => 4), Net((2, 2) => 3) >");
    rejects("M < Dense((28, 28) => 10) >", "`Dense` takes one size, not (28, 28)");
    rejects("M < Dense(28 => (2, 5)) >", "`Dense` gives one size, not (2, 5)");
}

#[test]
fn a_rate_is_a_share() {
    for rate in ["1.0", "1", "1.5", "-0.5"] {
        rejects(
            &format!("M < Dense(3 => 4), Dropout({rate}) >"),
            &format!("a rate is at least 0 and less than 1, not `{rate}`"),
        );
    }
    rejects("M < Dense(3 => 4), Dropout(half) >", "a rate is a decimal number such as 0.5, not `half`");
    rejects("M < Dense(3 => 4), Dropout >", "`Dropout` needs its rate");
    rejects("M < Dense(3 => 4), Dropout(p = 0.5) >", "unknown option `p`: did you mean `rate`?");
    rejects("M < Dense(3 => 4), Dropout(0.5, 0.5) >", "`Dropout` does not take `0.5`");
}

#[test]
fn names_become_methods() {
    rejects("M < a: Dense(3 => 4), a: Dense(4 => 5) >", "another layer has the name `a`");
    rejects(
        "M < dense_2: Dense(3 => 4), Dense(4 => 5) >",
        "this layer is called `dense_2`, as another layer is",
    );
    rejects("M < a: Dense(3 => 4), a_mut: Dense(4 => 5) >", "layer `a` is changed through `a_mut`");
    rejects("M < a_mut: Dense(3 => 4), a: Dense(4 => 5) >", "layer `a` is changed through `a_mut`");
    rejects("M < predict: Dense(3 => 4) >", "every model has a method `predict`");
    rejects("M < block: Dense(3 => 4) >", "every model has a method `block`");
    rejects("M < tensor: Dense(3 => 4) >", "every model has a method `tensor`");
    rejects("M < type: Dense(3 => 4) >", "`type` is a keyword of Rust");
    rejects("M < r#type: Dense(3 => 4) >", "`type` is a keyword of Rust");
    rejects("M < freeze: Dense(3 => 4) >", "every trainer has a method `freeze`");
    rejects("M < as_ref: Dense(3 => 4) >", "every model has a method `as_ref`");
    rejects("M < Logits: Dense(3 => 4) >", "a layer's name becomes a method: write `logits`");
    rejects("M < _: Dense(3 => 4) >", "`_` is no name");
}

/// <https://doc.rust-lang.org/reference/keywords.html>: strict and reserved, of all editions.
#[test]
fn keywords_are_no_names() {
    let keywords = "abstract as async await become box break const continue crate do dyn else enum extern false final fn for \
                    gen if impl in let loop macro match mod move mut override priv pub ref return self Self static struct \
                    super trait true try type typeof unsafe unsized use virtual where while yield";
    for keyword in keywords.split_whitespace() {
        rejects(&format!("M < {keyword}: Dense(3 => 4) >"), &format!("`{keyword}` is a keyword of Rust"));
    }
}

/// The functions of an item, if they have `self`, or all of them.
fn functions(items: &[syn::Item], of: &str, all: bool) -> Vec<String> {
    let named = |path: &syn::Path| path.segments.last().is_some_and(|segment| segment.ident == of);
    let mut functions = Vec::new();
    for item in items {
        match item {
            syn::Item::Trait(item) if item.ident == of => {
                let found = item.items.iter().filter_map(|item| match item {
                    syn::TraitItem::Fn(function) => Some(&function.sig),
                    _ => None,
                });
                functions.extend(
                    found.filter(|sig| all || sig.receiver().is_some()).map(|sig| sig.ident.to_string()),
                );
            }
            syn::Item::Impl(item) if item.trait_.is_none() => {
                let is_of = matches!(&*item.self_ty, syn::Type::Path(path) if named(&path.path));
                let found = item.items.iter().filter_map(|item| match item {
                    syn::ImplItem::Fn(function) if matches!(function.vis, syn::Visibility::Public(_)) => {
                        Some(&function.sig)
                    }
                    _ => None,
                });
                let found = found.filter(|sig| is_of && (all || sig.receiver().is_some()));
                functions.extend(found.map(|sig| sig.ident.to_string()));
            }
            syn::Item::Const(item) => {
                // The blocks of an expansion.
                if let syn::Expr::Block(block) = &*item.expr {
                    let items = block.block.stmts.iter().filter_map(|statement| match statement {
                        syn::Stmt::Item(item) => Some(item.clone()),
                        _ => None,
                    });
                    functions.extend(self::functions(&items.collect::<Vec<_>>(), of, all));
                }
            }
            _ => {}
        }
    }
    functions
}

/// The items of every file of a folder of the runtime, and of the folders in it.
fn items(folder: &str) -> Vec<syn::Item> {
    let folder = format!("{}/../runtime/src/{folder}", env!("CARGO_MANIFEST_DIR"));
    fn of_folder(folder: &std::path::Path) -> Vec<syn::Item> {
        let files = std::fs::read_dir(folder).expect("the folder can be read");
        let items = files.map(|file| file.expect("the folder can be read").path()).flat_map(|path| {
            if path.is_dir() {
                of_folder(&path)
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let source = std::fs::read_to_string(path).expect("a file can be read");
                syn::parse_file(&source).expect("a source is Rust").items
            } else {
                Vec::new()
            }
        });
        items.collect()
    }
    of_folder(folder.as_ref())
}

/// After a new method: add it to the list that this test names. What a layer cannot be called is what models and trainers do call their methods.
#[test]
fn no_name_hides_a_method() {
    let layers = items("layers");
    let model: Vec<_> =
        ["model", "model/run", "model/training", "model/report"].into_iter().flat_map(items).collect();
    let expanded =
        syn::parse_file(&expansion("pub M < only: Dense(1 => 1) >")).expect("the expansion is Rust").items;
    let models = ["Layer", "Model"].iter().flat_map(|of| functions(&layers, of, true));
    let models = models.chain(functions(&model, "ModelExt", true));
    let of_layer = ["__embed", "only", "only_mut"];
    let inherent =
        functions(&expanded, "M", true).into_iter().filter(|name| !of_layer.contains(&name.as_str()));
    let inherent: Vec<String> = inherent.collect();
    assert!(inherent.contains(&"predict".to_owned()), "{inherent:?}");
    let sorted = |names: Vec<String>| names.into_iter().collect::<std::collections::BTreeSet<_>>();
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    assert_eq!(
        sorted(models.chain(inherent).collect()),
        sorted(owned(names::METHODS)),
        "METHODS of names.rs"
    );
    let mut trainers = sorted(functions(&model, "Trainer", false));
    trainers.retain(|method| !names::METHODS.contains(&method.as_str()));
    assert_eq!(trainers, sorted(owned(names::TRAINER_METHODS)), "TRAINER_METHODS of names.rs");
}

#[test]
fn a_softmax_of_one_value_is_no_choice() {
    for (name, always) in [("softmax", 1), ("log_softmax", 0)] {
        let message =
            format!("`{name}` of one value is always {always}: for the probability of one of two classes");
        rejects(&format!("M < Dense(4 => 1, {name}) >"), &message);
        rejects(&format!("M < Dense(4 => 1, activation = {name}), Flatten >"), &message);
        rejects(&format!("M < Dense(4 => 1), Activation({name}) >"), &message);
        rejects(&format!("M < Input(4, 1), Activation({name}), Flatten >"), &message);
        accepts(&format!("M < Input(1, 4), Activation({name}), Flatten >"));
    }
}

#[test]
fn a_softmax_in_the_middle_is_written_as_a_layer() {
    rejects("M < Dense(3 => 4, softmax), Dense(4 => 1) >", "`softmax` belongs to the last layer");
    rejects("M < Dense(3 => 4, log_softmax), Dropout(0.5) >", "`log_softmax` belongs to the last layer");
}

#[test]
fn the_grammar_is_explained() {
    rejects("", "expected a model");
    rejects("pub", "expected a model");
    rejects("M", "expected `<` and the layers");
    rejects("M { Dense(3 => 4) }", "expected `<` and the layers");
    rejects("M < >", "`M` has no layers");
    rejects("M < Dense(3 => 4), M(4 => 4) >", "`M` cannot be a layer of itself");
    rejects("M < Input(3) >", "`M` has no layer behind `Input`");
    rejects("M < Dense(3 => 4)", "the list of layers ends with `>`");
    rejects("M < Dense(3 => 4) Dense(4 => 5) >", "expected `,` between layers");
    rejects("M < Dense(3 => 4) -> Dense(4 => 5) >", "expected `,` between layers");
    rejects("M < Dense(3 => 4); Dense(4 => 5) >", "expected `,` between layers");
    rejects("M < , Dense(3 => 4) >", "expected a layer before `,`");
    rejects("M < Dense[3 => 4] >", "arguments stand in parentheses");
    rejects("M < 784, Dense(3 => 4) >", "expected a layer");
    rejects("M<T> < Dense(3 => 4) >", "a model has no generic parameters");
    rejects("struct M < Dense(3 => 4) >", "`model!` writes `struct` itself");
    rejects("M < Dense(3 => 4) > N < Dense(4 => 5) >", "the model ends with `>`");
    rejects("M < #[cfg(test)] Dense(3 => 4) >", "a layer takes doc comments, but no attributes");
}

#[test]
fn every_mistake_is_reported() {
    let all = messages(
        "M < Dense(0 => 3, rleu), Dropout(2.0), Dense(3 => 4, bias = maybe), predict: Dense(4 => 1) >",
    );
    assert_eq!(all.len(), 5, "{all:#?}");
}

/// The expansion of a declaration, formatted.
fn expansion(declaration: &str) -> String {
    let tokens = format!("::typenet; {declaration}").parse().expect("a declaration is made of tokens");
    prettyplease::unparse(&syn::parse2(expand(tokens)).expect("the expansion is Rust"))
}

/// Read `snapshots/` as a reviewer: what a user sees under `cargo expand`. `BLESS=1` writes it anew.
#[test]
fn the_expansion_reads_well() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/mlp.rs");
    let expansion = expansion(
        "/// Digits.
         pub Mlp < Input(28, Width), Flatten, Dense(784 => 512, relu), Dropout(0.5), Head(512 => 10) >",
    );
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &expansion).expect("the snapshot can be written");
    }
    let snapshot = std::fs::read_to_string(path).expect("the snapshot can be read");
    assert_eq!(expansion, snapshot, "BLESS=1 writes {path} anew");
}

#[test]
fn a_declaration_with_mistakes_still_expands_to_rust() {
    for declaration in [
        "M",
        "M < >",
        "M < Dense( >",
        "M < Dense(0 => 0, rleu, bias = 3) >",
        "M < Dense(_ => _), Flatten, Dropout, Input >",
        "M < a: b: c >",
        "M < Input(2, 3), Dense(_ => 4), Input((4, 4)), Dense((1, 2) => (3, 4)) >",
        "M < Input(4000000000, 4000000000), Flatten, Dense(_ => 4000000000) >",
        "M < x: Dense(3 => 4), x: Dense(4 => 5), x_mut: Dense(5 => 6), x_mut_1: Dense(6 => 7) >",
    ] {
        let Ok(tokens) = format!("::typenet; {declaration}").parse() else { continue };
        let file: syn::File = syn::parse2(expand(tokens)).expect(declaration);
        let has_struct =
            file.items.iter().any(|item| matches!(item, syn::Item::Struct(item) if item.ident == "M"));
        let has_error = quote::ToTokens::to_token_stream(&file).to_string().contains("compile_error");
        assert!(has_struct && has_error, "`{declaration}`");
    }
}

/// rustc takes as long over a model as its expansion is: each layer adds the same, and little.
#[test]
fn the_expansion_grows_by_the_same_for_every_layer() {
    fn count(tokens: proc_macro2::TokenStream) -> usize {
        let inner = |token| match token {
            proc_macro2::TokenTree::Group(group) => 1 + count(group.stream()),
            _ => 1,
        };
        tokens.into_iter().map(inner).sum()
    }
    let tokens = |layers: usize| {
        let layers: Vec<String> =
            (0..layers).map(|i| format!("Dense({} => {}, relu)", 100 + i, 101 + i)).collect();
        let declaration = format!("::typenet; M < {} >", layers.join(", "));
        count(expand(declaration.parse().expect("a declaration is made of tokens")))
    };
    let (ten, hundred, thousand) = (tokens(10), tokens(100), tokens(1000));
    assert_eq!((thousand - hundred) / 900, (hundred - ten) / 90, "tokens a layer");
    assert!((hundred - ten) / 90 < 600, "{} tokens a layer", (hundred - ten) / 90);
}

/// Wherever a declaration is cut off, as while it is being typed, the macro answers without a panic.
#[test]
fn no_prefix_of_a_declaration_panics() {
    let declaration = "/// Docs.\n pub M < Input(28, U28), a: Dense(784 => Hidden, relu, bias = false, init = variance_scaling(2.0, fan_in), bias_init = random_normal(mean = 1.0), \
                       l2 = 1e-4, constraint = max_norm(-2.0)), \
                       Dropout(rate = 0.5), my::Layer<U3, 4>((3, 4) => _), Activation(softmax) >";
    let tokens: proc_macro2::TokenStream = declaration.parse().expect("a declaration is made of tokens");
    let tokens: Vec<_> = tokens.into_iter().collect();
    for end in 0..tokens.len() {
        for start in 0..end {
            let part: proc_macro2::TokenStream = tokens[start..end].iter().cloned().collect();
            expand(quote::quote!(::typenet; #part));
        }
    }
}

mod language;
