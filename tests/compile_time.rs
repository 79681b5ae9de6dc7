//! How long rustc takes over a declaration: `cargo test -p typenet-tests --test compile_time -- --nocapture` prints the figures.

mod rustc;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Checks a model of so many layers; `None` if rustc refuses the library.
fn check(layers: usize, library: &Path, folder: &Path) -> Option<Duration> {
    let layers: Vec<String> =
        (0..layers).map(|i| format!("Dense({} => {}, relu)", 100 + i, 101 + i)).collect();
    let source = folder.join("model.rs");
    let declaration = format!("typenet::model! {{ pub Model < {} > }}", layers.join(", "));
    fs::write(&source, declaration).expect("the temporary folder can be written");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"]).arg(folder);
    rustc.arg("--extern").arg(format!("typenet={}", library.display()));
    rustc.arg("-L").arg(format!("dependency={}", library.parent().unwrap().display()));
    rustc.arg(source).stderr(Stdio::null());
    let start = Instant::now();
    let is_accepted = rustc.status().expect("rustc runs").success();
    is_accepted.then(|| start.elapsed())
}

#[test]
fn a_hundred_layers_cost_at_most_a_second() {
    let folder = std::env::temp_dir().join(format!("typenet-compile-time-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let libraries = rustc::libraries();
    let library = libraries.iter().find(|library| check(1, library, &folder).is_some());
    let library = library.expect("the library that this test is linked with lies beside it");
    let fastest =
        |layers| (0..3).map(|_| check(layers, library, &folder).expect("a right model")).min().unwrap();
    let (one, ten, hundred) = (fastest(1), fastest(10), fastest(100));
    println!("rustc takes {one:.2?} for a model of 1 layer, {ten:.2?} for 10, {hundred:.2?} for 100");
    fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    assert!(hundred - one < Duration::from_secs(1), "1 layer: {one:.2?}, 100 layers: {hundred:.2?}");
}
