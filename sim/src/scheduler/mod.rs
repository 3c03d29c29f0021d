//! The scheduler: finds a node for each pod without one.
//!
//! - [`Scheduler`]: the component; its informers, its queue, binding
//! - `cycle`: filters and scores nodes for one pod
//! - `filter`: which nodes do not fit, one function per plugin; `spread`, `affinity` and `claims` are three of them
//! - `reasons`: why a filter rejects a node
//! - `hints`: which events may help an unschedulable pod
//! - `preempt`: which pods to delete so that a more important one fits
//! - `requests`: what it writes
//! - `score`: which fitting node is best
//! - `fit_error`: why no node fits, in the words of the real scheduler
//! - `placement`: the nodes and what is used of them, by bound and assumed pods
//! - `resources`: what a pod requests
//! - `queue`: the pods without a node
//! - `feeds`: the resources that it watches
//!
//! To add a filter: a function in `filter`, its place in the list there, and a hint in `hints`.
//!
//! Architecture invariant: names only `object`, `engine`, `wire` and `client` in the crate.

mod affinity;
mod claims;
mod component;
mod cycle;
mod feeds;
mod filter;
mod fit_error;
mod hints;
mod placement;
mod preempt;
mod queue;
mod reasons;
mod requests;
mod resources;
mod score;
mod spread;

pub use component::Scheduler;
