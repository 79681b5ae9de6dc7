//! What cannot be shown does not end a run: with standard output or standard error on a full disk, or a pipe that nobody reads,
//! `fit` and the examples end with the same files as ever.
//!
//! The program starts itself as the one whose output is lost, so it has a `main` of its own.

#![allow(clippy::duplicate_mod, reason = "each example has `output` as a module of its own")]

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/07_any_model.rs"]
mod any_model;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/06_breast_cancer.rs"]
mod breast_cancer;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/04_custom_layer.rs"]
mod custom_layer;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/02_embed.rs"]
mod embed;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/01_mnist.rs"]
mod mnist;
#[allow(dead_code, unreachable_pub)]
#[path = "../examples/03_train_small.rs"]
mod train_small;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use typenet::prelude::*;

model! { Line < Dense(1 => 1) > }

/// A run that shows its progress, and saves its weights.
fn fit() -> ExitCode {
    let mut trainer = Line::zeros().compile(Sgd::new(0.125), MeanSquaredError, ());
    let mut backup = BackupAndRestore::new("backup.safetensors");
    let fit = trainer.fit(&[[1.0], [2.0]], &[2.0_f32, 4.0]).epochs(3).callback(&mut backup);
    let history = fit.checkpoint("run.safetensors").run().expect("a run");
    assert_eq!(history.epochs.len(), 3);
    trainer.model().save("weights.safetensors").expect("a save");
    ExitCode::SUCCESS
}

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum To {
    Reader,
    /// A pipe whose reader has gone.
    Nobody,
    FullDisk,
}

impl To {
    fn open(self) -> Stdio {
        match self {
            Self::Reader => Stdio::piped(),
            Self::Nobody => io::pipe().expect("a pipe").1.into(),
            Self::FullDisk => fs::File::options().write(true).open("/dev/full").expect("/dev/full").into(),
        }
    }
}

/// Runs a program of `main` in `folder`.
fn start(program: &str, arguments: &[&str], folder: &Path, stdout: To, stderr: To) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("TYPENET_OUTPUT", program).current_dir(folder).args(arguments);
    command.stdout(stdout.open()).stderr(stderr.open()).output().expect("this program starts")
}

/// The program ends with the files that it makes when its output is read, and with an exit code that says what was lost.
fn check(program: &str, arguments: &[&str], files: &[&str]) {
    let at = |stdout, stderr| {
        let folder = tempfile::tempdir().expect("a folder");
        let output = start(program, arguments, folder.path(), stdout, stderr);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let found: Vec<Vec<u8>> = files
            .iter()
            .map(|file| {
                fs::read(folder.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}: {said}"))
            })
            .collect();
        let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
        (output.status.code(), said, found, left.len())
    };
    let (code, said, files, left) = at(To::Reader, To::Reader);
    assert_eq!((code, said.as_str()), (Some(0), ""), "{program}");
    let mut places = vec![(To::Nobody, To::Nobody)];
    if cfg!(target_os = "linux") {
        places.extend([(To::FullDisk, To::Reader), (To::FullDisk, To::FullDisk)]);
    }
    for (stdout, stderr) in places {
        let (code, said, found, left_here) = at(stdout, stderr);
        let place = format!("{program}, output to {stdout:?}, errors to {stderr:?}: {said}");
        // `fit` leaves the choice to its program.
        let lost = stdout == To::FullDisk && program != "fit";
        assert_eq!(code, Some(i32::from(lost)), "{place}");
        assert_eq!(said.contains("error: standard output: "), lost && stderr == To::Reader, "{place}");
        assert_eq!(said.lines().count(), usize::from(lost && stderr == To::Reader), "{place}");
        assert!(found == files, "other files: {place}");
        assert_eq!(left_here, left, "{place}");
    }
}

/// No example prints in another way: `println!` panics where nothing can be written. In the library a lint says so.
fn examples_use_show() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let sources = fs::read_dir(examples).expect("the examples").map(|entry| entry.expect("an entry").path());
    let mut sources: Vec<_> =
        sources.filter(|path| path.extension().is_some_and(|name| name == "rs")).collect();
    sources.sort();
    assert!(sources.len() >= 6, "{sources:?}");
    for source in sources {
        let text = fs::read_to_string(&source).expect("a source file");
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let printing = code.find(|line| ["print!(", "println!("].iter().any(|call| line.contains(call)));
        assert_eq!(printing, None, "{}: expected `show!`", source.display());
    }
}

/// A lock of the thread that calls `fit` is no obstacle: its lines are written there.
fn ends_while_its_caller_holds_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env("TYPENET_OUTPUT", "locked").current_dir(folder.path()).stdout(Stdio::null());
    let mut child = command.spawn().expect("this program starts");
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    if status.is_none() {
        child.kill().expect("a child that hangs can be killed");
    }
    assert!(status.is_some_and(|status| status.success()), "it waits for standard output: {status:?}");
}

fn main() -> ExitCode {
    match std::env::var("TYPENET_OUTPUT").as_deref() {
        Ok("fit") => return fit(),
        Ok("locked") => {
            let _locked = io::stdout().lock();
            return fit();
        }
        Ok("mnist") => return mnist::main(),
        Ok("embed") => return embed::main(),
        Ok("train_small") => return train_small::main(),
        Ok("custom_layer") => return custom_layer::main(),
        Ok("breast_cancer") => return breast_cancer::main(),
        Ok("any_model") => return any_model::main(),
        _ => {}
    }
    examples_use_show();
    check("fit", &[], &["weights.safetensors"]);
    ends_while_its_caller_holds_standard_output();
    check("mnist", &["--epochs", "1", "--out", "w.safetensors"], &["w.safetensors"]);
    check("embed", &[], &[]);
    check("train_small", &[], &["examples/digits_small.safetensors"]);
    check("custom_layer", &[], &[]);
    check("breast_cancer", &[], &[]);
    check("any_model", &["deep"], &[]);

    // An error that nobody can be told ends the program as an error does.
    let folder = tempfile::tempdir().expect("a folder");
    let output = start("mnist", &["--data", "nowhere"], folder.path(), To::Reader, To::Nobody);
    assert_eq!(output.status.code(), Some(1));
    println!("runs whose output is lost: ok");
    ExitCode::SUCCESS
}
