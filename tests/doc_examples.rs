//! Every public item's documentation has an example that compiles.
//!
//! A struct, an enum, a trait, a function, a type alias and a macro has one of its own. A method has one, or is called in
//! an example of its type. What is `pub` can be reached, since the lint `unreachable_pub` refuses what cannot; what is
//! `#[doc(hidden)]` belongs to generated code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ImplItem, Item, ItemImpl, Lit, Meta, Token, Type, Visibility};

/// The roots of the library crates.
const ROOTS: [&str; 3] = ["src/lib.rs", "runtime/src/lib.rs", "model-macros/src/lib.rs"];

/// A public item or method: where it stands and the examples of its documentation.
struct Documented {
    file: PathBuf,
    /// `Rng` or `Rng::fork`
    name: String,
    examples: String,
}

impl Documented {
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
    /// Examples of `pub use`, by the name that is used: they stand before the item's own documentation.
    uses: BTreeMap<String, String>,
}

/// The code of the examples that rustdoc compiles and that should compile.
fn examples(attributes: &[Attribute]) -> String {
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
    code
}

/// Whether an attribute such as `#[doc(hidden)]` or `#[cfg(test)]` is there.
fn has(attributes: &[Attribute], name: &str, argument: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident(name)
            && attribute.parse_args::<syn::Ident>().is_ok_and(|found| found == argument)
    })
}

/// Whether an example uses a method: `.fork(3)`, `Rng::fork`.
fn uses(code: &str, method: &str) -> bool {
    code.match_indices(method).any(|(at, _)| {
        let after = code[at + method.len()..].chars().next();
        code[..at].ends_with(['.', ':']) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
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
        }
    }

    fn visit(&mut self, file: &Path, folder: &Path, item: &Item) {
        match item {
            Item::Struct(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Enum(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Union(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
            Item::Trait(item) => self.add(file, &item.attrs, &item.vis, &item.ident),
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
                Some(_) => {}
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
            let (file, name) = (file.to_owned(), name.to_string());
            self.items.push(Documented { file, name, examples: examples(attributes) });
        }
    }

    fn methods(&mut self, file: &Path, item: &ItemImpl) {
        let Type::Path(owner) = &*item.self_ty else { return };
        let Some(owner) = owner.path.segments.last() else { return };
        if item.trait_.is_some() {
            return;
        }
        for method in &item.items {
            if let ImplItem::Fn(method) = method
                && matches!(method.vis, Visibility::Public(_))
                && !has(&method.attrs, "doc", "hidden")
            {
                let name = format!("{}::{}", owner.ident, method.sig.ident);
                self.methods.push(Documented {
                    file: file.to_owned(),
                    name,
                    examples: examples(&method.attrs),
                });
            }
        }
    }

    /// In a table such as `activations! { /// max(x, 0) Relu = "relu"; }` each documented name is an item. In one that
    /// begins with a type, such as `setters!(StepDecay: /// With another factor. gamma: f64)`, it is a method.
    fn items_of_a_macro(&mut self, file: &Path, table: &syn::Macro) {
        let rows = |input: ParseStream<'_>| {
            let mut rows = Vec::new();
            let owner = if input.peek2(Token![:]) { Some(input.parse::<syn::Ident>()?) } else { None };
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
            Ok((owner, rows))
        };
        let (owner, rows) = rows.parse2(table.tokens.clone()).expect("a table of items");
        for (attributes, visibility, name) in rows {
            if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
                continue;
            }
            if let Some(owner) = &owner {
                let (file, name) = (file.to_owned(), format!("{owner}::{name}"));
                self.methods.push(Documented { file, name, examples: examples(&attributes) });
            } else {
                self.add(file, &attributes, &visibility, &name);
            }
        }
    }

    /// The items and methods without an example.
    fn lacking(&self) -> Vec<&Documented> {
        let of_use = |item: &Documented| self.uses.get(&item.name).is_some_and(|code| !code.is_empty());
        let items = self.items.iter().filter(|item| item.examples.is_empty() && !of_use(item));
        let shown = |method: &Documented| {
            let (owner, name) = method.name.split_once("::").expect("a type and a method");
            // Two types of one name are told apart where the method stands in the file of one of them.
            let here = self.items.iter().any(|item| item.name == owner && item.file == method.file);
            let mut of_type = self
                .items
                .iter()
                .filter(|item| item.name == owner)
                .chain(self.methods.iter().filter(|other| other.owner() == Some(owner)))
                .filter(|other| !here || other.file == method.file);
            of_type.any(|other| uses(&other.examples, name))
        };
        items
            .chain(self.methods.iter().filter(|method| method.examples.is_empty() && !shown(method)))
            .collect()
    }
}

#[test]
fn every_public_item_has_an_example() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::default();
    ROOTS.iter().for_each(|root| sources.read(&workspace.join(root)));
    assert!(sources.items.len() > 100 && sources.methods.len() > 50, "the sources were not found");

    let lacking: Vec<String> = sources
        .lacking()
        .into_iter()
        .map(|documented| format!("{}: {}", documented.file.display(), documented.name))
        .collect();
    assert!(lacking.is_empty(), "without an example:\n{}", lacking.join("\n"));
}

#[track_caller]
fn assert_lacking(source: &str, expected: &[&str]) {
    let mut sources = Sources::default();
    let parsed = syn::parse_file(source).expect("Rust");
    sources.visit_all(Path::new("lib.rs"), Path::new(""), &parsed.items);
    let lacking: Vec<&str> = sources.lacking().iter().map(|documented| documented.name.as_str()).collect();
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
    let setters = "setters!(A: /// One.\n len_of: f64, /// Two.\n of: f64);";
    assert_lacking(&format!("{example} {setters}"), &["A::of"]);
    let elsewhere = "/// ```\n/// a.len();\n/// ```\npub struct B; impl B { pub fn len() {} }";
    assert_lacking(&format!("{example} {elsewhere} {methods}"), &["A::len", "A::size"]);
}
