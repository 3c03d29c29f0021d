//! Steps: the changes that a user makes, in order. Runs without faults have them too.
//!
//! To add a verb, edit four files. Tests fail if one of them lacks it:
//! 1. here: a variant of [`Action`], its word in `verbs!`, and what reports call it in `Display`
//! 2. `sim/src/explore/steps/mod.rs`: one line that says which function carries it out
//! 3. `sim/src/explore/steps/GROUP.rs`: that function, and a test that runs a scenario with the verb
//! 4. `src/scenario/format/steps/GROUP.rs`: a row for the file format: its fields, their meaning, an example, what is
//!    wrong with a value by itself, and how it is read
//!
//! A scalar of a new form is a leaf in `src/scenario/format/leaf.rs`. A builder function of its own, in `src/builder/steps.rs`, is for
//! verbs that tests written in Rust use often.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use derive_more::Display;

use super::range::Millis;
use super::{Check, Target, When};
use crate::object::patch::PatchType;
use crate::object::{Object, Value};

/// One change, or one wait.
#[derive(Clone, Debug)]
pub struct Step {
    /// The name in reports.
    pub name: Option<String>,
    /// When it runs, for a step outside the order. An action that waits for the cluster cannot have this.
    pub when: Option<When>,
    /// What it does.
    pub action: Action,
}

impl Step {
    /// A step without a name and without a trigger.
    pub fn new(action: Action) -> Self {
        Self { name: None, when: None, action }
    }

    /// The name, else the action in words.
    pub fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.action.to_string())
    }
}

/// What a step does: mostly verbs of kubectl.
#[derive(Clone, Debug)]
pub enum Action {
    /// Server-side apply of each object, in order.
    Apply(Vec<Arc<Object>>),
    /// Create each object, in order.
    Create(Vec<Arc<Object>>),
    /// Delete each of these objects, in order.
    DeleteObjects(Vec<Arc<Object>>, UntilGone),
    /// Delete the target's objects.
    Delete {
        /// The objects.
        target: Target,
        /// What happens to their dependents.
        cascade: Cascade,
        /// `gracePeriodSeconds`, if it differs from the object's own.
        grace_period_seconds: Option<u64>,
        /// Whether the step waits until they are gone.
        until_gone: UntilGone,
    },
    /// Patch the target's objects.
    Patch {
        /// The objects.
        target: Target,
        /// The type of the patch.
        patch_type: PatchType,
        /// The patch.
        patch: Value,
        /// The subresource, such as `status`.
        subresource: Option<String>,
    },
    /// Set `spec.replicas` through the scale subresource.
    Scale {
        /// The objects.
        target: Target,
        /// The number of replicas.
        replicas: u32,
    },
    /// Set the images of containers in the pod template.
    SetImage {
        /// The objects.
        target: Target,
        /// Image by container name.
        containers: BTreeMap<String, String>,
    },
    /// Restart the pods of a workload by an annotation in its pod template.
    RolloutRestart {
        /// The objects.
        target: Target,
    },
    /// Go back to the pod template of an earlier revision.
    RolloutUndo {
        /// The objects.
        target: Target,
        /// The revision; without one, that before the newest.
        to_revision: Option<u64>,
    },
    /// Make nodes unschedulable.
    Cordon(NodeChoice),
    /// Make nodes schedulable.
    Uncordon(NodeChoice),
    /// Make nodes unschedulable and evict their pods.
    Drain {
        /// The nodes.
        nodes: NodeChoice,
        /// How long it may take.
        timeout_ms: u64,
    },
    /// Replace the nodes of all pools with nodes of another version, one pool after the other.
    UpgradeNodes {
        /// The version.
        to: String,
        /// How many nodes join before as many leave; 0: one leaves before one joins.
        surge: u32,
        /// How long each drain and each start of a node may take.
        timeout_ms: u64,
    },
    /// Wait for a time or for a state of the cluster.
    Wait(Wait),
    /// Check once.
    Assert(Check),
}

/// Makes [`Action::VERBS`] and [`Action::verb`] from one list, so that both have all verbs.
macro_rules! verbs {
    ($($action:pat => $word:literal,)*) => {
        /// The words of all actions.
        pub const VERBS: &[&str] = &[$($word),*];

        /// The word for it in a scenario file.
        pub fn verb(&self) -> &'static str {
            match self {
                $($action => $word,)*
            }
        }
    };
}

impl Action {
    verbs! {
        Self::Apply(_) => "apply",
        Self::Create(_) => "create",
        Self::DeleteObjects(..) | Self::Delete { .. } => "delete",
        Self::Patch { .. } => "patch",
        Self::Scale { .. } => "scale",
        Self::SetImage { .. } => "setImage",
        Self::RolloutRestart { .. } => "rolloutRestart",
        Self::RolloutUndo { .. } => "rolloutUndo",
        Self::Cordon(_) => "cordon",
        Self::Uncordon(_) => "uncordon",
        Self::Drain { .. } => "drain",
        Self::UpgradeNodes { .. } => "upgradeNodes",
        Self::Wait(_) => "wait",
        Self::Assert(_) => "assert",
    }

    /// Whether it waits for the cluster, whenever it runs. All other actions only send requests, one after the other; a deletion
    /// then waits if it has no trigger.
    pub fn waits(&self) -> bool {
        match self {
            Self::DeleteObjects(_, until_gone) | Self::Delete { until_gone, .. } => {
                until_gone.wait == Some(true) || until_gone.timeout_ms.is_some()
            }
            Self::Drain { .. } | Self::UpgradeNodes { .. } | Self::Wait(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.verb();
        match self {
            Self::Apply(objects) | Self::Create(objects) | Self::DeleteObjects(objects, _) => {
                let names: Vec<_> = objects.iter().map(|o| format!("{}/{}", o.kind(), o.name())).collect();
                write!(f, "{verb} {}", names.join(", "))
            }
            Self::Delete { target, .. } | Self::Patch { target, .. } => write!(f, "{verb} {target}"),
            Self::Scale { target, replicas } => write!(f, "scale {target} to {replicas}"),
            Self::SetImage { target, containers } => {
                write!(f, "set image of {target}")?;
                containers.iter().try_for_each(|(name, image)| write!(f, " {name}={image}"))
            }
            Self::RolloutRestart { target } => write!(f, "restart {target}"),
            Self::RolloutUndo { target, to_revision } => {
                write!(f, "undo {target}")?;
                to_revision.map_or(Ok(()), |revision| write!(f, " to revision {revision}"))
            }
            Self::Cordon(nodes) | Self::Uncordon(nodes) | Self::Drain { nodes, .. } => {
                write!(f, "{verb} {nodes}")
            }
            Self::UpgradeNodes { to, .. } => write!(f, "upgrade nodes to {to}"),
            Self::Wait(wait) => wait.fmt(f),
            Self::Assert(_) => f.write_str(verb),
        }
    }
}

/// `propagationPolicy`: what happens to dependents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cascade {
    /// The garbage collector deletes the dependents afterwards.
    #[default]
    Background,
    /// The dependents are deleted first.
    Foreground,
    /// The dependents stay.
    Orphan,
}

/// Whether a deletion waits until its objects are gone, as `kubectl delete` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UntilGone {
    /// Whether it waits; without a word, a step in the order does, and a triggered one does not.
    pub wait: Option<bool>,
    /// How long it may take; without a word, [`UntilGone::TIMEOUT_MS`].
    pub timeout_ms: Option<u64>,
}

impl UntilGone {
    /// The default timeout. Our choice: faults go on meanwhile, so that an operator may first have to come through a crash loop or
    /// the loss of its node. kubectl waits for ever.
    pub const TIMEOUT_MS: u64 = 20 * 60_000;
}

/// The nodes of a cordon or a drain.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum NodeChoice {
    /// The one with this name.
    #[display("node/{_0}")]
    Named(String),
    /// Those with these labels.
    #[display("nodes {_0}")]
    Selected(String),
}

/// A wait between steps.
#[derive(Clone, Debug, PartialEq, Display)]
#[display("{until}")]
pub struct Wait {
    /// What ends it.
    pub until: WaitFor,
    /// How long it may take.
    pub timeout_ms: u64,
}

impl Wait {
    /// The default timeout. Our choice.
    pub const TIMEOUT_MS: u64 = 5 * 60_000;
}

/// What ends a wait.
#[derive(Clone, Debug, PartialEq, Display)]
pub enum WaitFor {
    /// Converged and quiet for 30 s.
    #[display("wait for convergence")]
    Converged,
    /// This much virtual time, in ms.
    #[display("wait {}", Millis(*_0))]
    Time(u64),
    /// A condition of all these objects.
    #[display("wait for {condition}={status} of {target}")]
    Condition {
        /// The objects; at least one must exist.
        target: Target,
        /// The condition's type.
        condition: String,
        /// Its status, usually `True`.
        status: String,
    },
    /// None of these objects exists.
    #[display("wait for deletion of {_0}")]
    Delete(Target),
}
