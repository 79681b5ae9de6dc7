//! What tests need that call rustc themselves.

use std::fs;
use std::path::PathBuf;

/// The libraries that this test was linked with lie beside it, perhaps with older ones; the newest first.
pub(crate) fn libraries() -> Vec<PathBuf> {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().expect("a test lies in a folder");
    let files = fs::read_dir(folder).expect("the folder can be read").map(|file| file.unwrap().path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libtypenet-") && name.ends_with(".rlib")
    };
    let mut libraries: Vec<PathBuf> = files.filter(is_library).collect();
    libraries.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    libraries.reverse();
    libraries
}
