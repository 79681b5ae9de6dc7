//! Imports of the runtime run only downward, as ARCHITECTURE.md says.

use std::fs;
use std::path::{Path, PathBuf};

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
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn levels_are_found_in_every_form_of_path() {
    assert_eq!(named_levels("use crate::kernels::Rng;"), ["kernels"]);
    assert_eq!(named_levels("let x: crate::io::A = crate::data::b();"), ["io", "data"]);
    assert_eq!(named_levels("use crate::{kernels::Rng, schema::Shape};"), ["kernels", "schema"]);
}
