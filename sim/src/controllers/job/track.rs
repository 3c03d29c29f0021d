//! Counting each pod once: the status records its uid, then the finalizer is removed, then the status counts it.
//!
//! Real: `trackJobStatusAndRemoveFinalizers`. Modelled: all of it, in two syncs: `track` records uids and removes
//! finalizers, `second_half` counts when they are gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::finish::JobEnding;
use super::indexes::Indexes;
use super::pod::{has_succeeded, is_tracked, untrack};
use super::policy::Meaning;
use super::status::JobStatus;
use super::sync::JobSync;
use crate::controllers::Outcome;
use crate::engine::Time;
use crate::object::Object;

/// Most uids in the status (pkg/controller/job `MaxUncountedPods`).
const MOST_UNCOUNTED: usize = 500;

impl JobSync<'_> {
    /// Records the pods that have ended and removes their finalizers. If nothing is left to count, sets the final
    /// condition of a job that ends. Whether it removes finalizers.
    pub(super) fn track(&mut self) -> bool {
        let tracked: BTreeSet<&str> =
            self.pods.iter().filter(|pod| is_tracked(pod)).map(|pod| pod.uid()).collect();
        self.status.count(|uid| tracked.contains(uid));
        let ended = self.record_ended();
        if self.spec.indexed {
            self.status.succeeded = self.succeeded_indexes.total();
            self.status.completed_indexes = self.succeeded_indexes.to_string().into();
            self.status.failed_indexes = self.failed_indexes.as_ref().map(|failed| failed.to_string().into());
        }
        if let Some(ending) = self.ending.clone() {
            ending.announce(&mut self.status, self.now);
            if ended.is_empty() {
                ending.conclude(&mut self.status, self.now);
            }
        }
        if let Some(update) = self.status.update(self.job) {
            self.out.then(update);
        }
        self.out.together(ended.iter().map(|pod| untrack(pod)).collect());
        let counting = !ended.is_empty() && (self.status.has_uncounted() || self.ending.is_some());
        if counting {
            self.out.again();
        }
        counting
    }

    /// Records ended pods in the status. Returns those whose finalizer to remove.
    fn record_ended(&mut self) -> Vec<Arc<Object>> {
        let before = Indexes::parse(&self.status.completed_indexes, self.spec.index_limit());
        let mut indexes: BTreeSet<i64> = BTreeSet::new();
        let mut ended = Vec::new();
        for pod in self.pods.iter().filter(|pod| is_tracked(pod)) {
            let failed = self.has_failed(pod);
            if !self.may_untrack(pod, failed) {
                continue;
            }
            ended.push(pod.clone());
            let is_recorded = |uids: &[crate::object::Str]| uids.iter().any(|uid| uid == pod.uid());
            let job_fails = self.ending.as_ref().is_some_and(|ending| !ending.success);
            if has_succeeded(pod) && !is_recorded(&self.status.uncounted_failed) {
                match self.index_of(pod) {
                    // The list of completed indexes counts it once.
                    Some(index) if self.spec.indexed && !before.contains(index) => {
                        indexes.insert(index);
                    }
                    None if !self.spec.indexed && !is_recorded(&self.status.uncounted_succeeded) => {
                        self.status.uncounted_succeeded.push(pod.uid().into());
                    }
                    _ => {}
                }
            } else if (failed || job_fails)
                && !is_recorded(&self.status.uncounted_failed)
                && self.has_place(pod)
                && Meaning::of(&self.spec, pod).counts()
            {
                self.status.uncounted_failed.push(pod.uid().into());
            }
            let recorded = self.status.uncounted_succeeded.len() + self.status.uncounted_failed.len();
            if indexes.len() + recorded >= MOST_UNCOUNTED {
                break;
            }
        }
        ended
    }

    /// Whether to remove a pod's finalizer: the pod or the job has ended. The last failed pod of an index keeps it until
    /// its successor has taken over the count of failures.
    fn may_untrack(&self, pod: &Object, failed: bool) -> bool {
        let job_ends = self.job.is_terminating() || self.ending.is_some();
        let waits = || {
            let waiting = self.index_of(pod).and_then(|index| self.to_replace.get(&index));
            waiting.is_some_and(|waiting| waiting.uid() == pod.uid())
        };
        job_ends || has_succeeded(pod) || (failed && !waits())
    }
}

/// Counts the pods whose finalizers are gone and leaves the rest of the status unchanged. `None` if there is nothing to
/// count.
pub(super) fn second_half(job: &Arc<Object>, pods: &[Arc<Object>], now: Time) -> Option<Outcome> {
    let mut status = JobStatus::of(job);
    let tracked: BTreeSet<&str> = pods.iter().filter(|pod| is_tracked(pod)).map(|pod| pod.uid()).collect();
    if !status.count(|uid| tracked.contains(uid)) {
        return None;
    }
    let mut out = Outcome::done();
    match JobEnding::decided_in(&status) {
        Some(ending) if tracked.is_empty() => ending.conclude(&mut status, now),
        Some(_) => out.again(),
        None => {}
    }
    if let Some(update) = status.update(job) {
        out.then(update);
    }
    Some(out)
}
