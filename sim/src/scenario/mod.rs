//! The scenario as a value: what a file or the builder describes and a run carries out. Plain data: it executes nothing and
//! reads no files.
//!
//! - [`Scenario`]: the whole
//! - [`range`]: `a..b` of times and counts, Go durations
//! - [`target`]: what people point at: kinds, globs, picks
//! - [`cluster`]: nodes, images, operators, flags
//! - [`flag`]: the components' flags
//! - [`step`]: the changes, in order
//! - [`trigger`]: when a fault strikes; patterns of requests
//! - [`fault`]: failures, and the table of all that have a name
//! - [`expect`]: what must hold
//! - [`oracle`]: the table of all that a run may be found failing by
//! - [`view`]: checks written in Rust, and what they see
//! - [`plan`]: the concrete faults of one run and their text form
//! - [`near`]: did you mean
//!
//! To add a fault's name or switch it on: one line of [`fault::FAULTS`]; an oracle's: one of [`oracle::ORACLES`].
//!
//! Architecture invariant: names only `object` in the crate, and derives no serde: the file format lives in the root crate.

pub mod cluster;
pub mod expect;
pub mod fault;
pub mod flag;
pub mod near;
pub mod oracle;
pub mod plan;
pub mod range;
mod spec;
pub mod step;
pub mod target;
pub mod trigger;
pub mod view;

pub use cluster::{Boot, ClusterSpec, Exit, Flag, ImageRule, NodePool, OperatorSpec, Pull, Ready};
pub use expect::{Check, Expectation, Modality, Var};
pub use fault::{Arg, Args, FaultInfo, FaultSpec, FaultTarget, Victim};
pub use oracle::OracleInfo;
pub use plan::{BadPlan, ExactWhen, Plan, PlannedFault};
pub use range::{CountRange, TimeRange};
pub use spec::{Converge, Disabled, Ignore, Scenario};
pub use step::{Action, Cascade, NodeChoice, Step, Wait, WaitFor};
pub use target::{Hosting, KindName, Pattern, Pick, Target};
pub use trigger::{EventPattern, EventVerb, Moment, Trigger, When};
pub use view::{RustCheck, View};

#[cfg(test)]
mod tests;
