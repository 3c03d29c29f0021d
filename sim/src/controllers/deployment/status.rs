//! The deployment's status: counts over its sets, the conditions Available, Progressing and ReplicaFailure.
//!
//! Real: pkg/controller/deployment/progress.go and sync.go `calculateStatus`. Modelled: all of it; a deployment less than a
//! second from its deadline is looked at again just after it instead of again and again.

use std::sync::Arc;

use super::rollout::Rollout;
use crate::controllers::replicaset::replicas;
use crate::engine::{Millis, Time};
use crate::object::{Key, Object, Value, keys};
use crate::value;
use crate::wire::Request;
use crate::wire::resource::DEPLOYMENTS;

/// `progressDeadlineSeconds` that means none (math.MaxInt32).
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

    /// Whether the status that the deployment has says that it is rolled out.
    pub(super) fn is_complete(&self) -> bool {
        Counts::had(self.deployment).is_complete(self.deployment, self.strategy.wanted)
    }

    /// Sets a condition. One with the same status and reason stays as it is; one with the same status keeps the time of
    /// its last transition.
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

    /// Says in the conditions that the deployment was paused or resumed, so that the pause does not count as a lack of
    /// progress.
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
        self.tell_conditions();
    }

    fn counts(&self) -> Counts {
        let sum = |field| -> i64 {
            let sets = self.old.iter().chain(&self.new);
            sets.map(|set| set.count(field)).sum()
        };
        let available = sum(keys::AVAILABLE_REPLICAS);
        let asked: i64 = self.old.iter().chain(&self.new).map(|set| replicas(set)).sum();
        let updated = self.new.as_ref().map_or(0, |new| new.count(keys::REPLICAS));
        Counts {
            replicas: sum(keys::REPLICAS),
            updated,
            ready: sum(keys::READY_REPLICAS),
            available,
            unavailable: (asked - available).max(0),
            terminating: sum(keys::TERMINATING_REPLICAS),
            observed: self.deployment.generation(),
        }
    }

    /// Judges availability and returns the counts.
    fn judge(&mut self) -> Counts {
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

    /// Tells the status outside a rollout: progress is not judged.
    pub(super) fn tell_status(&mut self) {
        let counts = self.judge();
        self.tell_counts(counts, false);
    }

    /// Tells the status in a rollout: with progress or the lack of it.
    pub(super) fn tell_rollout(&mut self) {
        let counts = self.judge();
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
        // What a rollout does when it is complete, it does once the status says so.
        let completes = counts.is_complete(self.deployment, self.strategy.wanted) && !self.is_complete();
        self.tell_counts(counts, !completes);
        self.look_again(counts);
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
            // The time of the last progress is renewed even where status and reason stay.
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

    /// When the deployment counts as stuck.
    fn deadline(&self) -> Option<Time> {
        let since = find(&self.conditions, "Progressing")?.str_at(&["lastUpdateTime"])?;
        let seconds = Millis::try_from(self.deadline_s()?).ok()?;
        Some(Time::parse_rfc3339(since)? + seconds * 1000)
    }

    /// Looks again when the deadline has passed.
    fn look_again(&mut self, counts: Counts) {
        let condition = find(&self.conditions, "Progressing");
        let timed_out = condition.and_then(|c| c.str_at(&["reason"])) == Some("ProgressDeadlineExceeded");
        if timed_out || counts.is_complete(self.deployment, self.strategy.wanted) {
            return;
        }
        if let Some(deadline) = self.deadline() {
            // A second more against skew, as the real one; but close to the deadline it polls.
            let left = deadline.since(self.now);
            self.out.after(if left < 1000 { left + 1 } else { left + 1000 });
        }
    }

    /// Writes counts and conditions where they differ from what is there. `settles`: with them the sync is at its end.
    fn tell_counts(&mut self, counts: Counts, settles: bool) {
        let had = self.deployment.conditions();
        let no_count = self.deployment.status(keys::TERMINATING_REPLICAS).is_none();
        if counts == Counts::had(self.deployment) && self.conditions == had && !no_count {
            return;
        }
        self.tell(settles, |status| {
            let fields = counts.fields();
            let others = status.as_map().into_iter().flatten();
            let others = others.filter(|(key, _)| !fields.iter().any(|(field, _)| *field == *key));
            let told =
                fields.iter().filter(|(field, count)| *count != 0 || *field == keys::TERMINATING_REPLICAS);
            let told = told.map(|(field, count)| (*field, Value::from(*count)));
            *status = Value::Map(others.cloned().chain(told).collect());
        });
    }

    /// Writes the conditions and the revision.
    pub(super) fn tell_conditions(&mut self) {
        self.tell(false, |_| ());
    }

    /// Writes the status after `edit`, unless this sync has written it already. `settles`: with it the sync is at its end.
    pub(super) fn tell(&mut self, settles: bool, edit: impl FnOnce(&mut Value)) {
        if std::mem::replace(&mut self.told, true) {
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
                root.set_at(
                    &["metadata", "annotations", "deployment.kubernetes.io/revision"],
                    revision.clone(),
                );
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
