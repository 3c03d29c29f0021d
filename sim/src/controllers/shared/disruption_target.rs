//! The condition DisruptionTarget, which a controller sets before it evicts or collects a pod.
//!
//! Real: `UpdatePodCondition` and `PatchPodStatus`. Modelled: both; pod GC sets the phase and `observedGeneration` in the
//! same patch.

use std::sync::Arc;

use crate::client::status_patch;
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::Request;
use crate::wire::resource::PODS;

/// Why a pod is deleted: reason and message.
pub(crate) type Why = (&'static str, &'static str);

/// The request that sets the condition and the phase, as far as given; `None` if the pod has them already.
pub(crate) fn mark(
    pod: &Arc<Object>,
    why: Option<Why>,
    phase: Option<&'static str>,
    now: Time,
) -> Option<Request> {
    let mut wanted = Value::empty_map();
    if let Some(phase) = phase {
        wanted.set_at(&["observedGeneration"], pod.generation());
        wanted.set_at(&["phase"], phase);
    }
    if let Some((reason, message)) = why {
        let before = pod.condition("DisruptionTarget");
        let same = before
            .filter(|c| c.str_at(&["status"]) == Some("True"))
            .and_then(|c| c.get("lastTransitionTime"));
        let condition = value!({
            "lastProbeTime": null,
            "lastTransitionTime": (same.cloned().unwrap_or_else(|| now.rfc3339().into())),
            "message": message,
            "observedGeneration": (pod.generation()),
            "reason": reason,
            "status": "True",
            "type": "DisruptionTarget",
        });
        let others = pod.items_at(&["status", "conditions"]).iter();
        let others = others.filter(|c| c.str_at(&["type"]) != Some("DisruptionTarget")).cloned();
        wanted.set_at(&["conditions"], others.chain([condition]).collect::<Vec<Value>>());
    }
    status_patch(*PODS, pod, &wanted)
}
