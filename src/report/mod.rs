//! Output for people and machines. No other code prints.
//!
//! - `text`: for people at a terminal and in CI logs
//! - `json`: one object per run and line
//! - `junit`: a file for CI
//! - [`Timeline`]: one run step by step, with what `kubectl get pods` would have shown
//!
//! To add a format: a file here, and a flag in `commands/run`.

mod json;
#[cfg(feature = "cli")]
mod junit;
mod text;
mod timeline;

pub(crate) use json::run_line;
#[cfg(feature = "cli")]
pub(crate) use junit::junit;
pub(crate) use text::{failure, no_run, summary_line};
pub(crate) use timeline::{LogLine, Timeline};

/// Prints a line to stdout. It ignores errors: a reader such as `head` may close the pipe.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line to stderr.
pub(crate) fn print_error(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
