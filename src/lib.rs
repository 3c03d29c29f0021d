//! wavetank: a deterministic, in-process Kubernetes for testing controllers under seeded faults.
//!
//! It runs real, unmodified reconciler code against a fake API server and a node and pod model, throws seeded faults at it, and
//! checks that desired and actual state converge and stay converged. One seed is one run.
//!
//! In reading order:
//! - [`Scenario`]: a scenario built in code, and `check()` for `#[test]`
//! - [`registry()`], [`Registry`]: programs by name, for scenario files; one test per file
//! - [`cli()`]: the whole command line with your programs (feature `cli`)
//! - [`scenario`]: the file format
//! - `sweep`, `report`: many runs, and what is printed of them
//! - [`isolate`]: how runs are kept apart
//! - [`operators`]: the kube-rs operators that are shipped (feature `operators`)
//!
//! The core is the crate `wavetank-sim`, here as [`sim`].

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
mod registry;
mod report;
pub mod scenario;
mod sweep;

/// The programs that are shipped with wavetank: none without feature `operators`.
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
