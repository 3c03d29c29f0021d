//! How kinds differ: one row per built-in kind that differs from the common rules.
//!
//! Recorded in `generation-builtins`, `update-without-rv`, `propagation-policies` and `*-crud`. Rows without a recording
//! follow the registry strategies in the Kubernetes source.

/// The rules in which kinds differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// What raises `metadata.generation`.
    pub generation: Generation,
    /// Whether an update without resourceVersion is allowed. If not, it gets 422.
    pub unconditional_update: bool,
    /// Whether PUT of an absent object creates it. If not, it gets 404.
    pub create_on_update: bool,
    /// Which names are allowed.
    pub name: NameRule,
    /// Whether a delete without a propagation policy orphans the dependents.
    pub orphan_by_default: bool,
    /// Whether deletion is graceful: the object is terminating until the kubelet confirms.
    pub graceful: bool,
    /// Whether a deletion that only sets deletionTimestamp raises the generation.
    pub deletion_raises_generation: bool,
    /// The fields of `metadata` that a write to `/status` does not change.
    pub status_keeps: &'static [&'static str],
    /// Whether a create keeps the status that the client sends although the kind has `/status`.
    pub status_on_create: bool,
}

/// What raises `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The kind has no generation.
    None,
    /// Nothing: it stays 1.
    One,
    /// A change at one of these paths.
    On(&'static [&'static [&'static str]]),
    /// A change outside these top-level fields.
    AllBut(&'static [&'static str]),
}

/// Which names are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// DNS-1123 subdomain: up to 253 characters, with dots.
    Subdomain,
    /// DNS-1123 label: up to 63 characters.
    Label,
    /// DNS-1035 label: begins with a letter.
    Dns1035,
    /// Any path segment: not `.` or `..`, without `/` and `%`.
    PathSegment,
}

/// A change of spec.
const SPEC: Generation = Generation::On(&[&["spec"]]);

/// The rules of most kinds.
const PLAIN: Rules = Rules {
    generation: Generation::None,
    unconditional_update: true,
    create_on_update: false,
    name: NameRule::Subdomain,
    orphan_by_default: false,
    graceful: false,
    deletion_raises_generation: true,
    status_keeps: &[],
    status_on_create: false,
};

/// The rules of most kinds, with a generation that follows the spec.
const WITH_SPEC: Rules = Rules { generation: SPEC, ..PLAIN };

/// The metadata that status strategies built on `ResetObjectMetaForStatus` do not change.
const ALL_METADATA: &[&str] =
    &["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp", "generation"];

/// Webhook configurations: updates need a resourceVersion, and the generation follows the webhooks.
const WEBHOOKS: Rules =
    Rules { generation: Generation::On(&[&["webhooks"]]), unconditional_update: false, ..PLAIN };

/// Roles and bindings.
const RBAC: Rules = Rules { create_on_update: true, name: NameRule::PathSegment, ..PLAIN };

/// The rules by resource. A resource without a row has [`PLAIN`].
pub(super) const TABLE: &[(&str, Rules)] = &[
    (
        "admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
        Rules { unconditional_update: false, ..WITH_SPEC },
    ),
    (
        "admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings",
        Rules { unconditional_update: false, ..WITH_SPEC },
    ),
    ("admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", WEBHOOKS),
    (
        "admissionregistration.k8s.io/v1/validatingadmissionpolicies",
        Rules { unconditional_update: false, status_keeps: ALL_METADATA, ..WITH_SPEC },
    ),
    (
        "admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        Rules { unconditional_update: false, ..WITH_SPEC },
    ),
    ("admissionregistration.k8s.io/v1/validatingwebhookconfigurations", WEBHOOKS),
    (
        "apiextensions.k8s.io/v1/customresourcedefinitions",
        Rules {
            unconditional_update: false,
            status_keeps: ALL_METADATA,
            deletion_raises_generation: false,
            ..WITH_SPEC
        },
    ),
    (
        "apps/v1/deployments",
        Rules {
            generation: Generation::On(&[&["spec"], &["metadata", "annotations"]]),
            status_keeps: &["labels"],
            ..PLAIN
        },
    ),
    ("apps/v1/daemonsets", WITH_SPEC),
    ("apps/v1/replicasets", WITH_SPEC),
    ("apps/v1/statefulsets", Rules { name: NameRule::Label, ..WITH_SPEC }),
    ("batch/v1/cronjobs", WITH_SPEC),
    ("batch/v1/jobs", Rules { orphan_by_default: true, ..WITH_SPEC }),
    ("coordination.k8s.io/v1/leases", Rules { unconditional_update: false, create_on_update: true, ..PLAIN }),
    (
        "discovery.k8s.io/v1/endpointslices",
        Rules {
            generation: Generation::On(&[
                &["endpoints"],
                &["ports"],
                &["addressType"],
                &["metadata", "labels"],
            ]),
            ..PLAIN
        },
    ),
    ("events.k8s.io/v1/events", Rules { create_on_update: true, ..PLAIN }),
    ("networking.k8s.io/v1/ingressclasses", WITH_SPEC),
    ("networking.k8s.io/v1/ingresses", WITH_SPEC),
    ("networking.k8s.io/v1/networkpolicies", WITH_SPEC),
    ("node.k8s.io/v1/runtimeclasses", Rules { unconditional_update: false, ..PLAIN }),
    ("policy/v1/poddisruptionbudgets", Rules { unconditional_update: false, ..WITH_SPEC }),
    ("rbac.authorization.k8s.io/v1/clusterrolebindings", RBAC),
    ("rbac.authorization.k8s.io/v1/clusterroles", RBAC),
    ("rbac.authorization.k8s.io/v1/rolebindings", RBAC),
    ("rbac.authorization.k8s.io/v1/roles", RBAC),
    ("scheduling.k8s.io/v1/priorityclasses", Rules { generation: Generation::One, ..PLAIN }),
    ("storage.k8s.io/v1/csidrivers", Rules { unconditional_update: false, ..WITH_SPEC }),
    ("storage.k8s.io/v1/csinodes", Rules { unconditional_update: false, ..PLAIN }),
    ("storage.k8s.io/v1/csistoragecapacities", Rules { unconditional_update: false, ..PLAIN }),
    ("storage.k8s.io/v1/volumeattachments", Rules { unconditional_update: false, ..PLAIN }),
    ("v1/endpoints", Rules { create_on_update: true, ..PLAIN }),
    ("v1/events", Rules { create_on_update: true, ..PLAIN }),
    ("v1/limitranges", Rules { create_on_update: true, ..PLAIN }),
    ("v1/namespaces", Rules { name: NameRule::Label, ..PLAIN }),
    ("v1/nodes", Rules { status_on_create: true, ..PLAIN }),
    ("v1/pods", Rules { graceful: true, status_keeps: &["ownerReferences"], ..WITH_SPEC }),
    ("v1/podtemplates", Rules { generation: Generation::On(&[&["template"]]), ..PLAIN }),
    ("v1/replicationcontrollers", Rules { orphan_by_default: true, ..WITH_SPEC }),
    ("v1/services", Rules { create_on_update: true, name: NameRule::Dns1035, ..PLAIN }),
];

impl Rules {
    /// The rules of a built-in resource: `apps/v1/deployments`.
    pub fn builtin(resource: &str) -> Self {
        TABLE.iter().find(|(name, _)| *name == resource).map_or(PLAIN, |(_, rules)| *rules)
    }

    /// The rules of a custom resource with or without `/status`.
    pub fn custom(has_status: bool) -> Self {
        let but: &[&str] = if has_status {
            &["apiVersion", "kind", "metadata", "status"]
        } else {
            &["apiVersion", "kind", "metadata"]
        };
        Self {
            generation: Generation::AllBut(but),
            unconditional_update: false,
            status_keeps: ALL_METADATA,
            ..PLAIN
        }
    }
}
