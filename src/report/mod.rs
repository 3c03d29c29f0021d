//! Output for people and machines. No other code prints.
//!
//! - `output`: stdout and stderr
//! - `text`: for people at a terminal and in CI logs
//! - `json`: one object per run and line
//! - `junit`: a file for CI
//! - [`View`]: what a run tells while it goes
//! - [`Timeline`]: one run step by step, with what `kubectl get pods` would have shown
//!
//! To add a format: a file here, and a flag in `commands/run`.

#[cfg(feature = "cli")]
mod json;
#[cfg(feature = "cli")]
mod junit;
mod output;
mod text;
mod timeline;
mod view;

#[cfg(feature = "cli")]
pub(crate) use json::run_line;
#[cfg(feature = "cli")]
pub(crate) use junit::{Case, junit};
pub(crate) use output::{failure as output_failure, finished, print, print_error};
pub(crate) use text::{failure, failures, no_run};
#[cfg(feature = "cli")]
pub(crate) use text::{found, summary_line};
pub(crate) use timeline::{LogLine, Timeline};
pub(crate) use view::View;
