//! The kubelet: one component per node that runs the node's pods and reports on them.
//!
//! - [`Kubelet`]: the component; its informers and timers, and which pod an input is for
//! - `link`: what its parts send through
//! - `pod_worker`: the life of one pod on the node
//! - `admission`: whether the node accepts a pod
//! - `container`: the life of one container: pull, start, exit, back-off
//! - `backoff`: how long a failing container or pull waits
//! - `names`: ids of containers and names of images
//! - `pod_status`: the pod's status from its containers
//! - `heartbeat`: Lease and node status
//! - [`booted`]: the objects of a node that the cluster has from the start
//!
//! To add a step of a pod's life: a state in `container`, and its status in `pod_status`.
//!
//! Architecture invariant: names only `object`, `engine`, `wire` and `client` in the crate.

mod admission;
mod backoff;
pub mod booted;
mod container;
mod heartbeat;
mod link;
mod names;
mod node_agent;
mod pod_status;
mod pod_worker;

pub use node_agent::Kubelet;
