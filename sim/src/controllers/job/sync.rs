//! One sync of one job: counts its pods, decides whether the job is finished, creates and deletes pods.
//!
//! Real: `syncJob`. Modelled: all of it. Differs: the real one removes finalizers and counts in one sync; here a second sync
//! counts (`track::second_half`), as soon as the caches show that the finalizers are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::BackoffRecord;
use super::finish::JobEnding;
use super::indexes::Indexes;
use super::pod::{failure_counts, has_failed, has_succeeded, index_of, is_tracked};
use super::policy::Meaning;
use super::spec::JobSpec;
use super::status::JobStatus;
use crate::controllers::Outcome;
use crate::controllers::shared::claim::Owner;
use crate::controllers::shared::pods;
use crate::controllers::shared::workload::slow_start;
use crate::engine::Time;
use crate::object::{Object, Str};
use crate::wire::Request;
use crate::wire::resource::JOBS;

/// One sync of one job.
pub(super) struct JobSync<'a> {
    pub(super) job: &'a Arc<Object>,
    pub(super) spec: JobSpec<'a>,
    pub(super) now: Time,
    /// All pods of the job; those of an indexed one by index.
    pub(super) pods: Vec<Arc<Object>>,
    /// The pods that are neither finished nor terminating.
    pub(super) active: Vec<Arc<Object>>,
    /// The status as this sync leaves it.
    pub(super) status: JobStatus,
    /// Pods that have succeeded, counted or not; for an indexed job, indexes.
    pub(super) succeeded: i64,
    /// Pods that have failed, counted or not.
    pub(super) failed: i64,
    pub(super) succeeded_indexes: Indexes,
    pub(super) failed_indexes: Option<Indexes>,
    /// By index that needs another pod: its last failed pod, which keeps its finalizer until its successor exists.
    pub(super) to_replace: BTreeMap<i64, Arc<Object>>,
    pub(super) record: BackoffRecord,
    pub(super) ending: Option<JobEnding>,
    /// Pods to create.
    pub(super) creations: Vec<Request>,
    pub(super) out: Outcome,
}

impl<'a> JobSync<'a> {
    pub(super) fn new(
        job: &'a Arc<Object>,
        mut pods: Vec<Arc<Object>>,
        record: &BackoffRecord,
        now: Time,
    ) -> Self {
        let spec = JobSpec::of(job);
        if spec.indexed {
            pods.sort_by_key(|pod| index_of(pod));
        }
        let active = pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        Self {
            status: JobStatus::of(job),
            job,
            spec,
            now,
            pods,
            active,
            succeeded: 0,
            failed: 0,
            succeeded_indexes: Indexes::default(),
            failed_indexes: None,
            to_replace: BTreeMap::new(),
            record: record.clone(),
            ending: None,
            creations: Vec::new(),
            out: Outcome::done(),
        }
    }

    /// The sync. `cautious`, after a pod could not be created: writes the status before it tries again. Whether it removes
    /// finalizers, so that another sync has to count.
    pub(super) fn run(&mut self, cautious: bool) -> bool {
        self.count_pods();
        self.ending = self.ending();
        if self.ending.is_some() {
            self.delete_active();
        } else {
            self.continue_job(cautious);
        }
        let creations = std::mem::take(&mut self.creations);
        if cautious {
            let counting = self.track();
            slow_start(creations, 1, &mut self.out);
            counting
        } else {
            slow_start(creations, 1, &mut self.out);
            self.track()
        }
    }

    pub(super) fn owner(&self) -> Owner<'a> {
        Owner { resource: *JOBS, kind: "Job", object: self.job }
    }

    /// Whether the pod has an index of the job, or the job has no indexes.
    pub(super) fn has_place(&self, pod: &Object) -> bool {
        !self.spec.indexed || self.index_of(pod).is_some()
    }

    /// The pod's index, if it is one of the job.
    pub(super) fn index_of(&self, pod: &Object) -> Option<i64> {
        index_of(pod).filter(|index| *index < self.spec.index_limit())
    }

    pub(super) fn has_failed(&self, pod: &Object) -> bool {
        has_failed(pod, self.spec.replaces_ended_pods_only)
    }

    /// Counts the pods, and for an indexed job the indexes.
    fn count_pods(&mut self) {
        self.status.active = number(self.active.len());
        self.status.ready = number(self.active.iter().filter(|pod| pods::is_ready(pod)).count());
        self.status.terminating = number(self.pods.iter().filter(|pod| pods::is_stopping(pod)).count());
        let new = |uncounted: &[Str], test: &dyn Fn(&Object) -> bool| -> Vec<Arc<Object>> {
            let is_new = |pod: &Object| is_tracked(pod) && !uncounted.iter().any(|uid| uid == pod.uid());
            let fits = |pod: &&Arc<Object>| is_new(pod) && self.has_place(pod) && test(pod);
            self.pods.iter().filter(fits).cloned().collect()
        };
        let succeeded = new(&self.status.uncounted_succeeded, &has_succeeded);
        let failed = new(&self.status.uncounted_failed, &|pod| self.has_failed(pod));
        let counted = failed.iter().filter(|pod| Meaning::of(&self.spec, pod).counts()).count();
        let uncounted = |uids: &[Str]| number(uids.len());
        self.succeeded =
            self.status.succeeded + number(succeeded.len()) + uncounted(&self.status.uncounted_succeeded);
        self.failed = self.status.failed + number(counted) + uncounted(&self.status.uncounted_failed);
        let both = (succeeded.iter().collect::<Vec<_>>(), failed.iter().collect::<Vec<_>>());
        self.record = self.record.after(&both.0, &both.1);
        if self.status.start.is_none() && !self.spec.suspended {
            self.status.start = Some(self.now.rfc3339());
        }
        if self.spec.indexed {
            self.count_indexes();
        }
    }

    fn count_indexes(&mut self) {
        let limit = self.spec.index_limit();
        let mut succeeded = Indexes::parse(&self.status.completed_indexes, limit);
        let new = self.pods.iter().filter(|pod| has_succeeded(pod) && is_tracked(pod));
        new.filter_map(|pod| self.index_of(pod)).for_each(|index| succeeded.insert(index));
        self.succeeded = succeeded.total();
        self.succeeded_indexes = succeeded;
        if let Some(allowed) = self.spec.backoff_limit_per_index {
            let failed = self.index_failures(allowed);
            self.to_replace = self.to_replace(&failed);
            self.failed_indexes = Some(failed);
        }
    }

    /// The failed pods that still have the finalizer, each with its index.
    fn failed_by_index(&self) -> impl Iterator<Item = (i64, &Arc<Object>)> {
        let failed = self.pods.iter().filter(|pod| is_tracked(pod) && self.has_failed(pod));
        failed.filter_map(|pod| Some((self.index_of(pod)?, pod)))
    }

    /// The indexes that failed more often than allowed, or by the failure policy.
    fn index_failures(&self, allowed: i64) -> Indexes {
        let known = self.status.failed_indexes.as_deref().unwrap_or_default();
        let mut failures = Indexes::parse(known, self.spec.index_limit());
        for (index, pod) in self.failed_by_index() {
            let meaning = Meaning::of(&self.spec, pod);
            let spent = meaning.counts() && failure_counts(pod).0 >= allowed;
            if spent || meaning == Meaning::FailsIndex {
                failures.insert(index);
            }
        }
        failures
    }

    fn to_replace(&self, failures: &Indexes) -> BTreeMap<i64, Arc<Object>> {
        let mut last: BTreeMap<i64, Arc<Object>> = BTreeMap::new();
        for (index, pod) in self.failed_by_index() {
            let runs = self.active.iter().any(|other| index_of(other) == Some(index));
            if runs || self.succeeded_indexes.contains(index) || failures.contains(index) {
                continue;
            }
            if last.get(&index).is_none_or(|other| is_later_failure(pod, other)) {
                last.insert(index, pod.clone());
            }
        }
        last
    }

    /// Deletes the active pods of a job that ends.
    fn delete_active(&mut self) {
        self.out.together(self.active.iter().map(|pod| pods::delete(pod)).collect());
        self.status.terminating += self.status.active;
        (self.status.active, self.status.ready) = (0, 0);
    }

    /// Creates and deletes pods of a job that has not ended. Ends it if it has reached its completions.
    fn continue_job(&mut self, cautious: bool) {
        let is_terminating = self.job.is_terminating();
        if !is_terminating {
            self.manage(cautious);
        }
        let reached = self.spec.completions.map_or(self.succeeded > 0, |wanted| self.succeeded >= wanted);
        if reached && self.status.active == 0 {
            self.ending = Some(JobEnding::completions_reached());
        } else if !is_terminating && self.spec.suspended {
            let why = ("JobSuspended", "Job suspended");
            if self.status.set_condition(self.now, "Suspended", "True", why) {
                self.status.start = None;
            }
        } else if !is_terminating
            && self.status.set_condition(self.now, "Suspended", "False", ("JobResumed", "Job resumed"))
        {
            // activeDeadlineSeconds count from here.
            self.status.start = Some(self.now.rfc3339());
        }
    }
}

/// Whether `pod` failed after `other` in the history of their index.
fn is_later_failure(pod: &Object, other: &Object) -> bool {
    let failures = |pod: &Object| failure_counts(pod).0 + failure_counts(pod).1;
    failures(pod) >= failures(other) && super::backoff::ended_at(pod) >= super::backoff::ended_at(other)
}

pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
