//! Writes to stdout and stderr, and remembers whether stdout took it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// The exit code of a program that SIGPIPE ends, as shells show it: the reader of stdout has left.
const CLOSED_PIPE: u8 = 128 + 13;
/// The exit code where stdout cannot be written: bad input, of which stdout is a part.
const NOT_WRITTEN: u8 = 2;

/// The first error of a write to stdout.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

fn note(written: io::Result<()>) {
    if let Err(error) = written {
        FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Prints a line to stdout. [`failure`] tells whether that went wrong.
pub(crate) fn print(text: &str) {
    note(io::stdout().write_all(format!("{text}\n").as_bytes()));
}

/// Prints a line to stderr, past the capture of a test. Nobody can be told of an error here.
pub(crate) fn print_error(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// If a write to stdout has failed, the exit code for that. A reader such as `head` may leave: then nothing is said. Any other
/// error is told on stderr.
pub(crate) fn failure() -> Option<u8> {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    let error = failure.as_ref()?;
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Some(CLOSED_PIPE);
    }
    print_error(&format!("wavetank cannot write to stdout: {error}"));
    Some(NOT_WRITTEN)
}

/// The exit code at the end: this one, unless stdout could not be written.
pub(crate) fn finished(code: ExitCode) -> ExitCode {
    note(io::stdout().flush());
    failure().map_or(code, ExitCode::from)
}
