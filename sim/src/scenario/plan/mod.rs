//! Plans: the exact faults of one run, as values and as text. Module `explore` draws them, `faults` carries them out.
//!
#![doc = include_str!("grammar.md")]
//!
//! ```
//! use wavetank_sim::scenario::plan::Plan;
//! for text in [
//!     "crash(etcd-operator)@after(patch statefulsets/default/example#2)",
//!     "crash(etcd-operator:leader)@before(etcd-operator: patch deployments.apps/status/default/web#1)",
//!     "api-error(op, status=504, committed=true)@before(write Pod/*/*#3); crash(op)@after(write */*/*#3)",
//!     "crash(op)@after(update deployments.apps//default/web#1); crash(op)@after(write */status/*/*#2)",
//!     "pod-deletion(pods/default/web-5d8f9-~3, gracePeriodSeconds=0)@1m30s",
//!     "image-pull-error(image=example.com/web:*, times=3)@10s; partition(nodes/node-1)@30s+2m",
//!     "node-loss(Node/*, heal=replace)@1m+6m",
//!     "reboot(Node/*[disk=ssd] hosting [kind=Pod,app in (a,b)]:all)@1m",
//!     "compaction()@1m; compaction(keep=10)@after(op: list Pod/*/*#2)",
//!     "pod-deletion(pods/*[app=web,tier in (a,b)]:2)@20s; watch-cut(*:all, kind=Pod)@before(patch nodes/-/node-1#1)+10s",
//! ] {
//!     assert_eq!(text.parse::<Plan>()?.to_string(), text);
//! }
//! # Ok::<(), wavetank_sim::scenario::plan::BadPlan>(())
//! ```

use super::{Args, EventPattern, FaultInfo, FaultTarget, Moment};

/// The grammar of plan text, with the meaning of its words.
pub const GRAMMAR: &str = include_str!("grammar.md");

mod parse;
mod print;

pub use parse::BadPlan;

/// The exact faults of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan(pub Vec<PlannedFault>);

/// One exact fault.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// Which fault.
    pub fault: &'static FaultInfo,
    /// What it strikes.
    pub target: FaultTarget,
    /// Its arguments, exact and with defaults.
    pub args: Args,
    /// When it strikes.
    pub when: ExactWhen,
    /// How long it lasts, if it lasts.
    pub duration_ms: Option<u64>,
}

/// When an exact fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExactWhen {
    /// This many milliseconds after t = 0.
    At(u64),
    /// At an event.
    On {
        /// The moment relative to it.
        moment: Moment,
        /// The event.
        event: EventPattern,
        /// Which occurrence, from 1.
        nth: u64,
    },
}

#[cfg(test)]
mod tests;
