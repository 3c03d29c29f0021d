//! A scenario built in code: the Rust face of the scenario file.
//!
//! - [`Scenario`]: the builder, `check()` and `run()`
//! - [`Nodes`], [`Image`], [`Program`]: what the cluster is made of
//! - [`faults`], [`on`], [`program`], [`pods`]: failures
//! - [`Run`]: what a run came to
//! - [`secs`], [`mins`], `Times`: durations and ranges of them

mod checks;
mod cluster;
pub mod faults;
mod run;
mod scenario;
mod steps;
mod times;

pub use checks::var;
pub use cluster::{Image, Nodes, Program};
pub use faults::{any_node, any_pod, image, nodes, nodes_hosting, on, pods, program};
pub use run::{Run, Writes};
pub use scenario::Scenario;
pub use steps::{drain, scale, upgrade_nodes};
pub use times::{Counts, Times, mins, secs};
