//! A CronJob's status, and which finished Jobs it keeps.
//!
//! Real: `syncCronJob` up to the schedule, `cleanupFinishedJobs`. Modelled: both. Differs: a Job that the cache lacks counts
//! as deleted, without a live read.

use std::sync::Arc;

use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{CRON_JOBS, JOBS};
use crate::wire::{ObjectKey, Request};

/// The status of a CronJob.
#[derive(Clone, Debug)]
pub(super) struct CronJobStatus {
    /// References to the running Jobs.
    pub(super) active: Vec<Value>,
    pub(super) last_schedule: Option<Str>,
    pub(super) last_success: Option<Str>,
}

impl CronJobStatus {
    pub(super) fn of(cron_job: &Object) -> Self {
        let text = |field| cron_job.str_at(&["status", field]).map(Str::new);
        Self {
            active: cron_job.items_at(&["status", "active"]).to_vec(),
            last_schedule: text("lastScheduleTime"),
            last_success: text("lastSuccessfulTime"),
        }
    }

    /// Removes Jobs that are finished or gone, and records the last success.
    pub(super) fn observe(&mut self, jobs: &[Arc<Object>]) {
        let job = |reference: &Value| {
            jobs.iter().find(|job| reference.str_at(&["uid"]) == Some(job.uid())).cloned()
        };
        self.active.retain(|reference| job(reference).is_some_and(|job| outcome(&job).is_none()));
        let successes = jobs.iter().filter(|job| outcome(job) == Some(true));
        let last = successes.filter_map(|job| job.str_at(&["status", "completionTime"])).max();
        if let Some(last) = last.filter(|last| self.last_success.as_deref().is_none_or(|known| known < *last))
        {
            self.last_success = Some(last.into());
        }
    }

    /// Removes a Job that this sync deletes.
    pub(super) fn forget(&mut self, uid: &str) {
        self.active.retain(|reference| reference.str_at(&["uid"]) != Some(uid));
    }

    /// Adds a Job that was created for a scheduled time, once.
    pub(super) fn started(&mut self, job: &Object, scheduled: Str) {
        if !self.active.iter().any(|reference| reference.str_at(&["uid"]) == Some(job.uid())) {
            self.active.push(reference(job));
        }
        self.last_schedule = Some(scheduled);
    }

    /// The request that writes this status; `None` if the CronJob has it already.
    pub(super) fn update(&self, cron_job: &Arc<Object>) -> Option<Request> {
        let mut status = Value::empty_map();
        if !self.active.is_empty() {
            status.set_at(&["active"], self.active.clone());
        }
        for (field, time) in
            [("lastScheduleTime", &self.last_schedule), ("lastSuccessfulTime", &self.last_success)]
        {
            if let Some(time) = time {
                status.set_at(&[field], time.clone());
            }
        }
        let empty = Value::empty_map();
        if cron_job.at(&["status"]).unwrap_or(&empty) == &status {
            return None;
        }
        let updated = cron_job.edited(|root| root.set_at(&["status"], status));
        Some(Request::update_status(*CRON_JOBS, Arc::new(updated)))
    }
}

fn reference(job: &Object) -> Value {
    value!({
        "apiVersion": (JOBS.api_version()), "kind": "Job", "name": (job.name()), "namespace": (job.namespace()),
        "resourceVersion": (job.meta("resourceVersion")), "uid": (job.uid())
    })
}

/// Whether a finished job has succeeded.
pub(super) fn outcome(job: &Object) -> Option<bool> {
    let success = job.is_condition_true("Complete");
    (success || job.is_condition_true("Failed")).then_some(success)
}

/// Deletes a job with its pods.
pub(super) fn delete(job: &Object) -> Request {
    let mut request = Request::delete(*JOBS, &ObjectKey::of(job));
    request.options.propagation = "Background".into();
    request.options.precondition_uid = Some(job.uid().into());
    request
}

/// The finished jobs beyond the history limits, oldest first.
pub(super) fn surplus(cron_job: &Object, jobs: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let mut surplus = Vec::new();
    for (success, field) in [(true, "successfulJobsHistoryLimit"), (false, "failedJobsHistoryLimit")] {
        let limit = cron_job.i64_at(&["spec", field]).and_then(|limit| usize::try_from(limit).ok());
        let Some(limit) = limit else { continue };
        let mut over: Vec<&Arc<Object>> =
            jobs.iter().filter(|job| outcome(job) == Some(success) && !job.is_terminating()).collect();
        // Jobs that have never started come last.
        let started = |job: &Object| job.str_at(&["status", "startTime"]).map(Str::new);
        over.sort_by_key(|job| (started(job).is_none(), started(job), Str::new(job.name())));
        over.truncate(over.len().saturating_sub(limit));
        surplus.extend(over.into_iter().cloned());
    }
    surplus
}
