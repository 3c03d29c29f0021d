//! How long a job waits after failed pods: 10 s, doubled with each failure since the last success, at most 10 minutes.
//!
//! Real: pkg/controller/job/backoff_utils.go. Modelled: all of it; the records live in memory, so that a restarted
//! controller does not wait.

use std::sync::Arc;

use super::pod::{failure_counts, is_sidecar_status};
use crate::engine::{Millis, Time};
use crate::object::{Object, Value};

/// First wait (pkg/controller/job `DefaultJobPodFailureBackOff`).
const FIRST_MS: Millis = 10_000;
/// Longest wait (pkg/controller/job `MaxJobPodFailureBackOff`).
const LONGEST_MS: Millis = 600_000;

/// The failures of a job since its last success.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct BackoffRecord {
    failures: i64,
    last: Option<Time>,
}

impl BackoffRecord {
    /// The record after these pods have finished, too.
    pub(super) fn after(&self, succeeded: &[&Arc<Object>], failed: &[&Arc<Object>]) -> Self {
        let last_success = succeeded.iter().map(|pod| ended_at(pod)).max();
        let counted =
            failed.iter().map(|pod| ended_at(pod)).filter(|end| last_success.is_none_or(|s| *end > s));
        let (number, last) = counted.fold((0, None), |(n, last), end| (n + 1, last.max(Some(end))));
        match (last_success, last) {
            (None, None) => self.clone(),
            (None, last) => Self { failures: self.failures + number, last },
            (Some(_), last) => Self { failures: number, last },
        }
    }

    /// How long to wait before the next creation.
    pub(super) fn remaining_ms(&self, now: Time) -> Millis {
        self.last.map_or(0, |last| remaining(self.failures, last, now))
    }
}

/// How long to wait before the next pod of the index of this failed one.
pub(super) fn remaining_for_index_ms(last_failed: Option<&Arc<Object>>, now: Time) -> Millis {
    last_failed.map_or(0, |pod| {
        let (counted, ignored) = failure_counts(pod);
        remaining(counted + ignored + 1, ended_at(pod), now)
    })
}

fn remaining(failures: i64, last: Time, now: Time) -> Millis {
    let Ok(doublings) = u32::try_from(failures - 1) else { return 0 };
    let wait = FIRST_MS.saturating_mul(1 << doublings.min(16)).min(LONGEST_MS);
    wait.saturating_sub(now.since(last))
}

/// When a pod ended: when its last container terminated; else when it ceased to be ready; else when it was deleted; else
/// when it was created.
pub(super) fn ended_at(pod: &Object) -> Time {
    let read = |text: Option<&str>| text.and_then(Time::parse_rfc3339);
    let since_unready = || {
        let condition = pod.condition("Ready").filter(|c| c.str_at(&["status"]) == Some("False"))?;
        read(condition.str_at(&["lastTransitionTime"]))
    };
    let deleted = || {
        let grace = pod.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
        let deadline = read(pod.str_at(&["metadata", "deletionTimestamp"]))?;
        Some(deadline - Millis::try_from(grace).unwrap_or(0) * 1000)
    };
    containers_ended_at(pod)
        .or_else(since_unready)
        .or_else(deleted)
        .or_else(|| read(Some(pod.meta("creationTimestamp"))))
        .unwrap_or(Time::ZERO)
}

fn containers_ended_at(pod: &Object) -> Option<Time> {
    let sidecars = pod.items_at(&["status", "initContainerStatuses"]).iter();
    let statuses = pod.items_at(&["status", "containerStatuses"]).iter();
    let statuses = statuses.chain(sidecars.filter(|status| is_sidecar_status(pod, status)));
    let end =
        |status: &Value| status.str_at(&["state", "terminated", "finishedAt"]).and_then(Time::parse_rfc3339);
    let ends: Option<Vec<Time>> = statuses.map(end).collect();
    ends?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn pod(ended: &str) -> Arc<Object> {
        Object::shared(value!({"status": {"containerStatuses": [{
            "state": {"terminated": {"finishedAt": ended}}
        }]}}))
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_ten_minutes_and_a_success_ends_it() {
        let (a, b) = (pod("2026-01-01T00:00:10Z"), pod("2026-01-01T00:00:20Z"));
        let now = Time(20_000);
        let mut record = BackoffRecord::default().after(&[], &[&a]);
        assert_eq!(record.remaining_ms(now), 0);
        record = record.after(&[], &[&b]);
        assert_eq!(record.remaining_ms(now), 20_000);
        for _ in 0..20 {
            record = record.after(&[], &[&b]);
        }
        assert_eq!(record.remaining_ms(now), 600_000);
        assert_eq!(record.remaining_ms(now + 599_000), 1_000);
        // A success cancels the failures before it.
        assert_eq!(record.after(&[&a], &[&b]).remaining_ms(now), 10_000);
        assert_eq!(record.after(&[&b], &[&a]).remaining_ms(now), 0);
        assert_eq!(record.after(&[], &[]), record);
    }

    #[test]
    fn a_pod_without_containers_that_ended_did_so_when_it_was_deleted() {
        let deleted = Object::new(value!({"metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "deletionTimestamp": "2026-01-01T00:01:00Z", "deletionGracePeriodSeconds": 30
        }}));
        assert_eq!(ended_at(&deleted), Time(30_000));
        let running = Object::new(value!({
            "metadata": {"creationTimestamp": "2026-01-01T00:00:05Z"},
            "status": {"containerStatuses": [{"state": {"running": {}}}]}
        }));
        assert_eq!(ended_at(&running), Time(5_000));
    }
}
