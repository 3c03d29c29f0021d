//! Between kubelet and container runtime: the orders of one and the news of the other.
//!
//! Real: the CRI, a gRPC interface. Modelled: pull, start, probe results, stop, exit. Not modelled: sandboxes, exec,
//! logs, image garbage.

use std::sync::Arc;

use crate::engine::Millis;
use crate::object::{Object, Str};

/// One container of one pod on one node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ContainerId {
    /// The pod's uid.
    pub pod_uid: Str,
    /// The container's name in the pod.
    pub container: Str,
    /// Which start of it this is, from 0: news of an earlier start can so be told apart.
    pub attempt: u32,
}

/// What a kubelet orders.
#[derive(Clone, Debug)]
pub enum Command {
    /// Pull an image for a container; answered by `Pulled`.
    Pull {
        /// For which container.
        id: ContainerId,
        /// The image.
        image: Str,
        /// The pod, for behaviour drawn by its birth name.
        pod: Arc<Object>,
    },
    /// Create and start a container; answered by `Started`, later `Ready`, later perhaps `Exited`.
    Start {
        /// Which container.
        id: ContainerId,
        /// Its image.
        image: Str,
        /// The pod: environment and birth name come from it.
        pod: Arc<Object>,
    },
    /// Send SIGTERM, and SIGKILL after the grace; answered by `Exited`.
    Stop {
        /// Which container.
        id: ContainerId,
        /// Until SIGKILL; 0 kills at once.
        grace_ms: Millis,
    },
}

/// What a container runtime tells its kubelet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuntimeEvent {
    /// The image is there, or why it is not (`ErrImagePull` and the text).
    Pulled(ContainerId, Result<(), (Str, String)>),
    /// The container runs.
    Started(ContainerId),
    /// Its readiness probe now answers yes or no.
    Ready(ContainerId, bool),
    /// The container ended.
    Exited(ContainerId, Exit),
}

/// How a container ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The exit code; 137 is SIGKILL.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: &'static str,
}
