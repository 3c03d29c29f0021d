//! The kubelet: one component per node that runs the node's pods and reports on them.
//!
//! - [`Kubelet`]: the component; its informers, its timers, whose answer is whose
//! - `pod_worker`: the life of one pod on the node
//! - `admission`: whether the node takes a pod
//! - `container`: the life of one container: pull, start, exit, back-off
//! - `backoff`: how long a failing container or pull waits
//! - `names`: what the container runtime calls containers and images
//! - `pod_status`: the status that a pod's containers add up to
//! - `heartbeat`: Lease and node status
//! - [`booted`]: the objects of a node that is there from the beginning
//!
//! To add a step of a pod's life: a state in `container`, what it looks like in `pod_status`.
//!
//! Architecture invariant: names only `object`, `engine`, `wire` and `client` in the crate.

mod admission;
mod backoff;
pub mod booted;
mod container;
mod heartbeat;
mod names;
mod node_agent;
mod pod_status;
mod pod_worker;

pub use node_agent::Kubelet;
