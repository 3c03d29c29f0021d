//! The set's status: how many pods there are, of which revision, ready and available.
//!
//! Real: pkg/controller/statefulset `updateStatus`, `completeRollingUpdate`. Modelled: all of it; some fields are absent
//! when 0 (recorded).

use std::sync::Arc;

use super::identity;
use crate::controllers::shared::pods;
use crate::controllers::shared::workload::{self, min_ready_s};
use crate::engine::Time;
use crate::object::{Key, Map, Object, Value};
use crate::wire::Request;
use crate::wire::resource::STATEFUL_SETS;

/// The names of the current revision and of the one that the update brings.
#[derive(Clone, Debug)]
pub(super) struct Revisions {
    pub(super) current: String,
    pub(super) update: String,
    pub(super) collisions: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    replicas: i64,
    ready: i64,
    current: i64,
    updated: i64,
    available: i64,
}

/// The status that a set should have.
#[derive(Clone, Debug)]
pub(super) struct StatefulSetStatus {
    counts: Counts,
    revisions: Revisions,
}

pub(super) fn is_running_and_ready(pod: &Object) -> bool {
    pods::phase(pod) == "Running" && pods::is_ready(pod)
}

impl StatefulSetStatus {
    /// Counts pods.
    pub(super) fn of(set: &Object, pods: &[Arc<Object>], revisions: Revisions, now: Time) -> Self {
        let mut counts = Counts::default();
        for pod in pods {
            let ready = is_running_and_ready(pod);
            let of = |revision: &str| i64::from(!pod.is_terminating() && identity::revision(pod) == revision);
            counts.replicas += 1;
            counts.ready += i64::from(ready);
            counts.available += i64::from(ready && pods::is_available(pod, min_ready_s(set), now));
            counts.current += of(&revisions.current);
            counts.updated += of(&revisions.update);
        }
        Self { counts, revisions }
    }

    /// This sync deletes a pod of the current revision for the update.
    pub(super) fn current_pod_deleted(&mut self) {
        self.counts.current -= 1;
    }

    /// When all pods are of the new revision and ready, it becomes the current one.
    fn complete(&mut self, set: &Object) {
        let Counts { replicas, ready, updated, .. } = self.counts;
        let wanted = workload::replicas(set);
        let rolling = set.str_at(&["spec", "updateStrategy", "type"]) == Some("RollingUpdate");
        if rolling && [replicas, ready, updated] == [wanted; 3] {
            self.counts.current = updated;
            self.revisions.current = self.revisions.update.clone();
        }
    }

    /// The request that writes this status; `None` if the set has it already.
    pub(super) fn update(mut self, set: &Arc<Object>) -> Option<Request> {
        self.complete(set);
        let old = set.at(&["status"]);
        let had = |field: &str| old.and_then(|old| old.i64_at(&[field])).unwrap_or(0);
        let text = |field: &str| old.and_then(|old| old.str_at(&[field])).unwrap_or_default();
        let Counts { replicas, ready, current, updated, available } = self.counts;
        let numbers = [
            ("observedGeneration", set.generation()),
            ("replicas", replicas),
            ("readyReplicas", ready),
            ("currentReplicas", current),
            ("updatedReplicas", updated),
            ("availableReplicas", available),
        ];
        let names =
            [("currentRevision", &self.revisions.current), ("updateRevision", &self.revisions.update)];
        if numbers.iter().all(|(field, n)| had(field) == *n) && names.iter().all(|(f, t)| text(f) == *t) {
            return None;
        }
        let is_written =
            |(field, n): &&(&str, i64)| *n != 0 || matches!(*field, "replicas" | "availableReplicas");
        let mut entries: Vec<(Key, Value)> =
            numbers.iter().filter(is_written).map(|(field, n)| (Key::new(field), (*n).into())).collect();
        entries.extend(names.iter().map(|(field, name)| (Key::new(field), name.as_str().into())));
        entries.push((Key::new("collisionCount"), self.revisions.collisions.into()));
        let updated = set.edited(|root| root.set_at(&["status"], Map::from_entries(entries)));
        Some(Request::update_status(*STATEFUL_SETS, Arc::new(updated)))
    }
}
