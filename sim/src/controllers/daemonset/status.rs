//! The set's status: how many nodes should have a pod, have one, have an updated, ready or available one.
//!
//! Real: pkg/controller/daemon `updateDaemonSetStatus`. Modelled: all of it; some fields are absent when 0 (recorded).

use std::sync::Arc;

use super::manage::{Snapshot, oldest_first};
use super::placement::fit;
use crate::controllers::shared::pods;
use crate::wire::Request;
use crate::wire::resource::DAEMON_SETS;

/// The fields that are present even when 0.
const ALWAYS: [&str; 4] =
    ["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"];

impl Snapshot<'_> {
    fn counts(&self) -> [(&'static str, i64); 8] {
        let (mut desired, mut current, mut misscheduled, mut ready, mut updated, mut available) =
            (0, 0, 0, 0, 0, 0);
        for node in &self.nodes {
            let first =
                self.pods.get(node.name()).and_then(|all| all.iter().min_by(|a, b| oldest_first(a, b)));
            if !fit(self.set, node).run {
                misscheduled += i64::from(first.is_some());
                continue;
            }
            desired += 1;
            if let Some(pod) = first {
                current += 1;
                ready += i64::from(pods::is_ready(pod));
                available += i64::from(self.is_available(pod));
                updated += i64::from(self.is_updated(pod));
            }
        }
        [
            ("currentNumberScheduled", current),
            ("numberMisscheduled", misscheduled),
            ("desiredNumberScheduled", desired),
            ("numberReady", ready),
            ("observedGeneration", self.set.generation()),
            ("updatedNumberScheduled", updated),
            ("numberAvailable", available),
            ("numberUnavailable", desired - available),
        ]
    }

    /// The request that writes the status; `None` if the set has it already.
    pub(super) fn status_update(&self) -> Option<Request> {
        let counts = self.counts();
        let had = |field: &str| self.set.i64_at(&["status", field]).unwrap_or(0);
        if counts.iter().all(|(field, count)| had(field) == *count) {
            return None;
        }
        let updated = self.set.edited(|root| {
            for (field, count) in counts {
                if count != 0 || ALWAYS.contains(&field) {
                    root.set_at(&["status", field], count);
                } else {
                    root.remove_at(&["status", field]);
                }
            }
        });
        Some(Request::update_status(*DAEMON_SETS, Arc::new(updated)))
    }
}
