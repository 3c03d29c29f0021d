//! What is said of nodes: by the node controller, by a kubelet of its own, and by taint eviction of the pods on them.
//!
//! Real: controller/util/node `RecordNodeEvent`, pkg/controller/tainteviction. Modelled: evictions that are cancelled because
//! the taints go, the pod goes or tolerates them for good, or has to go at once after all. What decides about them is no
//! commit: they are told as the state is, although their controller is off.

use super::pods::{is_marked, node_of};
use super::telling::{Source, Telling};
use crate::object::{Object, Value, tolerates};

const CONTROLLER: &str = "node-controller";
pub(super) const EVICTION: &str = "taint-eviction-controller";

impl Telling<'_> {
    /// What is said of a node: by the node controller, and by its kubelet when it is ready.
    pub(super) fn node(&mut self, kubelet: Option<&str>, old: Option<&Object>, new: Option<&Object>) {
        let Some(node) = new.or(old) else { return };
        let (name, is_ready) = (node.name(), |node: &Object| node.is_condition_true("Ready"));
        let status = |ready: &str| format!("Node {name} status is now: {ready}");
        let (reason, message) = match (old.map(is_ready), new.map(is_ready), kubelet) {
            (None, ..) => {
                ("RegisteredNode", format!("Node {name} event: Registered Node {name} in Controller"))
            }
            (_, None, _) => {
                ("RemovingNode", format!("Node {name} event: Removing Node {name} from Controller"))
            }
            (Some(true), Some(false), None) => ("NodeNotReady", status("NodeNotReady")),
            (Some(false), Some(true), Some(kubelet)) => {
                // A kubelet knows its node by name alone, and takes that for the uid.
                let source = Source::Kubelet(kubelet.into());
                let word = self.tell(source, node, "NodeReady", status("NodeReady")).without_version();
                word.about.uid = name.into();
                return;
            }
            _ => return,
        };
        self.controller(CONTROLLER, node, reason, message).without_version();
    }

    /// Pods that were to go, some time after the taint, and may stay after all.
    pub(super) fn evictions_cancelled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        if no_execute(old).eq(no_execute(new)) {
            return;
        }
        let here = self.known.pods().filter(|pod| node_of(pod) == Some(new.name()));
        let cancelled = here.filter(|pod| is_due(pod, old) && !matches!(stay_s(pod, new), Some(1..)));
        for pod in cancelled.cloned().collect::<Vec<_>>() {
            self.cancelled(&pod);
        }
    }

    /// A pod that was to go and is gone, or tolerates its node's taints for good.
    pub(super) fn eviction_of_pod_cancelled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(old) = old else { return };
        let Some(node) = node_of(old).and_then(|node| self.known.node(node)).cloned() else { return };
        const TOLERATIONS: &[&str] = &["spec", "tolerations"];
        let cancels = match new {
            None => true,
            Some(new) => new.at(TOLERATIONS) != old.at(TOLERATIONS) && stay_s(new, &node).is_none(),
        };
        if cancels && is_due(old, &node) {
            self.cancelled(old);
        }
    }

    fn cancelled(&mut self, pod: &Object) {
        let message = format!("Cancelling deletion of Pod {}/{}", pod.namespace(), pod.name());
        self.controller(EVICTION, pod, "TaintManagerEviction", message).by_name();
    }
}

fn no_execute(node: &Object) -> impl Iterator<Item = &Value> {
    node.items_at(&["spec", "taints"]).iter().filter(|taint| taint.str_at(&["effect"]) == Some("NoExecute"))
}

/// Whether the pod will have to go from this node, but not at once (`getMinTolerationTime`).
fn is_due(pod: &Object, node: &Object) -> bool {
    matches!(stay_s(pod, node), Some(1..)) && !is_marked(pod)
}

/// How long the pod may stay on this node, in seconds; nothing for ever.
fn stay_s(pod: &Object, node: &Object) -> Option<i64> {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let least = |taint: &Value| {
        let used = tolerations.iter().find(|one| tolerates(std::slice::from_ref(one), taint));
        used.map_or(Some(0), |used| used.i64_at(&["tolerationSeconds"]))
    };
    no_execute(node).filter_map(least).min().map(|seconds| seconds.max(0))
}
