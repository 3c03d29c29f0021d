//! Why an object is pending. A reason is a value that is cheap to make at every commit; it becomes text when somebody reads it.

use std::fmt;

use derive_more::Display;

use crate::object::{Object, Str, Value};

/// The object of a reason. The order is that in which users want to read reasons: first the objects that they wrote, then
/// those that the cluster made from them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    rank: u8,
    /// The kind.
    pub kind: Str,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: Str,
    /// The name.
    pub name: Str,
}

/// Why an object is pending.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("{subject} {want}")]
pub struct Reason {
    /// The pending object.
    pub subject: Subject,
    /// What the object waits for.
    pub want: Want,
    /// Kind and name of the controlling owner, to distinguish causes from consequences.
    pub(super) controller: Option<(Str, Str)>,
}

/// What a pending object waits for, and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// The controller has not observed the last change.
    Observed {
        /// `metadata.generation`.
        generation: i64,
        /// `status.observedGeneration`.
        observed: i64,
    },
    /// A number differs from the wanted one.
    Count {
        /// The counted things, such as `available replicas`.
        what: &'static str,
        /// The wanted number.
        want: i64,
        /// The actual number.
        has: i64,
        /// What a condition of the object says about it.
        note: Option<Str>,
    },
    /// The object is not in the final state of its kind.
    State {
        /// The wanted state, such as `Ready`.
        want: &'static str,
        /// The actual state.
        has: Str,
    },
    /// A condition or taint shows work in progress.
    Busy(Str),
    /// A condition says that waiting does not help: the text has its reason and message.
    Stalled(Str),
    /// The object has less storage than it wants.
    Storage {
        /// The wanted size, as a quantity.
        want: Str,
        /// The actual size, as a quantity.
        has: Str,
    },
    /// The object is terminating.
    Terminating {
        /// The finalizers that hold it.
        finalizers: Vec<Str>,
        /// The node that must confirm the end of the pod.
        node: Option<Str>,
    },
    /// The object has an owner that does not exist.
    Dangling {
        /// Kind and name of the owner.
        owner: (Str, Str),
    },
}

impl Subject {
    /// The subject for `object`.
    pub fn of(object: &Object) -> Self {
        let kind = text(object, &["kind"]);
        Self {
            rank: rank(&kind),
            namespace: text(object, &["metadata", "namespace"]),
            name: text(object, &["metadata", "name"]),
            kind,
        }
    }
}

/// The order of kinds: custom resources, workloads, their parts, the cluster.
fn rank(kind: &str) -> u8 {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob" => 1,
        "Job" | "ReplicaSet" => 2,
        "Pod" => 4,
        "PersistentVolumeClaim" | "PersistentVolume" => 5,
        "Node" | "Namespace" => 6,
        "Service" | "EndpointSlice" | "Endpoints" | "ConfigMap" | "Secret" | "ServiceAccount" => 3,
        _ => 0,
    }
}

impl Reason {
    /// Why `object` is pending.
    pub fn new(object: &Object, want: Want) -> Self {
        let controller = object.controller().map(|owner| (owner.kind.into(), owner.name.into()));
        Self { subject: Subject::of(object), want, controller }
    }

    /// Whether `other` is the controller of this reason's object.
    pub(super) fn is_controlled_by(&self, other: &Subject) -> bool {
        let same_place = self.subject.namespace == other.namespace;
        let owner = self.controller.as_ref();
        same_place && owner.is_some_and(|(kind, name)| *kind == other.kind && *name == other.name)
    }
}

/// The string at `path`, shared with the object; empty if there is none.
pub(super) fn text(object: &Object, path: &[&str]) -> Str {
    object.at(path).and_then(Value::as_text).cloned().unwrap_or_default()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observed { generation, observed } => {
                write!(f, "is at generation {generation}, its controller has seen {observed}")
            }
            Self::Count { what, want, has, note } => {
                write!(f, "wants {want} {what}, has {has}")?;
                note.as_ref().map_or(Ok(()), |note| write!(f, " ({note})"))
            }
            Self::State { want, has } => write!(f, "is not {want}: {has}"),
            Self::Busy(what) | Self::Stalled(what) => write!(f, "has {what}"),
            Self::Storage { want, has } => write!(f, "wants {want} of storage, has {has}"),
            Self::Terminating { finalizers, node } => {
                f.write_str("is Terminating")?;
                if let Some(node) = node {
                    write!(f, ", on node {node}")?;
                }
                if !finalizers.is_empty() {
                    write!(f, ", held by the finalizers {}", finalizers.join(", "))?;
                }
                Ok(())
            }
            Self::Dangling { owner: (kind, name) } => {
                write!(f, "refers to an owner that is gone: {kind} {name}")
            }
        }
    }
}
