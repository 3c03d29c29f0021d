//! Judges of a run: each names one property and reports in words.
//!
//! - [`Violation`]: what is reported
//! - [`Compiled`], [`Check`]: `always` and `eventually`, in CEL, by partial match, in Rust
//! - [`not_converged`]: `no_convergence` and `unstable`
//! - [`hot_loop()`], [`spinning`]: programs that never come to rest
//! - [`panic()`]: panics of programs
//! - [`cel`], [`partial`]: the languages of checks
//!
//! To add an oracle: one file with a function from the record (or the state) to an optional [`Violation`], a line here and
//! in [`NAMES`], a call where a run judges (`explore`), and a test that shows it bites.

pub mod cel;
mod check;
mod convergence;
mod hot_loop;
mod panic;
pub mod partial;
mod violation;

pub use check::{Check, Compiled};
pub use convergence::not_converged;
pub use hot_loop::{hot_loop, spinning};
pub use panic::panic;
pub use violation::Violation;

/// Every oracle that has a name in scenarios.
pub const NAMES: &[&str] = &["always", "hot_loop", "no_convergence", "panic", "step", "unstable"];
