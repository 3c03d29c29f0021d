//! What the controllers of workloads share: fields of their specs, the pod of a template, batches of requests.
//!
//! Real: pkg/controller `GetPodFromTemplate` and `slowStartBatch`, intstr `GetScaledValueFromIntOrPercent`. Modelled: all.

use std::sync::Arc;

use crate::controllers::Outcome;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::shared::pods;
use crate::engine::Time;
use crate::object::{Object, Value, keys};
use crate::value;
use crate::wire::Request;

/// `spec.replicas`.
pub(crate) fn replicas(workload: &Object) -> i64 {
    workload.spec(keys::REPLICAS).and_then(Value::as_i64).unwrap_or(1)
}

/// `spec.minReadySeconds`.
pub(crate) fn min_ready_s(workload: &Object) -> i64 {
    workload.spec(keys::MIN_READY_SECONDS).and_then(Value::as_i64).unwrap_or(0)
}

/// `spec.revisionHistoryLimit`.
pub(crate) fn history_limit(workload: &Object) -> Option<usize> {
    usize::try_from(workload.i64_at(&["spec", "revisionHistoryLimit"])?).ok()
}

/// A number, or a percentage of `total` rounded up or down.
pub(crate) fn scaled(value: Option<&Value>, total: i64, up: bool) -> i64 {
    match value {
        Some(Value::Int(number)) => *number,
        Some(Value::Str(text)) => {
            let percent: i64 = text.strip_suffix('%').and_then(|number| number.parse().ok()).unwrap_or(0);
            let product = percent.saturating_mul(total);
            if up { (product + 99).div_euclid(100) } else { product.div_euclid(100) }
        }
        _ => 0,
    }
}

/// Syncs again when the next of these pods becomes available.
pub(crate) fn await_availability(workload: &Object, pods: &[Arc<Object>], now: Time, out: &mut Outcome) {
    let min_ready_s = min_ready_s(workload);
    if let Some(at) = pods.iter().filter_map(|pod| pods::available_at(pod, min_ready_s, now)).min() {
        out.after(at.since(now));
    }
}

/// The pod of a template, owned by the workload.
pub(crate) fn pod_of(owner: &Owner<'_>, template: Option<&Value>) -> Value {
    let mut metadata = value!({
        "generateName": (format!("{}-", owner.object.name())),
        "namespace": (owner.object.namespace()),
        "ownerReferences": [(controller_ref(owner))]
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.and_then(|t| t.at(&["metadata", field])) {
            metadata.set_at(&[field], value.clone());
        }
    }
    let spec = template.and_then(|t| t.get("spec")).cloned().unwrap_or_default();
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// Sends requests in rounds that double from `batch` on, so that requests that all fail fail in a small round first.
pub(crate) fn slow_start(mut requests: Vec<Request>, mut batch: usize, out: &mut Outcome) {
    debug_assert!(batch > 0, "each round sends something");
    while !requests.is_empty() {
        let rest = requests.split_off(batch.min(requests.len()));
        out.together(requests);
        requests = rest;
        batch *= 2;
    }
}
