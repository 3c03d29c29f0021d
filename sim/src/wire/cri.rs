//! Messages between kubelet and container runtime, and orders of the runtime to the host of programs.
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
    /// The number of the start, from 0, so that a kubelet recognises events of an earlier start.
    pub attempt: u32,
}

/// An order of a kubelet.
#[derive(Clone, Debug)]
pub enum Command {
    /// Pull an image for a container. The runtime answers `Pulled`.
    Pull {
        /// The container.
        id: ContainerId,
        /// The image.
        image: Str,
        /// Whether an image on the node is enough (`imagePullPolicy: IfNotPresent`).
        if_not_present: bool,
        /// The pod, for behaviour drawn by its birth name.
        pod: Arc<Object>,
    },
    /// Create and start a container. The runtime answers `Started`, later `Ready`, and at its end `Exited`.
    Start {
        /// The container.
        id: ContainerId,
        /// Its image.
        image: Str,
        /// The pod, for environment and birth name.
        pod: Arc<Object>,
    },
    /// Send SIGTERM, and SIGKILL after the grace. The runtime answers `Exited`. A second order can only shorten the grace.
    Stop {
        /// The container.
        id: ContainerId,
        /// Until SIGKILL; 0 kills at once.
        grace_ms: Millis,
    },
}

/// An event that a container runtime sends its kubelet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RuntimeEvent {
    /// The pull succeeded, or why it failed.
    Pulled(ContainerId, Result<(), PullError>),
    /// The container runs.
    Started(ContainerId),
    /// The result of the readiness probe changed.
    Ready(ContainerId, bool),
    /// The container runs but answers no probe any more.
    Hung(ContainerId),
    /// The container ended.
    Exited(ContainerId, Exit),
}

impl RuntimeEvent {
    /// The container of this event.
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
    /// The runtime's message.
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
    /// The exit code where the runtime does not know it (containerd `UnknownExitStatus`).
    pub const UNKNOWN: i32 = 255;

    /// The end with this exit code: `Completed` with 0, else `Error`.
    pub fn with_code(code: i32) -> Self {
        Self { code, reason: if code == 0 { "Completed" } else { "Error" } }
    }
}

/// An order of the container runtime to the host of programs, for containers whose image is a program.
#[derive(Clone, Debug)]
pub enum HostOrder {
    /// Run the program now.
    Start {
        /// The container that the program runs in.
        id: ContainerId,
        /// The program's registered name.
        program: Str,
        /// The arguments from the scenario; a map.
        with: Value,
        /// The pod, for environment, addresses and service account.
        pod: Arc<Object>,
        /// The kubelet of its node.
        node: Addr,
    },
    /// SIGTERM. The runtime orders `Kill` when the grace is over, whatever the program does.
    Stop {
        /// The container.
        id: ContainerId,
        /// Until SIGKILL at the latest.
        grace_ms: Millis,
    },
    /// SIGKILL: fence the program and drop it.
    Kill {
        /// The container.
        id: ContainerId,
    },
}
