//! DefaultTolerationSeconds: a pod tolerates for five minutes that its node is not ready or unreachable.

use std::sync::LazyLock;

use crate::object::Value;
use crate::value;

/// kube-apiserver `--default-not-ready-toleration-seconds`, `--default-unreachable-toleration-seconds`.
const SECONDS: i64 = 300;

/// The taints, each with its default toleration. Immutable.
static TAINTS: LazyLock<[(&str, Value); 2]> = LazyLock::new(|| {
    ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map(|taint| {
        (
            taint,
            value!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}),
        )
    })
});

pub(super) fn admit(pod: &mut Value) {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let tolerates = |taint: &str| {
        tolerations.iter().any(|toleration| {
            let text = |key| toleration.str_at(&[key]).unwrap_or_default();
            (text("key") == taint || text("key").is_empty()) && matches!(text("effect"), "NoExecute" | "")
        })
    };
    let missing: Vec<Value> = TAINTS
        .iter()
        .filter(|(taint, _)| !tolerates(taint))
        .map(|(_, toleration)| toleration.clone())
        .collect();
    if !missing.is_empty() {
        let all: Vec<Value> = tolerations.iter().cloned().chain(missing).collect();
        pod.set_at(&["spec", "tolerations"], all);
    }
}
