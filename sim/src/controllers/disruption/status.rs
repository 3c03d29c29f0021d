//! A budget's status: how many pods are healthy, which are being evicted, how many may be.
//!
//! Real: `buildDisruptedPodMap`, `countHealthyPods`, `updatePdbStatus`, `failSafe`. Modelled: all of it. A pod that the API
//! server has recorded in `disruptedPods` does not count as healthy until it is deleted, for two minutes at most.

use std::sync::Arc;

use super::expected::Expected;
use crate::controllers::shared::pods::is_ready;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::Request;
use crate::wire::resource::POD_DISRUPTION_BUDGETS;

/// How long an eviction may take (pkg/controller/disruption `DeletionTimeout`).
const DELETION_MS: Millis = 120_000;

/// Evictions that the API server has admitted and whose pods are not terminating yet.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Disrupted(Vec<(Str, Str)>);

impl Disrupted {
    /// The entries of a budget's `disruptedPods` that still count, and when the first of them expires.
    pub(super) fn of(budget: &Object, pods: &[Arc<Object>], now: Time) -> (Self, Option<Time>) {
        let (mut counts, mut first) = (Vec::new(), None::<Time>);
        for pod in pods.iter().filter(|pod| !pod.is_terminating()) {
            let Some(since) = budget.str_at(&["status", "disruptedPods", pod.name()]) else { continue };
            let end = Time::parse_rfc3339(since).map(|since| since + DELETION_MS);
            if let Some(end) = end.filter(|end| *end >= now) {
                counts.push((pod.name().into(), since.into()));
                first = Some(first.map_or(end, |first| first.min(end)));
            }
        }
        (Self(counts), first)
    }

    fn has(&self, pod: &Object) -> bool {
        self.0.iter().any(|(name, _)| name == pod.name())
    }

    fn to_value(&self) -> Value {
        let mut map = Value::empty_map();
        self.0.iter().for_each(|(name, since)| map.set_at(&[name], since.clone()));
        map
    }
}

/// How many pods are ready, not terminating and not being evicted.
pub(super) fn healthy(pods: &[Arc<Object>], disrupted: &Disrupted) -> i64 {
    let counts = |pod: &&Arc<Object>| !pod.is_terminating() && !disrupted.has(pod) && is_ready(pod);
    i64::try_from(pods.iter().filter(counts).count()).unwrap_or(i64::MAX)
}

/// The request that writes a budget's status; `None` if the budget has it already.
pub(super) fn update(
    budget: &Arc<Object>,
    expected: Expected,
    healthy: i64,
    disrupted: &Disrupted,
    now: Time,
) -> Option<Request> {
    // A budget without pods allows nothing, so that its first pods are safe until it counts them.
    let allowed = if expected.pods > 0 { (healthy - expected.healthy).max(0) } else { 0 };
    let mut status = value!({
        "currentHealthy": healthy, "desiredHealthy": (expected.healthy), "expectedPods": (expected.pods),
        "disruptionsAllowed": allowed, "observedGeneration": (budget.generation())
    });
    if !disrupted.0.is_empty() {
        status.set_at(&["disruptedPods"], disrupted.to_value());
    }
    let why = if allowed > 0 { ("True", "SufficientPods", "") } else { ("False", "InsufficientPods", "") };
    status.set_at(&["conditions"], conditions(budget, budget.generation(), why, now));
    write(budget, status)
}

/// The request after a failed sync: nothing may be evicted.
pub(super) fn fail(budget: &Arc<Object>, why: &str, now: Time) -> Option<Request> {
    let mut status = budget.at(&["status"]).cloned().unwrap_or_else(Value::empty_map);
    status.set_at(&["disruptionsAllowed"], 0);
    // A failed sync does not observe this generation.
    let observed = budget.i64_at(&["status", "observedGeneration"]).unwrap_or(0);
    status.set_at(&["conditions"], conditions(budget, observed, ("False", "SyncFailed", why), now));
    write(budget, status)
}

fn conditions(
    budget: &Object,
    observed: i64,
    (status, reason, message): (&str, &str, &str),
    now: Time,
) -> Vec<Value> {
    const KIND: &str = "DisruptionAllowed";
    let old = budget.condition(KIND).filter(|c| c.str_at(&["status"]) == Some(status));
    let since = old.and_then(|c| c.str_at(&["lastTransitionTime"]).map(Str::new));
    let mut condition = value!({
        "type": KIND, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": (since.unwrap_or_else(|| now.rfc3339()))
    });
    if observed != 0 {
        condition.set_at(&["observedGeneration"], observed);
    }
    let others = budget.items_at(&["status", "conditions"]).iter();
    others.filter(|c| c.str_at(&["type"]) != Some(KIND)).cloned().chain([condition]).collect()
}

fn write(budget: &Arc<Object>, status: Value) -> Option<Request> {
    if budget.at(&["status"]) == Some(&status) {
        return None;
    }
    let updated = budget.edited(|root| root.set_at(&["status"], status));
    Some(Request::update_status(*POD_DISRUPTION_BUDGETS, Arc::new(updated)))
}
