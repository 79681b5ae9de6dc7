//! Ctrl-C during `fit` in the main example ends it cleanly with the state saved, and it goes on from there.
//!
//! The program starts itself as the example, so it has a `main` of its own.

#[allow(dead_code)]
#[path = "../examples/01_mnist.rs"]
mod mnist;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn start(arguments: &[&str], folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("TYPENET_EXAMPLE", "mnist").current_dir(folder).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("this program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn main() -> std::process::ExitCode {
    if std::env::var_os("TYPENET_EXAMPLE").is_some() {
        return mnist::main();
    }
    if !cfg!(unix) {
        println!("skipped: signals are sent by `kill`");
        return std::process::ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let end = |child: Child| child.wait_with_output().expect("the example ends");
    let arguments = |out: &'static str| {
        ["--epochs", "3", "--batch", "8", "--checkpoint", "run.safetensors", "--out", out]
    };
    let whole = end(start(&["--epochs", "3", "--batch", "8", "--out", "whole.safetensors"], folder.path()));
    assert!(whole.status.success(), "{}", text(&whole));

    let checkpoint = folder.path().join("run.safetensors");
    let child = start(&arguments("parts.safetensors"), folder.path());
    let deadline = Instant::now() + Duration::from_secs(60);
    while !checkpoint.exists() {
        assert!(Instant::now() < deadline, "no checkpoint after the first epoch");
        std::thread::sleep(Duration::from_millis(1));
    }
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
    let interrupted = end(child);
    let said = text(&interrupted);
    assert_eq!(interrupted.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted in epoch") && said.contains("--checkpoint run.safetensors"), "{said}");
    assert!(!folder.path().join("parts.safetensors").exists(), "weights of half a training were saved");

    let resumed = end(start(&arguments("parts.safetensors"), folder.path()));
    assert!(resumed.status.success(), "{}", text(&resumed));
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("weights");
    assert!(
        read("parts.safetensors") == read("whole.safetensors"),
        "other bits than without the interruption"
    );
    println!("interrupted and resumed: ok");
    std::process::ExitCode::SUCCESS
}
