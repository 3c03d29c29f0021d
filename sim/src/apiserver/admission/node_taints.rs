//! TaintNodesByCondition: a new node is tainted as not ready. Pods are scheduled to it once the node lifecycle controller
//! removes the taint.

use crate::object::Value;
use crate::value;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

pub(super) fn admit(node: &mut Value) {
    let taints = node.items_at(&["spec", "taints"]);
    let is_ours = |taint: &Value| {
        taint.str_at(&["key"]) == Some(NOT_READY) && taint.str_at(&["effect"]) == Some("NoSchedule")
    };
    if !taints.iter().any(is_ours) {
        let ours = value!({"key": NOT_READY, "effect": "NoSchedule"});
        let all: Vec<Value> = taints.iter().cloned().chain([ours]).collect();
        node.set_at(&["spec", "taints"], all);
    }
}
