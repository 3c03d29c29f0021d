//! The reference of faults, steps, plans, expectations and the rest of a scenario, page by page. `wavetank explain` prints the
//! same pages. All of them are made from the tables that check files, make the JSON Schema and carry scenarios out.
//!
//! `reference.md` is what `wavetank explain all` prints; a test compares.
//!
//! - `topics`: what can be explained
//! - `fields`: pages of the file format; `faults`, `oracles`: pages of their tables
//!
//! To add a topic: a row in `topics`, then `cargo run -- explain all > src/reference/reference.md`.
#![doc = include_str!("reference.md")]

#[cfg(any(feature = "cli", test))]
mod faults;
#[cfg(any(feature = "cli", test))]
mod fields;
#[cfg(any(feature = "cli", test))]
mod oracles;
#[cfg(any(feature = "cli", test))]
mod topics;

#[cfg(feature = "cli")]
pub(crate) use topics::{all, explain};

/// A line with two columns.
#[cfg(any(feature = "cli", test))]
fn row(left: &str, right: &str) -> String {
    format!("  {left:<24}{right}\n")
}
