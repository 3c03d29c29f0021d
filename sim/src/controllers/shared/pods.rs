//! Predicates of pods (active, ready, available) and the order in which controllers delete them.
//!
//! Real: pkg/controller `ActivePodsWithRanks` and pkg/api/v1/pod. Modelled: all rules but one. Not modelled: restart counts
//! of restartable init containers.

use std::cmp::Ordering;

use crate::engine::{Millis, Time};
use crate::object::{Object, Value, keys};
use crate::wire::resource::PODS;
use crate::wire::{ObjectKey, Request};

/// Annotation with the cost of deleting a pod (controller.kubernetes.io/pod-deletion-cost).
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Deletes this pod; the uid precondition spares a later pod of the same name.
pub(crate) fn delete(pod: &Object) -> Request {
    let mut request = Request::delete(*PODS, &ObjectKey::of(pod));
    request.options.precondition_uid = Some(pod.uid().into());
    request
}

/// The pod's phase; empty before it has one.
pub(crate) fn phase(pod: &Object) -> &str {
    pod.status(keys::PHASE).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the pod's phase is Succeeded or Failed.
pub(crate) fn is_finished(pod: &Object) -> bool {
    pod.is_finished_pod()
}

/// Whether the pod counts as a replica: neither finished nor terminating.
pub(crate) fn is_active(pod: &Object) -> bool {
    !pod.is_terminating() && !is_finished(pod)
}

/// Whether the pod is terminating and not finished yet.
pub(crate) fn is_stopping(pod: &Object) -> bool {
    pod.is_terminating() && !is_finished(pod)
}

pub(crate) fn is_ready(pod: &Object) -> bool {
    pod.is_ready_pod()
}

fn time(value: Option<&Value>) -> Option<Time> {
    Time::parse_rfc3339(value?.as_str()?)
}

fn ready_since(pod: &Object) -> Option<Time> {
    time(pod.condition("Ready")?.get("lastTransitionTime"))
}

/// When a ready pod becomes available; `None` if it is available already or not ready.
pub(crate) fn available_at(pod: &Object, min_ready_s: i64, now: Time) -> Option<Time> {
    if min_ready_s == 0 || !is_ready(pod) {
        return None;
    }
    let wait = Millis::try_from(min_ready_s).unwrap_or(0) * 1000;
    // The server keeps whole seconds and the comparison is strict.
    ready_since(pod).map(|since| since + wait + 1).filter(|at| *at > now)
}

/// Whether the pod has been ready for `minReadySeconds`.
pub(crate) fn is_available(pod: &Object, min_ready_s: i64, now: Time) -> bool {
    is_ready(pod)
        && (min_ready_s == 0 || (ready_since(pod).is_some() && available_at(pod, min_ready_s, now).is_none()))
}

fn is_assigned(pod: &Object) -> bool {
    pod.str_at(&["spec", "nodeName"]).is_some_and(|node| !node.is_empty())
}

/// Which of two pods to delete first; each comes with the number of related pods on its node.
pub(crate) fn deletion_order(a: (&Object, usize), b: (&Object, usize), now: Time) -> Ordering {
    let ((a, rank_a), (b, rank_b)) = (a, b);
    is_assigned(a)
        .cmp(&is_assigned(b))
        .then_with(|| phase_rank(a).cmp(&phase_rank(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| cost(a).cmp(&cost(b)))
        .then_with(|| rank_b.cmp(&rank_a))
        .then_with(|| younger(ready_time(a), ready_time(b), now, (a, b)))
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| younger(created(a), created(b), now, (a, b)))
}

/// Which of two pods a job deletes first (pkg/controller `ActivePods`): without deletion cost and rank, by exact times.
pub(crate) fn plain_deletion_order(a: &Object, b: &Object) -> Ordering {
    let newer = |a: Option<Time>, b: Option<Time>| match (a, b) {
        (Some(a), Some(b)) => b.cmp(&a),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    is_assigned(a)
        .cmp(&is_assigned(b))
        .then_with(|| phase_rank(a).cmp(&phase_rank(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| newer(ready_time(a), ready_time(b)))
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| newer(created(a), created(b)))
}

fn phase_rank(pod: &Object) -> u8 {
    match phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        "Running" => 2,
        // The zero value of Go's map lookup.
        _ => 0,
    }
}

fn cost(pod: &Object) -> i32 {
    pod.annotation(DELETION_COST).and_then(|cost| cost.parse().ok()).unwrap_or(0)
}

fn ready_time(pod: &Object) -> Option<Time> {
    if is_ready(pod) { ready_since(pod) } else { None }
}

fn created(pod: &Object) -> Option<Time> {
    time(pod.at(&["metadata", "creationTimestamp"]))
}

fn restarts(pod: &Object) -> i64 {
    let statuses = pod.items_at(&["status", "containerStatuses"]).iter();
    statuses.filter_map(|status| status.i64_at(&["restartCount"])).max().unwrap_or(0)
}

/// The more recent time first, on a logarithmic scale of age. Equal ages are ordered by uid, which is as good as random.
fn younger(a: Option<Time>, b: Option<Time>, now: Time, pods: (&Object, &Object)) -> Ordering {
    match (a, b) {
        (a, b) if a == b => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(a), Some(b)) => {
            let step =
                |time: Time| now.since(time).saturating_mul(1_000_000).checked_ilog2().map_or(-1, i64::from);
            step(a).cmp(&step(b)).then_with(|| pods.0.uid().cmp(pods.1.uid()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn a_job_looks_at_exact_times_and_at_no_cost() {
        let pod = |name: &str, since: &str, restarts: i64, cost: &str| {
            let mut pod = value!({
                "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"nodeName": "n"},
                "status": {
                    "phase": "Running", "containerStatuses": [{"restartCount": restarts}],
                    "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}]
                }
            });
            pod.set_at(&["metadata", "annotations", DELETION_COST], cost);
            Object::new(pod)
        };
        let [early, late] = ["2026-01-01T09:00:00Z", "2026-01-01T09:00:01Z"];
        let mut all = [
            pod("old", early, 0, "-5"),
            pod("restarted", early, 2, "0"),
            pod("new", late, 0, "9"),
            Object::new(value!({"metadata": {"name": "unassigned"}, "status": {"phase": "Pending"}})),
        ];
        all.sort_by(plain_deletion_order);
        assert_eq!(all.map(|pod| pod.name().to_owned()), ["unassigned", "new", "restarted", "old"]);
    }
}
