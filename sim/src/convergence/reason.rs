//! Why an object is pending. Kept as values, so that building one at every commit costs next to nothing; the
//! words are made when somebody reads them.

use std::fmt;

use crate::object::{Object, Str, Value};

/// The object that a reason is about. Sorts in the order in which users want to read reasons: what they wrote
/// themselves first, what the cluster made of it later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    rank: u8,
    /// Its kind.
    pub kind: Str,
    /// Its namespace; empty for what has none.
    pub namespace: Str,
    /// Its name.
    pub name: Str,
}

/// Why an object is pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The pending object.
    pub subject: Subject,
    /// What it waits for.
    pub want: Want,
    /// Kind and name of the controlling owner, to tell causes from consequences.
    pub(super) controller: Option<(Str, Str)>,
}

/// What a pending object waits for, and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Its controller has not yet seen the last change.
    Observed {
        /// `metadata.generation`.
        generation: i64,
        /// `status.observedGeneration`.
        observed: i64,
    },
    /// A number is not what it should be.
    Count {
        /// What is counted, such as `available replicas`.
        what: &'static str,
        /// How many there should be.
        want: i64,
        /// How many there are.
        has: i64,
        /// What the object itself says about it.
        note: Option<Str>,
    },
    /// The object is not in the state that its kind ends in.
    State {
        /// The state it should be in, such as `Ready`.
        want: &'static str,
        /// What it says instead.
        has: Str,
    },
    /// A condition or taint says that work is going on.
    Busy(Str),
    /// It is being deleted.
    Terminating {
        /// What must be done before it can go.
        finalizers: Vec<Str>,
        /// The node that must confirm the end of a pod.
        node: Option<Str>,
    },
    /// It refers to an owner that does not exist.
    Dangling {
        /// Kind and name of the owner.
        owner: (Str, Str),
    },
}

impl Subject {
    /// The subject that names `object`.
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

/// Custom resources first, then workloads, then their parts, then the cluster.
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

    /// Whether `other` is about the controlling owner of this reason's object.
    pub(super) fn is_controlled_by(&self, other: &Subject) -> bool {
        let same_place = self.subject.namespace == other.namespace;
        let owner = self.controller.as_ref();
        same_place && owner.is_some_and(|(kind, name)| *kind == other.kind && *name == other.name)
    }
}

/// The string at `path`, shared with the object; empty where there is none.
pub(super) fn text(object: &Object, path: &[&str]) -> Str {
    match object.at(path) {
        Some(Value::Str(s)) => s.clone(),
        _ => Str::default(),
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.want)
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
            Self::Busy(what) => write!(f, "has {what}"),
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
