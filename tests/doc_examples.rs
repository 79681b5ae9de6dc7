//! Every public item's documentation has an example that compiles.
//!
//! A struct, an enum, a trait, a function, a type alias and a macro has one of its own. A method or an associated constant has
//! one, or stands in an example of its type; of a trait, in an example anywhere that names the trait, called or implemented.
//! A constant stands in an example anywhere. What a macro of the crate writes for many types, such as `new`, stands in an
//! example of one of them. What is `pub` can be reached, since the lint `unreachable_pub` refuses what cannot; what is
//! `#[doc(hidden)]` belongs to generated code.
//!
//! And who comes with a name of Keras or PyTorch finds what it is called here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Expr, ImplItem, Item, ItemImpl, ItemTrait, Lit, Meta, Token, TraitItem, Type, Visibility,
};

/// The roots of the library crates.
const ROOTS: [&str; 3] = ["src/lib.rs", "runtime/src/lib.rs", "model-macros/src/lib.rs"];

/// A public item or method: where it stands and the examples of its documentation.
struct Documented {
    file: PathBuf,
    /// `Rng` or `Rng::fork`
    name: String,
    examples: Words,
    aliases: Vec<String>,
}

impl Documented {
    fn new(file: &Path, name: String, attributes: &[Attribute]) -> Self {
        let file = file.to_owned();
        Self { file, name, examples: examples(attributes), aliases: aliases(attributes) }
    }

    /// Where it stands, for messages.
    fn at(&self) -> String {
        format!("{}: {}", self.file.display(), self.name)
    }

    /// The type of a method.
    fn owner(&self) -> Option<&str> {
        self.name.split_once("::").map(|(owner, _)| owner)
    }
}

/// What the sources of a crate say.
#[derive(Default)]
struct Sources {
    items: Vec<Documented>,
    methods: Vec<Documented>,
    of_traits: Vec<Documented>,
    constants: Vec<Documented>,
    /// What calls of macros list for a type, with the macro's name: methods, if the macro writes any with the caller's names.
    listed: Vec<(String, Documented)>,
    /// Examples of `pub use`, by the name that is used: they stand before the item's own documentation.
    uses: BTreeMap<String, Words>,
    /// Names of the methods that a macro of the crate writes, by the macro's.
    written: BTreeMap<String, BTreeSet<String>>,
    /// The types that a macro of the crate is called for, by the macro's name.
    called: BTreeMap<String, Vec<(PathBuf, String)>>,
}

/// The words of examples.
#[derive(Default)]
struct Words {
    all: BTreeSet<String>,
    /// Those that stand for a method or a constant that is used or implemented: `.fork(3)`, `Rng::fork`, `fn fork`, `const LEN`.
    used: BTreeSet<String>,
}

impl Words {
    fn of(code: &str) -> Self {
        let mut words = Self::default();
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut start = 0;
        while let Some(at) = code[start..].find(is_part) {
            let begin = start + at;
            let end = code[begin..].find(|c| !is_part(c)).map_or(code.len(), |len| begin + len);
            let (before, word) = (&code[..begin], &code[begin..end]);
            if before.ends_with(['.', ':']) || before.ends_with("fn ") || before.ends_with("const ") {
                words.used.insert(word.to_owned());
            }
            words.all.insert(word.to_owned());
            start = end;
        }
        words
    }
}

/// The code of the examples that rustdoc compiles and that should compile.
fn examples(attributes: &[Attribute]) -> Words {
    let mut code = String::new();
    let mut fence: Option<bool> = None;
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        if !pair.path.is_ident("doc") {
            continue;
        }
        let Expr::Lit(literal) = &pair.value else { continue };
        let Lit::Str(text) = &literal.lit else { continue };
        for line in text.value().lines() {
            match (line.trim().strip_prefix("```"), fence) {
                (Some(info), None) => {
                    let compiled = |word: &str| matches!(word, "" | "rust" | "no_run" | "should_panic");
                    fence = Some(info.split(',').all(|word| compiled(word.trim())));
                }
                (Some(_), Some(_)) => fence = None,
                (None, Some(true)) => {
                    code.push_str(line);
                    code.push('\n');
                }
                (None, _) => {}
            }
        }
    }
    Words::of(&code)
}

/// What `#[doc(alias = "…")]` says.
fn aliases(attributes: &[Attribute]) -> Vec<String> {
    let mut aliases = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("alias") {
                aliases.push(meta.value()?.parse::<syn::LitStr>()?.value());
            }
            Ok(())
        });
    }
    aliases
}

/// The names behind `pub fn` and `pub const fn` in the rules of a macro; `$` for those that the caller gives.
fn written(tokens: TokenStream, into: &mut BTreeSet<String>) {
    let mut before = [String::new(), String::new()];
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            written(group.stream(), into);
        }
        let text = token.to_string();
        let [earlier, last] = &before;
        if last == "fn" && (earlier == "pub" || earlier == "const") {
            into.insert(text.clone());
        }
        before = [core::mem::take(&mut before[1]), text];
    }
}

/// Whether an attribute such as `#[doc(hidden)]` or `#[cfg(test)]` is there.
fn has(attributes: &[Attribute], name: &str, argument: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident(name)
            && attribute.parse_args::<syn::Ident>().is_ok_and(|found| found == argument)
    })
}

/// The type that a call of a macro begins with, behind attributes and `pub struct`.
fn type_of(tokens: TokenStream) -> Option<syn::Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(name) if name.to_string().starts_with(char::is_uppercase) => Some(name),
        _ => None,
    })
}

/// The names behind `Type:`, or in braces behind `Type`, each with or without attributes, a type and a value.
fn settings_of(owner: &syn::Ident, tokens: TokenStream) -> Vec<(Vec<Attribute>, syn::Ident)> {
    let mut behind = tokens.into_iter().skip_while(|token| *owner != token.to_string()).skip(1);
    let settings = match behind.next() {
        Some(TokenTree::Punct(colon)) if colon.as_char() == ':' => Some(behind.collect()),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        Some(_) => behind.find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        }),
        None => None,
    };
    let names = |input: ParseStream<'_>| {
        let mut names = Vec::new();
        while !input.is_empty() {
            names.push((input.call(Attribute::parse_outer)?, input.parse()?));
            if input.parse::<Option<Token![:]>>()?.is_some() {
                input.parse::<Type>()?;
            }
            if input.parse::<Option<Token![=]>>()?.is_some() {
                input.parse::<Expr>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(names)
    };
    // What does not read so is no list of settings.
    settings.and_then(|settings| names.parse2(settings).ok()).unwrap_or_default()
}

/// `__activations! { {define!} }`: its lines declare modules.
fn is_list_of_words(call: &syn::Macro) -> bool {
    call.path.get_ident().is_some_and(|name| name.to_string().starts_with("__"))
}

impl Sources {
    /// Reads a file and the files of its modules.
    fn read(&mut self, file: &Path) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let folder = match file.file_stem().and_then(|stem| stem.to_str()) {
            Some("lib" | "mod") | None => file.with_file_name(""),
            Some(module) => file.with_file_name(module),
        };
        self.visit_all(file, &folder, &parsed.items);
    }

    fn visit_all(&mut self, file: &Path, folder: &Path, items: &[Item]) {
        for item in items {
            self.visit(file, folder, item);
            if matches!(item, Item::Macro(item) if item.ident.is_none() && is_list_of_words(&item.mac)) {
                self.read_listed(folder, items);
            }
        }
    }

    /// Reads the files of a folder that a list of words declares as modules: all but those that `mod` declares.
    fn read_listed(&mut self, folder: &Path, items: &[Item]) {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.expect("an entry of the folder").path())
            .filter(|file| {
                let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
                stem != "mod"
                    && !items.iter().any(|item| matches!(item, Item::Mod(item) if item.ident == stem))
            })
            .collect();
        files.sort();
        files.iter().for_each(|file| self.read(file));
    }

    fn visit(&mut self, file: &Path, folder: &Path, item: &Item) {
        match item {
            Item::Struct(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Enum(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Union(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Trait(item) => self.trait_items(file, item),
            Item::Const(item)
                if matches!(item.vis, Visibility::Public(_)) && !has(&item.attrs, "doc", "hidden") =>
            {
                self.constants.push(Documented::new(file, item.ident.to_string(), &item.attrs));
            }
            Item::Type(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Fn(item) => self.add(file, &item.attrs, &item.vis, &item.sig.ident),
            Item::Impl(item) => self.methods(file, item),
            Item::Use(item) => {
                if let syn::UseTree::Path(tree) = &item.tree
                    && let syn::UseTree::Name(name) = &*tree.tree
                {
                    self.uses.insert(name.ident.to_string(), examples(&item.attrs));
                }
            }
            Item::Macro(item) => match &item.ident {
                Some(name) if item.attrs.iter().any(|a| a.path().is_ident("macro_export")) => {
                    self.add(file, &item.attrs, &syn::parse_quote!(pub), name);
                }
                Some(name) => {
                    written(item.mac.tokens.clone(), self.written.entry(name.to_string()).or_default())
                }
                None => self.items_of_a_macro(file, &item.mac),
            },
            Item::Mod(item) if !has(&item.attrs, "doc", "hidden") && !has(&item.attrs, "cfg", "test") => {
                let inner = folder.join(item.ident.to_string());
                match &item.content {
                    Some((_, items)) => self.visit_all(file, &inner, items),
                    None if inner.with_extension("rs").exists() => self.read(&inner.with_extension("rs")),
                    None => self.read(&inner.join("mod.rs")),
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, file: &Path, attributes: &[Attribute], visibility: &Visibility, name: &syn::Ident) {
        let public = matches!(visibility, Visibility::Public(_));
        if public && !has(attributes, "doc", "hidden") && !has(attributes, "cfg", "test") {
            self.items.push(Documented::new(file, name.to_string(), attributes));
        }
    }

    fn trait_items(&mut self, file: &Path, item: &ItemTrait) {
        self.add(file, &item.attrs, &item.vis, &item.ident);
        if !matches!(item.vis, Visibility::Public(_)) || has(&item.attrs, "doc", "hidden") {
            return;
        }
        for inner in &item.items {
            let (attributes, name) = match inner {
                TraitItem::Fn(method) => (&method.attrs, &method.sig.ident),
                TraitItem::Const(constant) => (&constant.attrs, &constant.ident),
                _ => continue,
            };
            if !has(attributes, "doc", "hidden") {
                self.of_traits.push(Documented::new(file, format!("{}::{name}", item.ident), attributes));
            }
        }
    }

    fn methods(&mut self, file: &Path, item: &ItemImpl) {
        let Type::Path(owner) = &*item.self_ty else { return };
        let Some(owner) = owner.path.segments.last() else { return };
        if item.trait_.is_some() {
            return;
        }
        for inner in &item.items {
            let (attributes, visibility, name) = match inner {
                ImplItem::Fn(method) => (&method.attrs, &method.vis, &method.sig.ident),
                ImplItem::Const(constant) => (&constant.attrs, &constant.vis, &constant.ident),
                _ => continue,
            };
            if matches!(visibility, Visibility::Public(_)) && !has(attributes, "doc", "hidden") {
                self.methods.push(Documented::new(file, format!("{}::{name}", owner.ident), attributes));
            }
        }
    }

    /// In a table such as `activations! { /// max(x, 0) Relu = "relu"; }` each documented name is an item. In one that
    /// begins with a type, such as `setters!(StepDecay: /// With another factor. gamma: f64)`, names are listed, and so they are
    /// in braces behind a type: `with_settings! { /// Robust. pub struct Huber { delta: f64 = 1.0 } }`.
    fn items_of_a_macro(&mut self, file: &Path, table: &syn::Macro) {
        if let Some(owner) = type_of(table.tokens.clone())
            && let Some(name) = table.path.get_ident()
        {
            self.called.entry(name.to_string()).or_default().push((file.to_owned(), owner.to_string()));
            for (attributes, setting) in settings_of(&owner, table.tokens.clone()) {
                let documented = Documented::new(file, format!("{owner}::{setting}"), &attributes);
                self.listed.push((name.to_string(), documented));
            }
        }
        let rows = |input: ParseStream<'_>| {
            let mut rows = Vec::new();
            if input.peek2(Token![:]) {
                input.parse::<TokenStream>()?;
            }
            while !input.is_empty() {
                let attributes = input.call(Attribute::parse_outer)?;
                if attributes.is_empty() {
                    input.step(|cursor| Ok(((), cursor.token_tree().expect("not at the end").1)))?;
                    continue;
                }
                let visibility: Visibility = input.parse()?;
                let is_struct = input.parse::<Option<Token![struct]>>()?.is_some();
                let visibility = if is_struct { visibility } else { syn::parse_quote!(pub) };
                if let Ok(name) = input.parse::<syn::Ident>() {
                    rows.push((attributes, visibility, name));
                }
            }
            Ok(rows)
        };
        for (attributes, visibility, name) in rows.parse2(table.tokens.clone()).expect("a table of items") {
            if attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
                self.add(file, &attributes, &visibility, &name);
            }
        }
    }

    /// Whether an example of a type or trait, or of one of its methods, uses a method.
    fn shows(&self, file: &Path, owner: &str, method: &str) -> bool {
        // Two types of one name are told apart where the method stands in the file of one of them.
        let here = self.items.iter().any(|item| item.name == owner && item.file == file);
        self.items
            .iter()
            .filter(|item| item.name == owner)
            .chain(self.methods.iter().filter(|other| other.owner() == Some(owner)))
            .filter(|other| !here || other.file == file)
            .any(|other| other.examples.used.contains(method))
    }

    /// All examples, with their files; those of `pub use` without.
    fn examples(&self) -> impl Iterator<Item = (&Path, &Words)> {
        let documented = [&self.items, &self.methods, &self.of_traits, &self.constants].into_iter().flatten();
        let examples = documented.map(|documented| (documented.file.as_path(), &documented.examples));
        examples.chain(self.uses.values().map(|words| (Path::new(""), words)))
    }

    /// What has no example.
    fn lacking(&mut self) -> Vec<String> {
        for (name, documented) in core::mem::take(&mut self.listed) {
            if self.written.get(&name).is_some_and(|methods| methods.contains("$")) {
                self.methods.push(documented);
            }
        }
        let of_use = |item: &Documented| self.uses.get(&item.name).is_some_and(|words| !words.all.is_empty());
        let of_type = |method: &Documented| {
            let (owner, name) = method.name.split_once("::").expect("a type and a method");
            self.shows(&method.file, owner, name)
        };
        let of_trait = |method: &Documented| {
            let (owner, name) = method.name.split_once("::").expect("a trait and a method");
            let names_trait = |words: &Words| words.all.contains("prelude") || words.all.contains(owner);
            self.examples().any(|(_, words)| words.used.contains(name) && names_trait(words))
        };
        let named = |constant: &Documented| {
            // Constants of one name are told apart by their files.
            let is_alone = self.constants.iter().filter(|other| other.name == constant.name).count() == 1;
            let mut examples = self.examples().filter(|(file, _)| is_alone || *file == constant.file);
            examples.any(|(_, words)| words.all.contains(&constant.name))
        };
        let mut lacking: Vec<String> = [
            (&self.items, &of_use as &dyn Fn(&Documented) -> bool),
            (&self.methods, &of_type),
            (&self.of_traits, &of_trait),
            (&self.constants, &named),
        ]
        .into_iter()
        .flat_map(|(all, shown)| {
            all.iter().filter(move |documented| documented.examples.all.is_empty() && !shown(documented))
        })
        .map(Documented::at)
        .collect();
        for (name, types) in &self.called {
            for method in self.written.get(name).into_iter().flatten().filter(|method| *method != "$") {
                if !types.iter().any(|(file, owner)| self.shows(file, owner, method)) {
                    lacking.push(format!("{}: {name}!::{method}", types[0].0.display()));
                }
            }
        }
        lacking
    }
}

fn sources() -> Sources {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Sources::default();
    ROOTS.iter().for_each(|root| sources.read(&workspace.join(root)));
    assert!(sources.items.len() > 100 && sources.methods.len() > 50, "the sources were not found");
    sources
}

#[test]
fn every_public_item_has_an_example() {
    let lacking = sources().lacking();
    assert!(lacking.is_empty(), "without an example:\n{}", lacking.join("\n"));
}

/// What Keras 3 and PyTorch call losses, metrics, optimizers, schedules, initializers and callbacks that are here.
const ELSEWHERE: &str = "
    BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge
    CosineSimilarity Hinge Huber KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
    MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge
    BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss NLLLoss PoissonNLLLoss SmoothL1Loss
    Accuracy AUC BinaryAccuracy CategoricalAccuracy F1Score FBetaScore Precision R2Score Recall RootMeanSquaredError
    SparseCategoricalAccuracy TopKCategoricalAccuracy average_precision_score roc_auc_score
    Adadelta Adagrad Adam Adamax AdamW Ftrl Lamb Lion Nadam RMSprop SGD
    clipnorm clipvalue ema_momentum global_clipnorm gradient_accumulation_steps use_ema weight_decay clip_grad_norm_ clip_grad_value_
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule PiecewiseConstantDecay PolynomialDecay
    CosineAnnealingLR CosineAnnealingWarmRestarts ExponentialLR LambdaLR LinearLR MultiStepLR OneCycleLR PolynomialLR StepLR
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal RandomNormal
    RandomUniform TruncatedNormal VarianceScaling Zeros xavier_normal_ xavier_uniform_ kaiming_normal_ kaiming_uniform_
    BackupAndRestore CallbackList CSVLogger EarlyStopping LambdaCallback LearningRateScheduler ModelCheckpoint
    ReduceLROnPlateau SwapEMAWeights TensorBoard TerminateOnNaN Dense Dropout Flatten Linear
";

#[test]
fn names_of_keras_and_pytorch_lead_to_what_they_are_called_here() {
    // As the search of the documentation compares them.
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let sources = sources();
    let mut found = BTreeSet::new();
    for documented in [&sources.items, &sources.methods, &sources.of_traits].into_iter().flatten() {
        let own = documented.name.rsplit("::").next().expect("a name");
        found.extend(documented.aliases.iter().map(|alias| plain(alias)).chain([plain(own)]));
    }
    let lost: Vec<&str> = ELSEWHERE.split_whitespace().filter(|name| !found.contains(&plain(name))).collect();
    assert!(lost.is_empty(), "without a `#[doc(alias)]`: {lost:?}");
}

#[track_caller]
fn assert_lacking(source: &str, expected: &[&str]) {
    let mut sources = Sources::default();
    let parsed = syn::parse_file(source).expect("Rust");
    sources.visit_all(Path::new("lib.rs"), Path::new(""), &parsed.items);
    let lacking = sources.lacking();
    let lacking: Vec<&str> = lacking.iter().filter_map(|at| at.strip_prefix("lib.rs: ")).collect();
    assert_eq!(lacking, expected);
}

#[test]
fn items_without_an_example_are_found() {
    assert_lacking("pub struct A; struct B; pub(crate) fn c() {}", &["A"]);
    assert_lacking("/// ```\n/// assert!(true);\n/// ```\npub trait A {}", &[]);
    assert_lacking("/// ```text\n/// drawing\n/// ```\npub fn a() {}", &["a"]);
    assert_lacking("/// ```compile_fail,E0277\n/// a();\n/// ```\npub fn a() {}", &["a"]);
    assert_lacking("/// ```\n/// ```\npub fn a() {}", &["a"]);
    assert_lacking("#[doc(hidden)] pub mod a { pub struct A; } mod b { pub enum B {} }", &["B"]);
    assert_lacking("#[macro_export] macro_rules! a { () => {}; } macro_rules! b { () => {}; }", &["a"]);
    assert_lacking("a! { /// One.\n A = 1; /// ```\n/// b();\n/// ```\n B = 2; }", &["A"]);
    assert_lacking("a! { /// One.\n pub struct A { /// Its field.\n b: f32 = 1.0 } }", &["A"]);
    assert_lacking("a! { /// One.\n struct A {} }", &[]);
    assert_lacking(
        "/// ```\n/// a!();\n/// ```\npub use b::a; #[macro_export] macro_rules! a { () => {}; }",
        &[],
    );
}

#[test]
fn methods_that_no_example_uses_are_found() {
    let example = "/// ```\n/// let a = A::new(); a.len_of(); // and size\n/// ```\npub struct A;";
    let methods =
        "impl A { pub fn new() {} pub fn len_of() {} pub fn len() {} pub fn size() {} fn own() {} }";
    assert_lacking(&format!("{example} {methods}"), &["A::len", "A::size"]);
    assert_lacking(&format!("{example} impl Clone for A {{ fn clone(&self) -> Self {{ A }} }}"), &[]);
    let setters = "macro_rules! setters { () => { pub fn $setting() {} }; } setters!(A: /// One.\n len_of: f64, /// Two.\n of: f64);";
    assert_lacking(&format!("{example} {setters}"), &["A::of"]);
    let elsewhere = "/// ```\n/// a.len();\n/// ```\npub struct B; impl B { pub fn len() {} }";
    assert_lacking(&format!("{example} {elsewhere} {methods}"), &["A::len", "A::size"]);
}

#[test]
fn constants_and_items_of_traits_without_an_example_are_found() {
    assert_lacking("pub const A: u8 = 1; const B: u8 = 2;", &["A"]);
    assert_lacking("pub const A: u8 = 1; /// ```\n/// f([A; 2]);\n/// ```\npub fn f() {}", &[]);
    assert_lacking("pub const A: u8 = 1; /// ```\n/// f(AB);\n/// ```\npub fn f() {}", &["A"]);
    let example = "/// ```\n/// impl T for X { const LEN: u8 = 1; fn one(&self) {} } X.two();\n/// ```\n";
    let items = "{ const LEN: u8; const WIDTH: u8; fn one(&self); fn two(&self); fn three(&self) {} }";
    assert_lacking(&format!("{example} pub trait T {items}"), &["T::WIDTH", "T::three"]);
    assert_lacking(
        "/// ```\n/// t();\n/// ```\n#[doc(hidden)] pub trait T { fn one(); } trait U { fn two(); }",
        &[],
    );
    let constants = "impl A { pub const ONE: u8 = 1; pub const TWO: u8 = 2; const OWN: u8 = 3; }";
    assert_lacking(&format!("/// ```\n/// A::ONE;\n/// ```\npub struct A; {constants}"), &["A::TWO"]);
}

#[test]
fn methods_that_a_macro_writes_are_found() {
    let rules = "macro_rules! made { ($t:ident) => { impl $t { pub fn new() {} pub const fn len() {} fn own() {} } }; }";
    let example = |name: &str, code: &str| format!("/// ```\n/// {code}\n/// ```\npub struct {name};");
    let (a, b) = (example("A", "A::new();"), example("B", "let b = 1;"));
    assert_lacking(&format!("{rules} {a} {b} made!(A); made!(B);"), &["made!::len"]);
    let b = example("B", "b.len();");
    assert_lacking(&format!("{a} {b} made!(A); made!(B); {rules}"), &[]);
    let builder = "macro_rules! builder { () => { pub const fn $setting() {} }; }";
    assert_lacking(&format!("{a} {builder} builder!(A: new beta_1);"), &["A::beta_1"]);
    assert_lacking(&format!("{a} builder!(A: new beta_1);"), &[]);
    let table = "builder! { /// ```\n/// a.delta(1.0);\n/// ```\npub struct A { /// Its one.\n delta: f64 = 1.0, gamma: f64 = 2.0, } }";
    assert_lacking(&format!("{table} {builder}"), &["A::gamma"]);
}
