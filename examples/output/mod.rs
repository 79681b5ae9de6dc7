//! What the examples say, for whoever reads it.
//!
//! As with other programs of a command line, a reader who has seen enough (`mnist | head -1`) is no error, and a full disk is one,
//! which the exit code and standard error tell. Neither ends a training: `println!` would panic.

use std::error::Error;
use std::fmt::{Arguments, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Why standard output could not be written, the first time.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// As `println!`, but a line that cannot be written is left out.
macro_rules! show {
    ($($text:tt)*) => { output::line(format_args!($($text)*)) };
}

/// See `show!`.
pub(crate) fn line(text: Arguments<'_>) {
    if let Err(error) = io::stdout().write_all(format!("{text}\n").as_bytes())
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.get_or_init(|| error);
    }
}

/// How the program ends that has done this.
pub(crate) fn exit_code(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let complain = |error: &dyn Display| {
        // There may be nobody to tell.
        let _ = io::stderr().write_all(format!("error: {error}\n").as_bytes());
        ExitCode::FAILURE
    };
    match (result, FAILED.get()) {
        (Err(error), _) => complain(&error),
        (Ok(()), Some(error)) => complain(&format_args!("standard output: {error}")),
        (Ok(()), None) => ExitCode::SUCCESS,
    }
}
