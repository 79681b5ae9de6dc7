//! Every file of this folder is a test: who adds one without its lines in the package's manifest learns it here.

use std::fs;
use std::path::Path;

#[test]
fn every_file_is_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest");
    let files = fs::read_dir(folder).expect("this folder").map(|entry| entry.expect("an entry").file_name());
    let mut lacking: Vec<_> = files
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .filter(|name| name.ends_with(".rs") && !manifest.contains(&format!("path = \"{name}\"")))
        .collect();
    lacking.sort();
    assert!(lacking.is_empty(), "no `[[test]]` of Cargo.toml names {lacking:?}");
}
