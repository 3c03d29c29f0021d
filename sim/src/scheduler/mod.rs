//! The scheduler: finds a node for each pod that has none.
//!
//! - [`Scheduler`]: the component; its informers, which pods wait for what, binding
//! - `cycle`: one pod against the nodes, as many of them as it takes
//! - `filter`: which nodes are out of the question, one function per plugin; `spread` and `affinity` are two of them
//! - `claims`: what is wrong with a pod's claims, and where the volumes are that they have
//! - `hints`: what may help a pod that found no node
//! - `preempt`: which pods have to go so that a more important one fits
//! - `requests`: what it writes
//! - `score`: which of the others is best
//! - `fit_error`: why there is none, in the scheduler's words
//! - `placement`: what the nodes have and what is taken, pods included that are bound but not yet seen so
//! - `resources`: what a pod takes of a node
//! - `queue`: the pods that wait
//! - `feeds`: what it watches
//!
//! To add a filter: a function in `filter`, its place in the list there, and in `hints` what helps whom it rejected.
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
mod requests;
mod resources;
mod score;
mod spread;

pub use component::Scheduler;
