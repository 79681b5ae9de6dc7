//! The rejected declarations and their messages: reading `tests/ui` is reading the specification.
//!
//! rustc's part of a message changes between versions, so the messages are compared under one version alone.

use std::io::Write;
use std::process::Command;

/// The compiler that wrote the `.stderr` files: the oldest that is supported.
const COMPILER: &str = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"));

#[test]
fn mistakes_in_declarations_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("rustc runs").stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(&format!("{COMPILER}.")) {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: tests/ui.rs: compared under {COMPILER} alone, not under {}",
            version.trim()
        );
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/*.rs");
}
