//! Between kubelet and container runtime: the orders of one and the news of the other; and between the runtime and
//! whoever hosts programs.
//!
//! Real: the CRI, a gRPC interface. Modelled: pull, start, probe results, stop, exit. Not modelled: sandboxes, exec,
//! logs, image garbage.

use std::sync::Arc;

use super::Addr;
use crate::engine::Millis;
use crate::object::{Object, Str, Value};

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
        /// Whether an image that the node has is good enough (`imagePullPolicy: IfNotPresent`).
        if_not_present: bool,
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
    /// Send SIGTERM, and SIGKILL after the grace; answered by `Exited`. A second one can only shorten the grace.
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
    /// The image is there, or why it is not.
    Pulled(ContainerId, Result<(), PullError>),
    /// The container runs.
    Started(ContainerId),
    /// Its readiness probe now answers yes or no.
    Ready(ContainerId, bool),
    /// The container runs but answers no probe any more.
    Hung(ContainerId),
    /// The container ended.
    Exited(ContainerId, Exit),
}

impl RuntimeEvent {
    /// The container that it is about.
    pub fn id(&self) -> &ContainerId {
        match self {
            Self::Pulled(id, _)
            | Self::Started(id)
            | Self::Ready(id, _)
            | Self::Hung(id)
            | Self::Exited(id, _) => id,
        }
    }
}

/// Why an image could not be pulled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PullError {
    /// `ErrImagePull`, `InvalidImageName`, ...
    pub reason: Str,
    /// The runtime's words.
    pub message: String,
}

/// How a container ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The exit code.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: &'static str,
}

impl Exit {
    /// The exit code of a process that SIGKILL ended: 128 + the signal's number (containerd, like a shell, adds 128).
    pub const SIGKILL: i32 = 128 + 9;
    /// The exit code of a process that SIGTERM ended.
    pub const SIGTERM: i32 = 128 + 15;
    /// The exit code where the runtime does not know it (containerd `UnknownExitStatus`).
    pub const UNKNOWN: i32 = 255;

    /// The end with this exit code: `Completed` with 0, else `Error`.
    pub fn with_code(code: i32) -> Self {
        Self { code, reason: if code == 0 { "Completed" } else { "Error" } }
    }
}

/// What the container runtime orders from whoever hosts programs, for containers whose image is a program.
#[derive(Clone, Debug)]
pub enum HostOrder {
    /// Run the program now.
    Start {
        /// The container it runs in.
        id: ContainerId,
        /// The program's registered name.
        program: Str,
        /// What the scenario gives it; a map.
        with: Value,
        /// The pod: environment, addresses and account come from it.
        pod: Arc<Object>,
        /// The kubelet of the node it runs on.
        node: Addr,
    },
    /// SIGTERM. The runtime orders `Kill` when the program's time is over, whatever it does about this.
    Stop {
        /// Which container.
        id: ContainerId,
        /// Until SIGKILL at the latest.
        grace_ms: Millis,
    },
    /// The process is gone: fence it and drop it.
    Kill {
        /// Which container.
        id: ContainerId,
    },
}
