//! DefaultTolerationSeconds: a pod stays for five minutes on a node that is not ready or not reachable.

use crate::object::Value;
use crate::value;

/// kube-apiserver `--default-not-ready-toleration-seconds`, `--default-unreachable-toleration-seconds`.
const SECONDS: i64 = 300;

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

pub(super) fn admit(pod: &mut Value) {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let tolerates = |taint: &&str| {
        tolerations.iter().any(|toleration| {
            let text = |key| toleration.str_at(&[key]).unwrap_or_default();
            (text("key") == *taint || text("key").is_empty()) && matches!(text("effect"), "NoExecute" | "")
        })
    };
    let missing: Vec<Value> = TAINTS
        .iter()
        .filter(|taint| !tolerates(taint))
        .map(|taint| {
            value!({"key": (*taint), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS})
        })
        .collect();
    if !missing.is_empty() {
        let all: Vec<Value> = tolerations.iter().cloned().chain(missing).collect();
        pod.set_at(&["spec", "tolerations"], all);
    }
}
