//! The rules of Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet and Job.

use super::super::reason::Want;
use super::{Lookup, because, observed_at_all};
use crate::key;
use crate::object::{Key, Object, Str, Value, keys};

/// The first of these counts that is not `want`.
fn counts(object: &Object, want: i64, fields: &[(Key, &'static str)]) -> Option<Want> {
    fields.iter().find_map(|(field, what)| {
        let has = object.count(*field);
        (has != want).then_some(Want::Count { what, want, has, note: None })
    })
}

/// `spec.replicas`, which the API server defaults to 1.
fn replicas(object: &Object) -> i64 {
    object.spec(keys::REPLICAS).and_then(Value::as_i64).unwrap_or(1)
}

/// All replicas have the newest template and are available, and no others exist. A paused one is never pending.
pub(super) fn deployment(object: &Object, _: &dyn Lookup) -> Option<Want> {
    if object.spec(keys::PAUSED).and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let fields = [
        (keys::UPDATED_REPLICAS, "updated replicas"),
        (keys::REPLICAS, "replicas in all"),
        (keys::AVAILABLE_REPLICAS, "available replicas"),
        (keys::READY_REPLICAS, "ready replicas"),
    ];
    let mut want = observed_at_all(object).or_else(|| counts(object, replicas(object), &fields))?;
    if let Want::Count { note, .. } = &mut want {
        *note = deployment_note(object);
    }
    Some(want)
}

/// What the deployment controller reports in its conditions.
fn deployment_note(object: &Object) -> Option<Str> {
    let condition =
        |kind, status: &str| object.condition(kind).filter(|c| c.str_at(&["status"]) == Some(status));
    let condition = condition("ReplicaFailure", "True").or_else(|| condition("Progressing", "False"))?;
    Some(because(condition).into())
}

/// All replicas are ready and available, and no others exist. A ReplicationController has the same fields.
pub(super) fn replica_set(object: &Object, _: &dyn Lookup) -> Option<Want> {
    let fields = [
        (keys::REPLICAS, "replicas"),
        (keys::FULLY_LABELED_REPLICAS, "fully labelled replicas"),
        (keys::AVAILABLE_REPLICAS, "available replicas"),
        (keys::READY_REPLICAS, "ready replicas"),
    ];
    observed_at_all(object).or_else(|| counts(object, replicas(object), &fields))
}

/// With a partition, only the ordinals from it on must be updated. With OnDelete, the user updates.
pub(super) fn stateful_set(object: &Object, _: &dyn Lookup) -> Option<Want> {
    if object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return None;
    }
    let want = replicas(object);
    let fields = [
        (keys::REPLICAS, "replicas"),
        (keys::READY_REPLICAS, "ready replicas"),
        (keys::AVAILABLE_REPLICAS, "available replicas"),
    ];
    observed_at_all(object).or_else(|| counts(object, want, &fields)).or_else(|| updated(object, want))
}

fn updated(object: &Object, replicas: i64) -> Option<Want> {
    let partition = object.i64_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0);
    let revision = |field| object.str_at(&["status", field]);
    if partition == 0 && revision("currentRevision") == revision("updateRevision") {
        return None; // the rollout is complete, whatever updatedReplicas is
    }
    let (want, has) =
        ((replicas - partition).max(0), object.i64_at(&["status", "updatedReplicas"]).unwrap_or(0));
    if has < want {
        return Some(Want::Count { what: "updated replicas", want, has, note: None });
    }
    let open = revision("updateRevision").filter(|_| partition == 0)?;
    Some(Want::Busy(smol_str::format_smolstr!("an unfinished rollout to revision {open}")))
}

/// Ready on every wanted node, and updated unless the strategy is OnDelete.
pub(super) fn daemon_set(object: &Object, _: &dyn Lookup) -> Option<Want> {
    let want = object.i64_at(&["status", "desiredNumberScheduled"]).unwrap_or(0);
    let fields = [
        (key!("updatedNumberScheduled"), "updated pods"),
        (key!("currentNumberScheduled"), "scheduled pods"),
        (key!("numberAvailable"), "available pods"),
        (key!("numberReady"), "ready pods"),
    ];
    let by_hand = object.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete");
    observed_at_all(object).or_else(|| counts(object, want, &fields[usize::from(by_hand)..]))
}

/// Complete or Failed. A suspended one is never pending.
pub(super) fn job(object: &Object, _: &dyn Lookup) -> Option<Want> {
    let suspended = object.at(&["spec", "suspend"]).and_then(|v| v.as_bool()) == Some(true);
    if suspended || object.is_condition_true("Complete") || object.is_condition_true("Failed") {
        return None;
    }
    let want =
        object.i64_at(&["spec", "completions"]).or(object.i64_at(&["spec", "parallelism"])).unwrap_or(1);
    let has = object.i64_at(&["status", "succeeded"]).unwrap_or(0);
    Some(Want::Count { what: "completions", want, has, note: None })
}
