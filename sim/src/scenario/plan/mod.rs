//! Plans: the concrete faults of one run, as values and as text. It draws no plan and carries none out.
//!
//! ```text
//! PLAN   = FAULT [; FAULT]..                                   empty text: no faults
//! FAULT  = NAME(TARGET[:PICK][, ARG=VALUE]..)@WHEN[+DURATION] what strikes the cluster as a whole has no TARGET
//! TARGET = PROGRAM                                             a program or host; a glob
//!        | image=GLOB                                        images
//!        | KIND/[NAMESPACE/]NAME[\[SELECTOR\]]                 objects; without NAMESPACE: the scenario's, or cluster-scoped
//!          [ hosting \[kind=Pod[,SELECTOR]\]]                nodes: those with such a pod of the namespace
//! WHEN   = TIME                                                since t = 0
//!        | before(EVENT) | after(EVENT) | after-response(EVENT)
//! EVENT  = [ACTOR: ]VERB KIND[/SUBRESOURCE]/NAMESPACE/NAME[\[SELECTOR\]]#N
//! ```
//!
//! An EVENT is the N-th, from 1, of its kind that the target's hosts (or ACTOR's) take part in. Its path always has a
//! NAMESPACE (`-` for cluster-scoped kinds), so that three parts have no subresource and four have one. KIND is a kind, a
//! plural or a plural with its group; `*` matches any text, and a list or watch has the name `*`. NAME is a birth name:
//! generated names are `PREFIX~N`. A PICK that is not said is `one`: of hosts the one whose EVENT it is, else a keyed draw.
//!
//! ```
//! use wavetank_sim::scenario::plan::Plan;
//! for text in [
//!     "crash(etcd-operator)@after(patch statefulsets/default/example#2)",
//!     "crash(etcd-operator:leader)@before(etcd-operator: patch deployments.apps/status/default/web#1)",
//!     "api-error(op, status=504, committed=true)@before(write Pod/*/*#3)",
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

mod parse;
mod print;

pub use parse::BadPlan;

/// The concrete faults of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan(pub Vec<PlannedFault>);

/// One concrete fault.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// Which fault.
    pub fault: &'static FaultInfo,
    /// Whom it strikes.
    pub target: FaultTarget,
    /// Its arguments, exact, defaults filled in.
    pub args: Args,
    /// When it strikes.
    pub when: ExactWhen,
    /// How long it lasts, where it lasts.
    pub duration_ms: Option<u64>,
}

/// When a concrete fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExactWhen {
    /// So many milliseconds after t = 0.
    At(u64),
    /// At an event.
    On {
        /// On which side of it.
        moment: Moment,
        /// Which.
        event: EventPattern,
        /// Which occurrence, from 1.
        nth: u64,
    },
}

#[cfg(test)]
mod tests;
