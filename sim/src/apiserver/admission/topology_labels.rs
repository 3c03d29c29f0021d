//! PodTopologyLabels: a pod carries the zone and the region of its node, so that what runs in it can tell.
//!
//! Real: the gate `PodTopologyLabelsAdmission`, on since 1.35. Modelled: pods that are bound, and those that are created on
//! a node.

use super::Attributes;
use crate::object::{Object, Value};
use crate::wire::resource::NODES;

/// The labels that are copied.
const COPIED: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

pub(super) fn admit(write: &Attributes<'_>, pod: &mut Value) {
    let node = pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty());
    if let Some(node) = node.and_then(|node| write.lookup.get(*NODES, "", node)) {
        label(pod, &node);
    }
}

/// Gives a pod the labels of its node.
pub(in crate::apiserver) fn label(pod: &mut Value, node: &Object) {
    for label in COPIED {
        if let Some(value) = node.label(label) {
            pod.set_at(&["metadata", "labels", label], value);
        }
    }
}
