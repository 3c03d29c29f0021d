//! The deployment's status: counts over its sets, the conditions Available, Progressing and ReplicaFailure.
//!
//! Real: pkg/controller/deployment/progress.go and sync.go `calculateStatus`. Modelled: all of it. Differs: less than a
//! second before the deadline, the next sync comes just after it; the real controller polls.

use std::sync::Arc;

use super::rollout::Rollout;
use super::sets::REVISION;
use crate::controllers::shared::workload::replicas;
use crate::engine::{Millis, Time};
use crate::object::{Key, Object, Value, keys};
use crate::value;
use crate::wire::Request;
use crate::wire::resource::DEPLOYMENTS;

/// The `progressDeadlineSeconds` that means no deadline (math.MaxInt32).
const NO_DEADLINE: i64 = 2_147_483_647;

/// The condition of this type.
pub(super) fn find<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| is_of(condition, kind))
}

fn is_of(condition: &Value, kind: &str) -> bool {
    condition.get_key(keys::TYPE).and_then(Value::as_str) == Some(kind)
}

/// The counts of a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Counts {
    replicas: i64,
    updated: i64,
    ready: i64,
    available: i64,
    unavailable: i64,
    terminating: i64,
    observed: i64,
}

impl Counts {
    fn fields(self) -> [(Key, i64); 7] {
        [
            (keys::OBSERVED_GENERATION, self.observed),
            (keys::REPLICAS, self.replicas),
            (keys::UPDATED_REPLICAS, self.updated),
            (keys::READY_REPLICAS, self.ready),
            (keys::AVAILABLE_REPLICAS, self.available),
            (keys::UNAVAILABLE_REPLICAS, self.unavailable),
            (keys::TERMINATING_REPLICAS, self.terminating),
        ]
    }

    /// The counts of the status that a deployment has.
    fn had(deployment: &Object) -> Self {
        Self {
            replicas: deployment.count(keys::REPLICAS),
            updated: deployment.count(keys::UPDATED_REPLICAS),
            ready: deployment.count(keys::READY_REPLICAS),
            available: deployment.count(keys::AVAILABLE_REPLICAS),
            unavailable: deployment.count(keys::UNAVAILABLE_REPLICAS),
            terminating: deployment.count(keys::TERMINATING_REPLICAS),
            observed: deployment.count(keys::OBSERVED_GENERATION),
        }
    }

    fn old(self) -> i64 {
        self.replicas - self.updated
    }

    fn is_complete(self, deployment: &Object, wanted: i64) -> bool {
        [self.updated, self.replicas, self.available] == [wanted; 3]
            && self.observed >= deployment.generation()
    }
}

impl Rollout<'_> {
    pub(super) fn has_deadline(&self) -> bool {
        self.deadline_s().is_some()
    }

    fn deadline_s(&self) -> Option<i64> {
        self.deployment.i64_at(&["spec", "progressDeadlineSeconds"]).filter(|seconds| *seconds != NO_DEADLINE)
    }

    /// Whether the deployment is rolled out by its present status.
    pub(super) fn is_complete(&self) -> bool {
        Counts::had(self.deployment).is_complete(self.deployment, self.strategy.wanted)
    }

    /// Sets a condition. With the same status and reason it stays unchanged; with the same status it keeps its
    /// lastTransitionTime.
    pub(super) fn set_condition(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let old = find(&self.conditions, kind);
        let same = |field, value| old.is_some_and(|old| old.str_at(&[field]) == Some(value));
        if same("status", status) && same("reason", reason) {
            return;
        }
        let now = Value::from(self.now.rfc3339());
        let since = old.filter(|_| same("status", status)).and_then(|old| old.get("lastTransitionTime"));
        let condition = value!({
            "lastTransitionTime": (since.unwrap_or(&now).clone()), "lastUpdateTime": now,
            "message": message, "reason": reason, "status": status, "type": kind
        });
        self.remove_condition(kind);
        self.conditions.push(condition);
    }

    fn remove_condition(&mut self, kind: &str) {
        self.conditions.retain(|condition| !is_of(condition, kind));
    }

    /// Sets the conditions DeploymentPaused and DeploymentResumed, so that a pause does not count against the deadline.
    pub(super) fn sync_paused(&mut self) {
        let reason =
            find(&self.conditions, "Progressing").and_then(|c| c.str_at(&["reason"])).unwrap_or_default();
        if !self.has_deadline() || reason == "ProgressDeadlineExceeded" {
            return;
        }
        match (self.is_paused(), reason == "DeploymentPaused") {
            (true, false) => {
                self.set_condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused");
            }
            (false, true) => {
                self.set_condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed");
            }
            _ => return,
        }
        self.write_conditions();
    }

    fn counts(&self) -> Counts {
        let sum = |field| -> i64 {
            let sets = self.old.iter().chain(&self.new);
            sets.map(|set| set.count(field)).sum()
        };
        let available = sum(keys::AVAILABLE_REPLICAS);
        let wanted: i64 = self.old.iter().chain(&self.new).map(|set| replicas(set)).sum();
        let updated = self.new.as_ref().map_or(0, |new| new.count(keys::REPLICAS));
        Counts {
            replicas: sum(keys::REPLICAS),
            updated,
            ready: sum(keys::READY_REPLICAS),
            available,
            unavailable: (wanted - available).max(0),
            terminating: sum(keys::TERMINATING_REPLICAS),
            observed: self.deployment.generation(),
        }
    }

    /// Sets the condition Available and returns the counts.
    fn judge_availability(&mut self) -> Counts {
        let counts = self.counts();
        if counts.available >= self.strategy.min_available() {
            let message = "Deployment has minimum availability.";
            self.set_condition("Available", "True", "MinimumReplicasAvailable", message);
        } else {
            let message = "Deployment does not have minimum availability.";
            self.set_condition("Available", "False", "MinimumReplicasUnavailable", message);
        }
        counts
    }

    /// Writes the status outside a rollout, without judging progress.
    pub(super) fn update_status(&mut self) {
        let counts = self.judge_availability();
        self.write_counts(counts, false);
    }

    /// Writes the status in a rollout, with the condition Progressing.
    pub(super) fn update_rollout_status(&mut self) {
        let counts = self.judge_availability();
        if self.has_deadline() {
            self.judge_progress(counts);
        } else {
            self.remove_condition("Progressing");
        }
        let failure =
            self.new.iter().chain(&self.old).find_map(|set| set.condition("ReplicaFailure").cloned());
        match failure {
            Some(failure) => {
                let text = |field| failure.str_at(&[field]).unwrap_or_default();
                self.set_condition("ReplicaFailure", text("status"), text("reason"), text("message"));
            }
            None => self.remove_condition("ReplicaFailure"),
        }
        // A complete rollout cleans up in the sync after the status shows that it is complete.
        let completes = counts.is_complete(self.deployment, self.strategy.wanted) && !self.is_complete();
        self.write_counts(counts, !completes);
        self.check_at_deadline(counts);
    }

    fn judge_progress(&mut self, counts: Counts) {
        let had = Counts::had(self.deployment);
        let cached = self.deployment.condition("Progressing");
        let reason = cached.and_then(|c| c.str_at(&["reason"])).unwrap_or_default();
        if counts.replicas == counts.updated && reason == "NewReplicaSetAvailable" {
            return;
        }
        let (kind, object) = match &self.new {
            Some(new) => ("ReplicaSet", new),
            None => ("Deployment", self.deployment),
        };
        let message = |what: &str| format!("{kind} \"{}\" {what}.", object.name());
        if counts.is_complete(self.deployment, self.strategy.wanted) {
            let message = message("has successfully progressed");
            self.set_condition("Progressing", "True", "NewReplicaSetAvailable", &message);
        } else if counts.updated > had.updated
            || counts.old() < had.old()
            || counts.ready > had.ready
            || counts.available > had.available
        {
            // lastUpdateTime changes even if status and reason do not.
            let since = cached.filter(|c| c.str_at(&["status"]) == Some("True"));
            let since = since.and_then(|c| c.get("lastTransitionTime")).cloned();
            let message = message("is progressing");
            self.remove_condition("Progressing");
            self.set_condition("Progressing", "True", "ReplicaSetUpdated", &message);
            if let (Some(since), Some(condition)) = (since, self.conditions.last_mut()) {
                condition.set_at(&["lastTransitionTime"], since);
            }
        } else if reason == "ProgressDeadlineExceeded"
            || (reason != "NewReplicaSetAvailable"
                && self.deadline().is_some_and(|deadline| deadline < self.now))
        {
            let message = message("has timed out progressing");
            self.set_condition("Progressing", "False", "ProgressDeadlineExceeded", &message);
        }
    }

    /// When the progress deadline ends.
    fn deadline(&self) -> Option<Time> {
        let since = find(&self.conditions, "Progressing")?.str_at(&["lastUpdateTime"])?;
        let seconds = Millis::try_from(self.deadline_s()?).ok()?;
        Some(Time::parse_rfc3339(since)? + seconds * 1000)
    }

    /// Syncs again when the deadline has passed.
    fn check_at_deadline(&mut self, counts: Counts) {
        let condition = find(&self.conditions, "Progressing");
        let timed_out = condition.and_then(|c| c.str_at(&["reason"])) == Some("ProgressDeadlineExceeded");
        if timed_out || counts.is_complete(self.deployment, self.strategy.wanted) {
            return;
        }
        if let Some(deadline) = self.deadline() {
            // The real controller adds a second against clock skew.
            let left = deadline.since(self.now);
            self.out.after(if left < 1000 { left + 1 } else { left + 1000 });
        }
    }

    /// Writes counts and conditions if they differ from the present ones. `settles`: nothing is left to do after them.
    fn write_counts(&mut self, counts: Counts, settles: bool) {
        let had = self.deployment.conditions();
        let no_count = self.deployment.status(keys::TERMINATING_REPLICAS).is_none();
        if counts == Counts::had(self.deployment) && self.conditions == had && !no_count {
            return;
        }
        self.write_status(settles, |status| {
            let fields = counts.fields();
            let others = status.as_map().into_iter().flatten();
            let others = others.filter(|(key, _)| !fields.iter().any(|(field, _)| *field == *key));
            let written =
                fields.iter().filter(|(field, count)| *count != 0 || *field == keys::TERMINATING_REPLICAS);
            let written = written.map(|(field, count)| (*field, Value::from(*count)));
            *status = Value::Map(others.cloned().chain(written).collect());
        });
    }

    /// Writes the conditions and the revision.
    pub(super) fn write_conditions(&mut self) {
        self.write_status(false, |_| ());
    }

    /// Writes the status after `edit`, unless this sync has written it already. `settles`: nothing is left to do after it.
    pub(super) fn write_status(&mut self, settles: bool, edit: impl FnOnce(&mut Value)) {
        if std::mem::replace(&mut self.status_written, true) {
            return;
        }
        let updated = self.deployment.edited(|root| {
            let mut status = root.get("status").cloned().unwrap_or_else(Value::empty_map);
            edit(&mut status);
            if !self.conditions.is_empty() {
                status.set_at(&["conditions"], self.conditions.clone());
            } else {
                status.remove_at(&["conditions"]);
            }
            root.set_at(&["status"], status);
            if let Some(revision) = &self.revision {
                root.set_at(&["metadata", "annotations", REVISION], revision.clone());
            }
        });
        let request = Request::update_status(*DEPLOYMENTS, Arc::new(updated));
        if settles {
            self.out.settle(request);
        } else {
            self.out.then(request);
        }
    }
}
