//! wavetank: a deterministic, in-process Kubernetes for testing controllers under seeded faults.
//!
//! It runs real, unmodified reconciler code against a fake API server and a node and pod model, throws seeded faults at it, and
//! checks that desired and actual state converge and stay converged. One seed is one run.
//!
//! In reading order:
//! - [`Scenario`]: a scenario built in code, and `check()` for `#[test]`
//! - [`registry()`], [`Registry`]: the programs that scenario files may name; one test per file
//! - [`cli()`]: the whole command line with your programs (feature `cli`)
//! - [`scenario`]: the file format; [`mod@reference`]: every fault, step, trigger and expectation, as `wavetank explain` prints them
//! - `sweep`: a job for each run, and its report
//! - `summary`: all runs of a scenario, carried out and counted
//! - `report`: everything that is printed
//! - [`isolate`]: a thread or a process for each run
//! - [`operators`]: the shipped kube-rs operators (feature `operators`)
//!
//! The crate `wavetank-sim`, re-exported as [`sim`], does the simulation.

pub use wavetank_sim as sim;
pub use wavetank_sim::engine::Time;
pub use wavetank_sim::programs::{Connector, Host, HostService};
pub use wavetank_sim::scenario::{Plan, View};

pub use builder::{
    Counts, Image, Nodes, Program, Run, Scenario, Times, Writes, any_node, any_pod, drain, faults, image,
    mins, nodes, nodes_hosting, on, pods, program, scale, secs, upgrade_nodes, var,
};
#[cfg(feature = "cli")]
pub use cli::cli;
pub use registry::{BadInput, Registry, registry};
pub use scenario::BadScenario;

mod builder;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod commands;
mod harness;
pub mod isolate;
#[cfg(feature = "operators")]
pub mod operators;
pub mod reference;
mod registry;
mod report;
pub mod scenario;
mod summary;
mod sweep;

/// The programs that wavetank ships; none without feature `operators`.
pub fn shipped() -> Registry {
    #[cfg(feature = "operators")]
    let shipped = operators::programs().into_iter().fold(registry(), Registry::with);
    #[cfg(not(feature = "operators"))]
    let shipped = registry();
    shipped
}

/// The README's code compiles.
#[cfg(all(doctest, feature = "operators", feature = "cli"))]
#[doc = include_str!("../README.md")]
struct Readme;
