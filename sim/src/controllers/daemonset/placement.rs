//! Which nodes should have a daemon pod, and which may keep the one they have.
//!
//! Real: pkg/controller/daemon `NodeShouldRunDaemonPod`. Modelled: all of it. The scheduler checks more, such as resources;
//! a pod that does not pass there stays pending.

use super::template;
use crate::object::{Object, Value, selects_node, tolerates};

/// Whether a DaemonSet runs on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fit {
    /// The node should have a pod.
    pub(super) run: bool,
    /// A pod that runs there may stay.
    pub(super) stay: bool,
}

/// Whether a set's pods run on a node.
pub(super) fn fit(set: &Object, node: &Object) -> Fit {
    const NEITHER: Fit = Fit { run: false, stay: false };
    let spec = template::spec(set);
    let named = spec.str_at(&["nodeName"]).is_none_or(|name| name.is_empty() || name == node.name());
    if !named || !selects_node(&spec, node) {
        return NEITHER;
    }
    let tolerations = spec.items_at(&["tolerations"]);
    let repels = |effect: &str| {
        let is = |taint: &&Value| taint.str_at(&["effect"]) == Some(effect);
        node.items_at(&["spec", "taints"]).iter().filter(is).any(|taint| !tolerates(tolerations, taint))
    };
    let stay = !repels("NoExecute");
    Fit { run: stay && !repels("NoSchedule"), stay }
}
