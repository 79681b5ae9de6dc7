//! Imports of the runtime run only downward, as ARCHITECTURE.md says, and no file takes from one that takes from it, directly or
//! through others.
//!
//! What a file takes is found by its paths: of `use`, and in code. A `pub use` takes nothing for its own file; who takes the
//! name there takes it from the file that defines it. Tests may take from anywhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Each level and the levels that its files may name besides their own.
const LEVELS: [(&str, &[&str]); 11] = [
    ("hardware", &[]),
    ("kernels", &["hardware"]),
    ("schema", &["hardware", "kernels"]),
    ("layers", &["hardware", "kernels", "schema"]),
    ("losses", &["hardware", "kernels", "schema"]),
    ("metrics", &["hardware", "kernels", "schema"]),
    ("optimizers", &["hardware", "kernels", "schema"]),
    ("data", &["hardware", "kernels", "schema"]),
    ("io", &["hardware", "kernels", "schema"]),
    ("model", &["hardware", "kernels", "schema", "layers", "losses", "metrics", "optimizers", "data", "io"]),
    ("plots", &["metrics", "io", "model"]),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of a level") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Levels that follow `crate::` in `line`, also inside braces: `crate::{kernels::Rng, tensor}`.
fn named_levels(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let paths = rest.strip_prefix('{').map_or(vec![rest], |group| group.split(',').collect());
        for path in paths {
            let path = path.trim_start();
            found.push(path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""));
        }
    }
    found
}

#[test]
fn imports_run_only_downward() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
    let mut wrong = Vec::new();
    for (level, below) in LEVELS {
        let mut paths = Vec::new();
        files(&source.join(level), &mut paths);
        assert!(!paths.is_empty(), "{level} has no files");
        for path in paths {
            let text = fs::read_to_string(&path).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                // Documentation may point anywhere.
                if line.trim_start().starts_with("//") {
                    continue;
                }
                for named in named_levels(line) {
                    let is_level = LEVELS.iter().any(|(level, _)| *level == named);
                    if is_level && named != level && !below.contains(&named) {
                        wrong.push(format!("{}:{}: {level} names {named}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    // The lines above name a level by `crate::`; `super::super::` leads to one too.
    for (module, taken) in Crate::read(&source).imports() {
        let Some((level, below)) =
            LEVELS.iter().find(|(level, _)| module.first().is_some_and(|name| name == level))
        else {
            continue;
        };
        for from in taken.into_iter().filter(|from| !from.is_empty() && from[0] != *level) {
            if LEVELS.iter().any(|(level, _)| *level == from[0]) && !below.contains(&from[0].as_str()) {
                wrong.push(format!("{}: {level} names {}", module.join("::"), from.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn levels_are_found_in_every_form_of_path() {
    assert_eq!(named_levels("use crate::kernels::Rng;"), ["kernels"]);
    assert_eq!(named_levels("let x: crate::io::A = crate::data::b();"), ["io", "data"]);
    assert_eq!(named_levels("use crate::{kernels::Rng, schema::Shape};"), ["kernels", "schema"]);
}

/// The files of a crate as modules, and what each takes from others.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Module, Contents>,
}

/// The way from the root to a module that is a file: `["io", "header"]`; the root's is empty.
type Module = Vec<String>;

#[derive(Default)]
struct Contents {
    /// Items that are written in the file.
    defined: BTreeSet<String>,
    /// Names that a `use` brings in, with their paths; `*` for all of a module.
    used: Vec<(String, Vec<String>)>,
    /// Paths that the file names, but for its `pub use`.
    named: Vec<Vec<String>>,
}

impl Crate {
    /// Reads sources: their modules and texts.
    fn new<'a>(sources: impl IntoIterator<Item = (Module, &'a str)>) -> Self {
        let mut modules = BTreeMap::new();
        for (module, text) in sources {
            let tokens = text.parse().unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
            let mut contents = Contents::default();
            contents.read(tokens, 0);
            modules.insert(module, contents);
        }
        Self { modules }
    }

    fn read(source: &Path) -> Self {
        let mut paths = Vec::new();
        files(source, &mut paths);
        let texts: Vec<_> = paths
            .iter()
            .map(|path| (module_of(path, source), fs::read_to_string(path).expect("a source file")))
            .collect();
        Self::new(texts.iter().map(|(module, text)| (module.clone(), text.as_str())))
    }

    fn has_child(&self, module: &[String], name: &str) -> bool {
        self.modules.contains_key(&[module, &[name.to_owned()]].concat())
    }

    /// The file that defines what `path` names in `module`; `None` if it is of another crate.
    fn definition(&self, module: &[String], path: &[String], depth: usize) -> Option<Module> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last()?.1.to_vec(),
            name if self.has_child(module, name) => [module, &[name.to_owned()]].concat(),
            name => {
                // `run::fit`, where a `use` has brought in `run`.
                let used = &self.modules.get(module)?.used;
                let (_, used) = used.iter().find(|(as_name, used)| as_name == name && used[0] != *name)?;
                return (depth < 8).then(|| self.definition(module, &[used, rest].concat(), depth + 1))?;
            }
        };
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                at.pop()?;
            } else if self.has_child(&at, name) {
                at.push(name.clone());
            } else {
                let contents = self.modules.get(&at)?;
                // A re-export, of what may be one itself; the depth ends circles of these.
                for (as_name, used) in contents.used.iter().filter(|_| depth < 8) {
                    let path = match as_name.as_str() {
                        "*" if contents.defined.contains(name) => continue,
                        "*" => [used.as_slice(), std::slice::from_ref(name)].concat(),
                        as_name if as_name == name => used.clone(),
                        _ => continue,
                    };
                    let found = self.definition(&at, &[&path, after].concat(), depth + 1);
                    let Some(found) = found else { continue };
                    if as_name != "*" || self.modules[&found].defined.contains(name) {
                        return Some(found);
                    }
                }
                break;
            }
            rest = after;
        }
        self.modules.contains_key(&at).then_some(at)
    }

    /// The files from which each file takes something.
    fn imports(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let mut imports = BTreeMap::new();
        for (module, contents) in &self.modules {
            let taken = contents.named.iter().filter_map(|path| self.definition(module, path, 0));
            let taken = taken.filter(|from| from != module);
            let taken: BTreeSet<_> =
                taken.filter_map(|from| self.modules.get_key_value(&from)).map(|(key, _)| key).collect();
            imports.insert(module, taken);
        }
        imports
    }

    /// For each import that closes a circle, the shortest one through it, as `io::header → io::json → io::header`.
    fn circles(&self) -> BTreeSet<String> {
        let imports = self.imports();
        let mut circles = BTreeSet::new();
        for (&start, taken) in &imports {
            for &next in taken {
                let Some(mut circle) = way(&imports, next, start) else { continue };
                // Each circle once: from its first file in the order of names.
                let first = (0..circle.len()).min_by_key(|&i| circle[i]).expect("two files");
                circle.rotate_left(first);
                circle.push(circle[0]);
                let name = |module: &&Module| match module.is_empty() {
                    true => "lib".to_owned(),
                    false => module.join("::"),
                };
                circles.insert(circle.iter().map(name).collect::<Vec<_>>().join(" → "));
            }
        }
        circles
    }
}

/// The shortest way from one file to another along imports, both included.
fn way<'a>(
    imports: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    from: &'a Module,
    to: &'a Module,
) -> Option<Vec<&'a Module>> {
    let mut before = BTreeMap::from([(from, None)]);
    let mut next = VecDeque::from([from]);
    while let Some(module) = next.pop_front() {
        if module == to {
            let mut way: Vec<_> = std::iter::successors(Some(to), |module| before[module]).collect();
            way.reverse();
            return Some(way);
        }
        for &taken in &imports[module] {
            before.entry(taken).or_insert_with(|| {
                next.push_back(taken);
                Some(module)
            });
        }
    }
    None
}

/// `io/header.rs` and `io/header/mod.rs` are the module `["io", "header"]`.
fn module_of(path: &Path, source: &Path) -> Module {
    let path = path.strip_prefix(source).expect("a file of the crate").with_extension("");
    let mut module: Module = path.iter().map(|name| name.to_str().expect("UTF-8").to_owned()).collect();
    if module.last().is_some_and(|name| name == "mod" || name == "lib") {
        module.pop();
    }
    module
}

impl Contents {
    /// Reads the tokens of a file, or of a group in it that lies in `inner` modules within the file.
    fn read(&mut self, tokens: TokenStream, inner: usize) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let (mut at, mut is_public) = (0, false);
        while at < tokens.len() {
            match word(&tokens[at]).as_deref() {
                _ if is_test_only(&tokens[at..]) => at = end_of_item(&tokens, at),
                // Not `use<'a>`, which says what an `impl Trait` captures.
                Some("use") if !tokens.get(at + 1).is_some_and(|next| is(next, '<')) => {
                    let end = (at..tokens.len()).find(|&i| is(&tokens[i], ';')).unwrap_or(tokens.len());
                    let mut used = Vec::new();
                    use_tree(&tokens[at + 1..end], Vec::new(), &mut used);
                    for (name, path) in used {
                        let Some(path) = outward(path, inner) else { continue };
                        if !is_public {
                            self.named.push(path.clone());
                        }
                        self.used.push((name, path));
                    }
                    at = end;
                }
                Some("mod") if matches!(tokens.get(at + 2), Some(TokenTree::Group(_))) => {
                    let TokenTree::Group(group) = &tokens[at + 2] else { unreachable!("just matched") };
                    self.read(group.stream(), inner + 1);
                    at += 2;
                }
                Some(keyword) => {
                    let next = tokens.get(at + 1).and_then(word);
                    if DEFINING.contains(&keyword) {
                        self.defined.extend(next);
                    } else if keyword == "macro_rules" {
                        self.defined.extend(tokens.get(at + 2).and_then(word));
                    }
                    let path = path_at(&tokens[at..]);
                    if path.len() > 1 {
                        at += 3 * (path.len() - 1);
                        self.named.extend(outward(path, inner));
                    }
                }
                None => {
                    if let TokenTree::Group(group) = &tokens[at] {
                        // `pub(crate) use` is as public as `pub use`.
                        let is_visibility = is_public && group.delimiter() == Delimiter::Parenthesis;
                        self.read(group.stream(), inner);
                        if is_visibility {
                            at += 1;
                            continue;
                        }
                    }
                }
            }
            is_public = tokens.get(at).and_then(word).as_deref() == Some("pub");
            at += 1;
        }
    }
}

/// What comes before the name of an item.
const DEFINING: [&str; 8] = ["struct", "enum", "union", "trait", "fn", "const", "static", "type"];

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == sign)
}

/// Whether an item of tests begins here: `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    let [sign, TokenTree::Group(attribute), ..] = tokens else { return false };
    let text = attribute.stream().to_string().replace(' ', "");
    is(sign, '#') && (text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// The last token of the item that begins at `at`.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is(other, ';'),
    };
    (at..tokens.len()).find(|&i| ends(&tokens[i])).unwrap_or(tokens.len())
}

/// The path that begins at the first token: `crate::io::read`.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let Some(name) = rest.first().and_then(word) {
        path.push(name);
        match rest {
            [_, a, b, after @ ..] if is(a, ':') && is(b, ':') => rest = after,
            _ => break,
        }
    }
    path
}

/// The names that a `use` brings in, with their paths.
fn use_tree(tokens: &[TokenTree], mut prefix: Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    let path = path_at(tokens);
    let rest = &tokens[tokens.len().min(match path.len() {
        0 => 0,
        names => 3 * names - 2,
    })..];
    prefix.extend(path);
    let rest = match rest {
        [a, b, rest @ ..] if is(a, ':') && is(b, ':') => rest,
        rest => rest,
    };
    match rest {
        [TokenTree::Group(group), ..] => {
            let members: Vec<_> = group.stream().into_iter().collect();
            for member in members.split(|token| is(token, ',')).filter(|member| !member.is_empty()) {
                use_tree(member, prefix.clone(), found);
            }
        }
        [star, ..] if is(star, '*') => found.push(("*".to_owned(), prefix)),
        _ => {
            if prefix.len() > 1 && prefix.last().is_some_and(|name| name == "self") {
                prefix.pop();
            }
            let name = match rest {
                [keyword, TokenTree::Ident(name), ..] if word(keyword).as_deref() == Some("as") => {
                    name.to_string()
                }
                _ => prefix.last().cloned().unwrap_or_default(),
            };
            found.push((name, prefix));
        }
    }
}

/// A path as the file's own module would write it, of one in `inner` modules within the file; `None` if it stays in these.
fn outward(mut path: Vec<String>, inner: usize) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    if inner == 0 || supers == 0 {
        let is_of_inner = inner > 0 && path.first().is_some_and(|name| name == "self");
        return (!is_of_inner).then_some(path);
    }
    if supers < inner {
        return None;
    }
    path.drain(..inner);
    if supers == inner {
        path.insert(0, "self".to_owned());
    }
    Some(path)
}

fn made_up(sources: &[(&str, &str)]) -> Crate {
    let module = |path: &str| path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Crate::new(sources.iter().map(|&(path, text)| (module(path), text)))
}

#[test]
fn circles_are_found_in_every_form_of_path() {
    let inside = [
        "use crate::io::b::B;",
        "use crate::{hardware::C, io::{a::X, b::{self, B as Other}}};",
        "use super::b::B;",
        "use super::super::io::b::*;",
        "use super::B;",
        "fn f(x: super::b::B) {}",
        "fn f() { let x = crate::io::B::new(); }",
        "use crate::io; fn f() { io::b::f() }",
        "mod inner { use super::super::B; }",
        "mod inner { fn f() { super::super::b::make!() } }",
    ];
    for text in inside {
        let io = "mod a; mod b; pub(crate) use b::B;";
        let circle = made_up(&[
            ("", "mod io;"),
            ("io", io),
            ("io::a", text),
            ("io::b", "use super::a::A; pub struct B;"),
        ]);
        assert_eq!(circle.circles(), BTreeSet::from(["io::a → io::b → io::a".to_owned()]), "{text}");
    }
}

#[test]
fn circles_of_three_are_found_once() {
    let circle = made_up(&[
        ("", "mod a; mod b; mod c; mod d;"),
        ("a", "use crate::b::B;"),
        ("b", "use crate::c::C; pub struct B;"),
        ("c", "use crate::a; pub struct C;"),
        ("d", "use crate::{a, b, c};"),
    ]);
    assert_eq!(circle.circles(), BTreeSet::from(["a → b → c → a".to_owned()]));
}

#[test]
fn a_parent_and_its_child_are_a_circle_if_each_takes_from_the_other() {
    let child = "use super::Trait; pub struct Child;";
    let circles = |parent: &str| made_up(&[("", "mod p;"), ("p", parent), ("p::child", child)]).circles();
    for parent in [
        "mod child; pub use child::Child; trait Trait {}",
        "pub mod child; pub(super) use child::*; trait Trait {}",
    ] {
        assert_eq!(circles(parent), BTreeSet::new(), "{parent}");
    }
    for parent in
        ["mod child; use child::Child; trait Trait {}", "mod child; trait Trait { fn f(x: child::Child); }"]
    {
        assert_eq!(circles(parent), BTreeSet::from(["p → p::child → p".to_owned()]), "{parent}");
    }
}

#[test]
fn tests_and_words_are_no_imports() {
    let texts = [
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(all(test, not(loom)))] mod tests { use super::super::b::B; }",
        "#[cfg(test)] use crate::b::B; struct A;",
        "// use crate::b::B;",
        "/// [`crate::b::B`]\nstruct A;",
        "const A: &str = \"use crate::b::B;\";",
        "mod inner { use self::b::B; }",
        "use std::b::B;",
    ];
    for text in texts {
        let none = made_up(&[("", "mod a; mod b;"), ("a", text), ("b", "use crate::a::A; pub struct B;")]);
        assert_eq!(none.circles(), BTreeSet::new(), "{text}");
    }
}

#[test]
fn no_file_takes_from_one_that_takes_from_it() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for source in ["runtime/src", "model-macros/src"] {
        let read = Crate::read(&workspace.join(source));
        assert!(read.imports().values().map(BTreeSet::len).sum::<usize>() > 20, "{source} has no imports");
        let circles = Vec::from_iter(read.circles());
        assert!(circles.is_empty(), "{source}:\n{}", circles.join("\n"));
    }
}
