//! Steps: the changes that a user makes, in order. They belong to the reference run too.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::range::Millis;
use super::{Check, Target, When};
use crate::object::{Object, Value};

/// One change, or one wait.
#[derive(Clone, Debug)]
pub struct Step {
    /// The name in reports.
    pub name: Option<String>,
    /// A triggered step stands outside the order; one that takes its time cannot be triggered.
    pub when: Option<When>,
    /// What is done.
    pub action: Action,
}

impl Step {
    /// The unnamed step that does this at its place in the order.
    pub fn new(action: Action) -> Self {
        Self { name: None, when: None, action }
    }

    /// The name, else what is done in words.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.action.to_string())
    }
}

/// What a step does: kubectl's verbs.
#[derive(Clone, Debug)]
pub enum Action {
    /// Server-side apply of each object, in order.
    Apply(Vec<Arc<Object>>),
    /// Create each object, in order.
    Create(Vec<Arc<Object>>),
    /// Delete each of these objects, in order.
    DeleteObjects(Vec<Arc<Object>>),
    /// Delete what is pointed at.
    Delete {
        /// Which.
        target: Target,
        /// What becomes of their dependents.
        cascade: Cascade,
        /// `gracePeriodSeconds`, where it is not the object's own.
        grace_period_seconds: Option<u64>,
    },
    /// Patch what is pointed at.
    Patch {
        /// Which.
        target: Target,
        /// How the patch is read.
        patch_type: PatchType,
        /// The patch.
        patch: Value,
        /// The subresource, such as `status`.
        subresource: Option<String>,
    },
    /// Set `spec.replicas` through the scale subresource.
    Scale {
        /// Which.
        target: Target,
        /// How many.
        replicas: u32,
    },
    /// Set the images of containers in the pod template.
    SetImage {
        /// Which.
        target: Target,
        /// Image by container name.
        containers: BTreeMap<String, String>,
    },
    /// Restart the pods of a workload by a template annotation.
    RolloutRestart {
        /// Which.
        target: Target,
    },
    /// Make nodes unschedulable.
    Cordon(NodeChoice),
    /// Make nodes schedulable.
    Uncordon(NodeChoice),
    /// Make nodes unschedulable and evict their pods.
    Drain {
        /// Which.
        nodes: NodeChoice,
        /// How long it may take.
        timeout_ms: u64,
    },
    /// Replace the nodes of all pools, one pool after the other, by ones of another version.
    UpgradeNodes {
        /// The version.
        to: String,
        /// How many machines join before as many leave; 0: one leaves before one joins.
        surge: u32,
        /// How long the drain of a node and the start of one may take.
        timeout_ms: u64,
    },
    /// Go back to the pod template of an earlier revision.
    RolloutUndo {
        /// Which.
        target: Target,
        /// The revision; the one before without it.
        to_revision: Option<u64>,
    },
    /// Wait.
    Wait(Wait),
    /// Check now, once.
    Assert(Check),
}

impl Action {
    /// The word for it in a scenario file.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Apply(_) => "apply",
            Self::Create(_) => "create",
            Self::DeleteObjects(_) | Self::Delete { .. } => "delete",
            Self::Patch { .. } => "patch",
            Self::Scale { .. } => "scale",
            Self::SetImage { .. } => "setImage",
            Self::RolloutRestart { .. } => "rolloutRestart",
            Self::Cordon(_) => "cordon",
            Self::Uncordon(_) => "uncordon",
            Self::Drain { .. } => "drain",
            Self::UpgradeNodes { .. } => "upgradeNodes",
            Self::RolloutUndo { .. } => "rolloutUndo",
            Self::Wait(_) => "wait",
            Self::Assert(_) => "assert",
        }
    }

    /// Whether it takes as long as the cluster does, rather than one request after the other.
    pub fn takes_its_time(&self) -> bool {
        matches!(self, Self::Drain { .. } | Self::UpgradeNodes { .. } | Self::Wait(_))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = |f: &mut fmt::Formatter<'_>, verb: &str, objects: &[Arc<Object>]| {
            let names: Vec<_> = objects.iter().map(|o| format!("{}/{}", o.kind(), o.name())).collect();
            write!(f, "{verb} {}", names.join(", "))
        };
        match self {
            Self::Apply(all) => objects(f, "apply", all),
            Self::Create(all) => objects(f, "create", all),
            Self::DeleteObjects(all) => objects(f, "delete", all),
            Self::Delete { target, .. } => write!(f, "delete {target}"),
            Self::Patch { target, .. } => write!(f, "patch {target}"),
            Self::Scale { target, replicas } => write!(f, "scale {target} to {replicas}"),
            Self::SetImage { target, containers } => {
                write!(f, "set image of {target}")?;
                containers.iter().try_for_each(|(name, image)| write!(f, " {name}={image}"))
            }
            Self::RolloutRestart { target } => write!(f, "restart {target}"),
            Self::Cordon(nodes) => write!(f, "cordon {nodes}"),
            Self::Uncordon(nodes) => write!(f, "uncordon {nodes}"),
            Self::Drain { nodes, .. } => write!(f, "drain {nodes}"),
            Self::UpgradeNodes { to, .. } => write!(f, "upgrade nodes to {to}"),
            Self::RolloutUndo { target, to_revision: None } => write!(f, "undo {target}"),
            Self::RolloutUndo { target, to_revision: Some(to) } => {
                write!(f, "undo {target} to revision {to}")
            }
            Self::Wait(wait) => wait.fmt(f),
            Self::Assert(_) => f.write_str("assert"),
        }
    }
}

/// `propagationPolicy`, in kubectl's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cascade {
    /// The garbage collector follows.
    #[default]
    Background,
    /// Dependents go first.
    Foreground,
    /// Dependents stay.
    Orphan,
}

/// How a patch is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchType {
    /// JSON merge patch.
    #[default]
    Merge,
    /// JSON patch.
    Json,
    /// Strategic merge patch.
    Strategic,
    /// Server-side apply.
    Apply,
}

/// The nodes of a cordon or a drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeChoice {
    /// The one with this name.
    Named(String),
    /// Those with these labels.
    Selected(String),
}

impl fmt::Display for NodeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => write!(f, "node/{name}"),
            Self::Selected(selector) => write!(f, "nodes {selector}"),
        }
    }
}

/// A pause in the steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// What ends it.
    pub until: WaitFor,
    /// How long it may take.
    pub timeout_ms: u64,
}

impl Wait {
    /// The timeout where none is given.
    pub const TIMEOUT_MS: u64 = 5 * 60_000;
}

/// What a wait waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum WaitFor {
    /// Converged and quiet for 30 s.
    Converged,
    /// So much virtual time.
    Time(u64),
    /// A condition of every object pointed at.
    Condition {
        /// Which objects; there must be one.
        target: Target,
        /// The condition's type.
        condition: String,
        /// Its status, usually `True`.
        status: String,
    },
    /// Every object pointed at is gone.
    Delete(Target),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.until {
            WaitFor::Converged => f.write_str("wait for convergence"),
            WaitFor::Time(ms) => write!(f, "wait {}", Millis(*ms)),
            WaitFor::Condition { target, condition, status } => {
                write!(f, "wait for {condition}={status} of {target}")
            }
            WaitFor::Delete(target) => write!(f, "wait for deletion of {target}"),
        }
    }
}
