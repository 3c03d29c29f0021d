//! One sync of one job: what its pods say, what follows from it, in which order it is asked for.
//!
//! Real: `syncJob`. Modelled: all of it. The real one takes finalizers off and counts in one go; here the counting is a sync
//! of its own (`track::second_half`) that follows at once, when the caches show that the finalizers are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::Record;
use super::finish::Ending;
use super::indexes::Indexes;
use super::pod::{delete, failure_counts, has_failed, has_succeeded, index_of, is_tracked};
use super::policy::Meaning;
use super::spec::Spec;
use super::status::Status;
use crate::controllers::Outcome;
use crate::controllers::shared::claim::Owner;
use crate::controllers::shared::pods;
use crate::engine::Time;
use crate::object::{Object, Str};
use crate::wire::Request;
use crate::wire::resource::JOBS;

/// One sync of one job.
pub(super) struct Sync<'a> {
    pub(super) job: &'a Arc<Object>,
    pub(super) spec: Spec<'a>,
    pub(super) now: Time,
    /// All pods of the job; those of an indexed one by index.
    pub(super) pods: Vec<Arc<Object>>,
    /// Those that run or will run.
    pub(super) active: Vec<Arc<Object>>,
    /// The status as this sync leaves it.
    pub(super) status: Status,
    /// Pods that have succeeded, counted or not; for an indexed job, indexes.
    pub(super) succeeded: i64,
    /// Pods that have failed, counted or not.
    pub(super) failed: i64,
    pub(super) succeeded_indexes: Indexes,
    pub(super) failed_indexes: Option<Indexes>,
    /// Per index that has to be tried again: its last failed pod, which is let go when its successor is there.
    pub(super) to_replace: BTreeMap<i64, Arc<Object>>,
    pub(super) record: Record,
    pub(super) ending: Option<Ending>,
    /// Pods to create.
    pub(super) creations: Vec<Request>,
    pub(super) out: Outcome,
}

impl<'a> Sync<'a> {
    pub(super) fn new(job: &'a Arc<Object>, mut pods: Vec<Arc<Object>>, record: &Record, now: Time) -> Self {
        let spec = Spec::of(job);
        if spec.indexed {
            pods.sort_by_key(|pod| index_of(pod));
        }
        let active = pods.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
        Self {
            status: Status::of(job),
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

    /// Decides on everything. `cautious` after a pod could not be created: then the status is told before it is tried again.
    /// Whether finalizers are taken off, so that counting follows.
    pub(super) fn run(&mut self, cautious: bool) -> bool {
        self.look();
        self.ending = self.ending();
        if self.ending.is_some() {
            self.end_active();
        } else {
            self.go_on(cautious);
        }
        let creations = std::mem::take(&mut self.creations);
        if cautious {
            let counting = self.track();
            slow_start(creations, &mut self.out);
            counting
        } else {
            slow_start(creations, &mut self.out);
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

    /// Counts what there is.
    fn look(&mut self) {
        self.status.active = number(self.active.len());
        self.status.ready = number(self.active.iter().filter(|pod| pods::is_ready(pod)).count());
        self.status.terminating = number(self.pods.iter().filter(|pod| pods::is_stopping(pod)).count());
        let new = |known: &[Str], test: &dyn Fn(&Object) -> bool| -> Vec<Arc<Object>> {
            let unknown = |pod: &Object| is_tracked(pod) && !known.iter().any(|uid| uid == pod.uid());
            let fits = |pod: &&Arc<Object>| unknown(pod) && self.has_place(pod) && test(pod);
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
            self.look_at_indexes();
        }
    }

    fn look_at_indexes(&mut self) {
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

    /// Pods of an index that failed and are not let go, each with its index.
    fn failed_by_index(&self) -> impl Iterator<Item = (i64, &Arc<Object>)> {
        let failed = self.pods.iter().filter(|pod| is_tracked(pod) && self.has_failed(pod));
        failed.filter_map(|pod| Some((self.index_of(pod)?, pod)))
    }

    /// The indexes that failed more often than is allowed, or at once by the policy.
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

    /// The job is over: what still runs is deleted.
    fn end_active(&mut self) {
        self.out.together(self.active.iter().map(|pod| delete(pod)).collect());
        self.status.terminating += self.status.active;
        (self.status.active, self.status.ready) = (0, 0);
    }

    /// The job goes on: as many pods as wanted; or that was the last of them.
    fn go_on(&mut self, cautious: bool) {
        let going = self.job.is_terminating();
        if !going {
            self.manage(cautious);
        }
        let reached = self.spec.completions.map_or(self.succeeded > 0, |wanted| self.succeeded >= wanted);
        if reached && self.status.active == 0 {
            self.ending = Some(Ending::completions_reached());
        } else if !going && self.spec.suspended {
            let why = ("JobSuspended", "Job suspended");
            if self.status.set_condition(self.now, "Suspended", "True", why) {
                self.status.start = None;
            }
        } else if !going
            && self.status.set_condition(self.now, "Suspended", "False", ("JobResumed", "Job resumed"))
        {
            // The deadline counts from here.
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

/// Sends creations one, then two, then four at a time, so that what fails always fails once (`SlowStartInitialBatchSize`).
fn slow_start(creations: Vec<Request>, out: &mut Outcome) {
    let (mut rest, mut batch) = (creations, 1);
    while !rest.is_empty() {
        let later = rest.split_off(batch.min(rest.len()));
        out.together(std::mem::replace(&mut rest, later));
        batch *= 2;
    }
}
