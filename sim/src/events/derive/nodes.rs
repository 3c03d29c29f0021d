//! The node controller and kubelets, about nodes; taint eviction, about the pods on them.
//!
//! Real: controller/util/node `RecordNodeEvent`, pkg/controller/tainteviction. Modelled: cancelled evictions: the taints go, the
//! pod goes or tolerates them for good, or it must go at once after all. Differs: that decision leaves no commit, so we derive
//! these Events from the state, even where the taint eviction controller is off.

use super::pods::{EVICTION, is_marked_by_taint_eviction, node_of};
use super::report::{Reports, Source};
use crate::object::{Object, Value, tolerates};

const CONTROLLER: &str = "node-controller";

impl Reports<'_> {
    /// The node controller, and a kubelet whose node becomes ready.
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
                // A kubelet sends its node's name as the uid.
                let source = Source::Kubelet(kubelet.into());
                let report = self.add(source, node, "NodeReady", status("NodeReady")).without_version();
                report.involved.uid = name.into();
                return;
            }
            _ => return,
        };
        self.by_controller(CONTROLLER, node, reason, message).without_version();
    }

    /// The node's taints change: the scheduled evictions of some pods are cancelled.
    pub(super) fn evictions_cancelled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        if no_execute(old).eq(no_execute(new)) {
            return;
        }
        let here = self.state.pods().filter(|pod| node_of(pod) == Some(new.name()));
        let cancelled = here
            .filter(|pod| has_scheduled_eviction(pod, old) && !matches!(tolerated_s(pod, new), Some(1..)));
        for pod in cancelled.cloned().collect::<Vec<_>>() {
            self.cancel_eviction(&pod);
        }
    }

    /// A pod is deleted, or now tolerates its node's taints for good: its scheduled eviction is cancelled.
    pub(super) fn eviction_of_pod_cancelled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(old) = old else { return };
        let Some(node) = node_of(old).and_then(|node| self.state.node(node)).cloned() else { return };
        const TOLERATIONS: &[&str] = &["spec", "tolerations"];
        let cancels = match new {
            None => true,
            Some(new) => new.at(TOLERATIONS) != old.at(TOLERATIONS) && tolerated_s(new, &node).is_none(),
        };
        if cancels && has_scheduled_eviction(old, &node) {
            self.cancel_eviction(old);
        }
    }

    fn cancel_eviction(&mut self, pod: &Object) {
        let message = format!("Cancelling deletion of Pod {}/{}", pod.namespace(), pod.name());
        self.by_controller(EVICTION, pod, "TaintManagerEviction", message).by_name();
    }
}

fn no_execute(node: &Object) -> impl Iterator<Item = &Value> {
    node.items_at(&["spec", "taints"]).iter().filter(|taint| taint.str_at(&["effect"]) == Some("NoExecute"))
}

/// Whether taint eviction will delete the pod on this node later, not at once (`getMinTolerationTime`).
fn has_scheduled_eviction(pod: &Object, node: &Object) -> bool {
    matches!(tolerated_s(pod, node), Some(1..)) && !is_marked_by_taint_eviction(pod)
}

/// For how many seconds the pod tolerates this node's NoExecute taints; none means for ever.
fn tolerated_s(pod: &Object, node: &Object) -> Option<i64> {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let least = |taint: &Value| {
        let used = tolerations.iter().find(|one| tolerates(std::slice::from_ref(one), taint));
        used.map_or(Some(0), |used| used.i64_at(&["tolerationSeconds"]))
    };
    no_execute(node).filter_map(least).min().map(|seconds| seconds.max(0))
}
