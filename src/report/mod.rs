//! Output for people and machines. No other code prints.
//!
//! - `output`: stdout and stderr
//! - `text`: for people at a terminal and in CI logs
//! - `json`: one object per run and line
//! - `junit`: a file for CI (feature `junit`); `progress`: a bar on a terminal (feature `progress`)
//! - [`View`]: what a run tells while it goes: its `story`, its record, the `revisions` of an object that is `named`
//! - `diff`: what a write changed
//! - [`Timeline`]: a whole run as data
//!
//! To add a format: a file here, and a flag in `commands/run`.

mod diff;
#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
mod junit;
mod named;
mod output;
#[cfg(feature = "cli")]
mod progress;
mod revisions;
mod story;
mod text;
mod timeline;
mod view;

#[cfg(feature = "cli")]
pub(crate) use json::run_line;
#[cfg(feature = "cli")]
pub(crate) use junit::{Case, WRITES_JUNIT, junit};
#[cfg(feature = "cli")]
pub(crate) use named::Named;
#[cfg(feature = "cli")]
pub(crate) use output::failure as output_failure;
pub(crate) use output::{finished, print, print_error};
#[cfg(feature = "cli")]
pub(crate) use progress::Progress;
pub(crate) use text::{failure, failures, no_run};
#[cfg(feature = "cli")]
pub(crate) use text::{found, summary_line};
pub(crate) use timeline::{LogLine, Timeline};
pub(crate) use view::View;
