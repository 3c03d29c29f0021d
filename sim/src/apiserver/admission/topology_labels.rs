//! PodTopologyLabels: a pod gets the zone and region labels of its node, so that its containers can read them.
//!
//! Real: feature gate `PodTopologyLabelsAdmission`, on by default since 1.35. Modelled: on binding, and on the create of a
//! pod with a node name.

use super::Attributes;
use crate::object::{Object, Value};
use crate::wire::ObjectKey;
use crate::wire::resource::NODES;

/// The copied labels.
const COPIED: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

pub(super) fn admit(write: &Attributes<'_>, pod: &mut Value) {
    let node = pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty());
    if let Some(node) = node.and_then(|node| write.store.get(*NODES, &ObjectKey::new("", node))) {
        label(pod, node);
    }
}

/// Copies the labels from the node to the pod.
pub(in crate::apiserver) fn label(pod: &mut Value, node: &Object) {
    for label in COPIED {
        if let Some(value) = node.label(label) {
            pod.set_at(&["metadata", "labels", label], value);
        }
    }
}
