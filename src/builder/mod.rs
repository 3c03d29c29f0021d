//! Scenarios built in code: what a scenario file says, in Rust.
//!
//! - [`Scenario`]: the builder, `check()` and `run()`
//! - [`Nodes`], [`Image`], [`Program`]: the parts of the cluster
//! - [`faults`], [`on`], [`program`], [`pods`]: failures, their triggers and their targets
//! - [`Run`]: the result of a run, for tests
//! - [`secs`], [`mins`], `Times`: durations and ranges of them

mod calls;
mod checks;
mod cluster;
pub mod faults;
mod run;
mod scenario;
mod steps;
mod times;

#[cfg(test)]
mod tests;

pub use checks::var;
pub use cluster::{Image, Nodes, Program};
pub use faults::{any_node, any_pod, image, nodes, nodes_hosting, on, pods, program};
pub use run::{Run, Writes};
pub use scenario::Scenario;
pub use steps::{drain, scale, upgrade_nodes};
pub use times::{Counts, Times, mins, secs};
