//! Wires the components into one cluster and moves it, one event at a time. The same with and without testing.
//!
//! - [`ClusterConfig`]: what a cluster is made of
//! - [`Booted`]: a cluster before its first event, made once for all runs of a scenario; `start` copies it for a run
//! - [`Cluster`] (`state`): the state of a run, in groups; each of the following files works on one or two of them
//! - `event_loop`: what waits in the queue, and how one step handles it
//! - `actors`: components and the container runtime take inputs and have effects
//! - `requests`, `watches`: how requests, answers and watch events travel between actors and the API server
//! - `leases`: renewals of node Leases that nobody reads need no requests
//! - `event_recording`: Events of the control plane, written once somebody reads them
//! - `processes`: hosts start, exit, crash and restart
//! - `machines`, `cut`: nodes join, lose power and are replaced; the network is cut
//!
//! Real: many machines and processes. Modelled: one queue of messages and timers; each component is an actor with an
//! address. Not modelled: authorization (every actor may do everything), several API servers.
//!
//! Architecture invariant: never names `faults`, `oracles`, `explore`.

mod actors;
mod booted;
mod cut;
mod event_loop;
mod event_recording;
mod leases;
mod machines;
mod processes;
mod requests;
mod start;
mod state;
#[cfg(test)]
mod tests;
mod watches;

pub use actors::{API_SERVER, CHAOS, USER};
pub use booted::{Booted, ClusterConfig};
pub use event_loop::Stepped;
pub use processes::{KILLED_UNHEARD, with_env};
pub use state::Cluster;
