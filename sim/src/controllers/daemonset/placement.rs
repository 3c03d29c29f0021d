//! Which nodes are to have a daemon pod, and which may keep the one they have.
//!
//! Real: pkg/controller/daemon `NodeShouldRunDaemonPod`. Modelled: all of it. What the scheduler checks beyond it, such as
//! resources, leaves a pod pending.

use super::template;
use crate::object::{Object, Value, selects_node, tolerates};

/// What a node is to a daemon set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fit {
    /// It is to have a pod.
    pub(super) run: bool,
    /// It may keep one.
    pub(super) stay: bool,
}

/// Whether a set's pods run on a node.
pub(super) fn fit(set: &Object, node: &Object) -> Fit {
    const OUT: Fit = Fit { run: false, stay: false };
    let spec = template::spec(set);
    let named = spec.str_at(&["nodeName"]).is_none_or(|name| name.is_empty() || name == node.name());
    if !named || !selects_node(&spec, node) {
        return OUT;
    }
    let tolerations = spec.items_at(&["tolerations"]);
    let repels = |effect: &str| {
        let is = |taint: &&Value| taint.str_at(&["effect"]) == Some(effect);
        node.items_at(&["spec", "taints"]).iter().filter(is).any(|taint| !tolerates(tolerations, taint))
    };
    let stay = !repels("NoExecute");
    Fit { run: stay && !repels("NoSchedule"), stay }
}
