//! Ctrl-C during `fit` in the main example ends it cleanly with the state saved, and the same command goes on from there; so it does
//! after a training whose weights could not be saved.
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

/// The same command interrupted and given again, which must end with the bits of a run that was not interrupted. `state` is
/// where it says that it saves the run; `stays` whether that is there at the end.
fn interrupt(arguments: &[&str], weights: &str, state: &str, stays: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let end = |child: Child| child.wait_with_output().expect("the example ends");
    let with = |further: &[&str]| end(start(&[arguments, further].concat(), folder.path()));
    let place = |name: &str| folder.path().join(name);

    // More epochs than any machine does before the signal comes.
    let child = start(&[arguments, &["--epochs", "1000000"]].concat(), folder.path());
    wait_for(&place(state));
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
    let interrupted = end(child);
    let said = text(&interrupted);
    assert_eq!(interrupted.status.code(), Some(130), "{said}");
    assert!(said.contains(&format!("the same command goes on from {state}")), "{said}");
    assert!(place(state).exists());
    assert!(!place(weights).exists(), "weights of half a training were saved");

    let epoch = said.split("interrupted in epoch ").nth(1).and_then(|rest| rest.split(' ').next());
    let epoch: usize = epoch.and_then(|epoch| epoch.parse().ok()).expect("the epoch of the interrupt");
    let epochs = (epoch + 1).to_string();
    let other = with(&["--epochs", &epochs, "--seed", "2"]);
    assert!(!other.status.success(), "{}", text(&other));
    assert!(text(&other).contains("`seed` is `1`, expected `2`"), "{}", text(&other));

    let resumed = with(&["--epochs", &epochs]);
    assert!(resumed.status.success(), "{}", text(&resumed));
    assert!(!text(&resumed).contains("epoch 1/"), "it did not go on: {}", text(&resumed));
    assert_eq!(place(state).exists(), stays);
    let parts = std::fs::read(place(weights)).expect("weights");
    if stays {
        std::fs::remove_file(place(state)).expect("the state");
    }
    let whole = with(&["--epochs", &epochs]);
    assert!(whole.status.success(), "{}", text(&whole));
    let whole = std::fs::read(place(weights)).expect("weights");
    assert!(parts == whole, "other bits than without the interruption");
}

fn wait_for(state: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !state.exists() {
        assert!(Instant::now() < deadline, "no state after the first epoch");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A target that cannot be replaced is refused before the training; one that becomes so during the training costs nothing but
/// the command being given again.
fn fail_to_save() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let command = ["--epochs", "15", "--out", "new/weights.safetensors"];
    let end = |child: Child| child.wait_with_output().expect("the example ends");

    std::fs::create_dir(place("folder")).expect("a folder");
    for out in ["folder", "folder/", "/"] {
        let refused = end(start(&["--epochs", "2", "--out", out], folder.path()));
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(refused.stdout.is_empty() && text(&refused).contains(out), "{}", text(&refused));
    }

    let child = start(&command, folder.path());
    wait_for(&place("new/weights.run.safetensors"));
    std::fs::create_dir(place("new/weights.safetensors")).expect("a folder in the way");
    let failed = end(child);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed));
    let said = text(&failed);
    assert!(said.contains("error: new/weights.safetensors: "), "{said}");
    assert!(said.contains("the same command goes on from new/weights.run.safetensors"), "{said}");
    assert!(place("new/weights.run.safetensors").exists(), "the training is lost");

    std::fs::remove_dir(place("new/weights.safetensors")).expect("the folder in the way");
    let again = end(start(&command, folder.path()));
    assert!(again.status.success() && !text(&again).contains("epoch "), "{}", text(&again));
    assert!(place("new/weights.safetensors").exists());
    assert!(!place("new/weights.run.safetensors").exists());
}

fn main() -> std::process::ExitCode {
    if std::env::var_os("TYPENET_EXAMPLE").is_some() {
        return mnist::main();
    }
    fail_to_save();
    if !cfg!(unix) {
        eprintln!("SKIPPED: tests/interrupted.rs: signals are sent by `kill`");
        return std::process::ExitCode::SUCCESS;
    }
    interrupt(&[], "target/digits.safetensors", "target/digits.run.safetensors", false);
    let named = ["--batch", "8", "--checkpoint", "state.safetensors", "--out", "weights.safetensors"];
    interrupt(&named, "weights.safetensors", "state.safetensors", true);
    println!("interrupted and resumed: ok");
    std::process::ExitCode::SUCCESS
}
