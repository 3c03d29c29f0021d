//! The pod of a node: the set's template and revision, the tolerations of daemon pods, an affinity to the node.
//!
//! Real: pkg/controller/daemon/util. Modelled: all of it, as recorded.

use crate::controllers::shared::claim::Owner;
use crate::controllers::shared::workload::pod_of;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::DAEMON_SETS;

/// Label with the hash of the pod's revision (apps/v1 `DefaultDaemonSetUniqueLabelKey`).
pub(super) const HASH: &str = "controller-revision-hash";
/// Label with the generation of the pod's template (apps/v1 `DeprecatedTemplateGeneration`, as a label).
const POD_GENERATION: &str = "pod-template-generation";
/// Annotation of a set with the generation of its template (apps/v1 `DeprecatedTemplateGeneration`).
const GENERATION: &str = "deprecated.daemonset.template.generation";
const REQUIRED: [&str; 3] = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];

/// Taints that daemon pods tolerate without limit (pkg/controller/daemon/util `AddOrUpdateDaemonPodTolerations`).
const TOLERATED: [(&str, &str); 6] = [
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
];
/// One more for pods on the host's network (the same).
const HOST_NETWORK: (&str, &str) = ("network-unavailable", "NoSchedule");

/// The set as the owner of its pods.
pub(super) fn owner(set: &Object) -> Owner<'_> {
    Owner { resource: *DAEMON_SETS, kind: "DaemonSet", object: set }
}

/// The pod spec of the set, with the tolerations.
pub(super) fn spec(set: &Object) -> Value {
    let mut spec = set.at(&["spec", "template", "spec"]).cloned().unwrap_or_default();
    let on_host = spec.at(&["hostNetwork"]).and_then(Value::as_bool) == Some(true);
    let mut tolerations = spec.items_at(&["tolerations"]).to_vec();
    for (key, effect) in TOLERATED.into_iter().chain(on_host.then_some(HOST_NETWORK)) {
        let key = format!("node.kubernetes.io/{key}");
        let toleration = value!({"key": key, "operator": "Exists", "effect": effect});
        let field = |t: &Value, name: &str| t.str_at(&[name]).unwrap_or_default().to_owned();
        let same = |t: &&mut Value| {
            ["key", "operator", "effect", "value"]
                .iter()
                .all(|name| field(t, name) == field(&toleration, name))
        };
        match tolerations.iter_mut().find(same) {
            Some(there) => *there = toleration,
            None => tolerations.push(toleration),
        }
    }
    spec.set_at(&["tolerations"], tolerations);
    spec
}

fn generation(set: &Object) -> Option<i64> {
    set.annotation(GENERATION)?.parse().ok()
}

/// The pod for a node, of the revision with this hash.
pub(super) fn new_pod(set: &Object, node: &str, hash: &str) -> Value {
    let mut pod = pod_of(&owner(set), set.at(&["spec", "template"]));
    if let Some(generation) = generation(set) {
        pod.set_at(&["metadata", "labels", POD_GENERATION], generation.to_string());
    }
    pod.set_at(&["metadata", "labels", HASH], hash);
    let mut spec = spec(set);
    let term = value!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
    spec.set_at(&REQUIRED, value!({"nodeSelectorTerms": [term]}));
    pod.set_at(&["spec"], spec);
    pod
}

/// Whether a pod is of the set's newest template.
pub(super) fn is_updated(set: &Object, pod: &Object, hash: &str) -> bool {
    let same_generation =
        generation(set).is_some_and(|n| pod.label(POD_GENERATION) == Some(n.to_string().as_str()));
    same_generation || pod.label(HASH) == Some(hash)
}

/// The node that a pod is on or meant for.
pub(super) fn target_node(pod: &Object) -> Option<&str> {
    if let Some(node) = pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty()) {
        return Some(node);
    }
    let required = pod.at(&["spec"])?.at(&REQUIRED)?;
    let fields = required.items_at(&["nodeSelectorTerms"]).iter().flat_map(|t| t.items_at(&["matchFields"]));
    let names = fields
        .filter(|f| f.str_at(&["key"]) == Some("metadata.name") && f.str_at(&["operator"]) == Some("In"));
    names.filter_map(|field| field.items_at(&["values"]).first()?.as_str()).next()
}
