//! The scenario as a value: a file or the builder makes it, and a run executes it. Plain data that does nothing by itself.
//!
//! - [`Scenario`]: the whole
//! - [`range`]: ranges `a..b` of times and counts, Go durations
//! - [`target`]: kinds, globs, picks: how a user names objects
//! - [`cluster`]: nodes, images, operators, flags
//! - [`flag`]: flags of the components
//! - [`step`]: the changes, in order
//! - [`trigger`]: when a fault strikes; patterns of requests
//! - [`fault`]: failures, and the table of all faults
//! - [`expect`]: what must hold
//! - [`oracle`]: the table of all oracles
//! - [`view`]: checks written in Rust, and the objects that they see
//! - [`plan`]: the exact faults of one run, and their text form
//! - [`Places`]: where the parts are written
//! - [`near`]: suggestions for misspelt words
//!
//! Architecture invariant: names only `object` in the crate, and derives no serde. The root crate has the file format.

pub mod cluster;
pub mod expect;
pub mod fault;
pub mod flag;
pub mod near;
pub mod oracle;
mod places;
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
pub use places::Places;
pub use plan::{BadPlan, ExactWhen, Plan, PlannedFault};
pub use range::{CountRange, TimeRange};
pub use spec::{Converge, Disabled, Ignore, MayBePending, Scenario};
pub use step::{Action, Cascade, NodeChoice, Step, UntilGone, Wait, WaitFor};
pub use target::{Hosting, KindName, Pattern, Pick, Target};
pub use trigger::{EventPattern, EventVerb, Moment, Trigger, When};
pub use view::{RustCheck, View};

#[cfg(test)]
mod tests;
