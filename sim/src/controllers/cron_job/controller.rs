//! Which CronJobs a change concerns, and one sync: update the status, clean up, create the next Job when it is due.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::{CronJobStatus, delete, surplus};
use super::run::{job, job_name};
use super::schedule::Schedule;
use crate::client::Change;
use crate::controllers::shared::claim::owners_of;
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::{Millis, Time, time_zone};
use crate::object::{Object, Str, Value};
use crate::wire::resource::{CRON_JOBS, JOBS};
use crate::wire::{Answer, Request, Resource, Verb};

/// From the scheduled time to the sync (pkg/controller/cronjob `nextScheduleDelta`).
const LATER_MS: Millis = 100;

/// The controller of CronJobs.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct CronJobs {
    memories: BTreeMap<SyncKey, CronJobMemory>,
}

/// What the controller remembers of a CronJob between syncs.
#[derive(Clone, Debug, Default)]
struct CronJobMemory {
    /// The scheduled time of the Job that the last sync creates.
    due: Option<Time>,
    /// The created Job that is not in the status yet, with its time.
    started: Option<(Arc<Object>, Time)>,
    /// The server answered AlreadyExists: perhaps to a Job of this CronJob that is not in the status.
    taken: bool,
    /// The scheduled time whose name belongs to a foreign Job.
    skipped: Option<Time>,
    /// The schedule changed: no Job is created before its next time.
    rescheduled: bool,
}

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        "cronjob-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*CRON_JOBS, *JOBS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *JOBS {
            return owners_of(change, (*CRON_JOBS, "CronJob"), caches, out);
        }
        let target = SyncKey::of(resource, change.object());
        if let (Some(old), Some(new)) = (&change.old, &change.new) {
            let at = |object: &Object, field| object.at(&["spec", field]).cloned();
            let changed = |field| at(old, field) != at(new, field);
            if changed("schedule") || changed("timeZone") {
                self.memories.entry(target.clone()).or_default().rescheduled = true;
            }
        }
        out.push(target);
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let Some(cron_job) = caches.of(*CRON_JOBS).get(&target.key) else {
            self.memories.remove(target);
            return Outcome::done();
        };
        let memory = self.memories.entry(target.clone()).or_default();
        memory.due = None;
        let mine = |job: &&Arc<Object>| job.controller().is_some_and(|of| of.uid == cron_job.uid());
        let jobs: Vec<Arc<Object>> =
            caches.of(*JOBS).owned_by(cron_job.uid()).filter(mine).cloned().collect();
        let mut sync =
            CronJobSync { cron_job, status: CronJobStatus::of(cron_job), now, out: Outcome::done() };
        sync.status.observe(&jobs);
        if let Some((job, time)) = memory.started.take() {
            sync.status.started(&job, time.rfc3339());
        }
        sync.clean_up(&jobs);
        memory.due = sync.start(memory, &jobs);
        // If this sync creates a Job, the next one writes the status with it.
        if memory.due.is_none()
            && let Some(update) = sync.status.update(cron_job)
        {
            sync.out.then(update);
        }
        sync.out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let memory = self.memories.get_mut(target);
        if let (Some(memory), Verb::Create) = (memory, call.verb) {
            match answer.object() {
                Ok(job) => memory.started = memory.due.map(|due| (job.clone(), due)),
                Err(failure) if failure.reason == "AlreadyExists" => {
                    memory.taken = true;
                    return Verdict::Fine;
                }
                Err(_) => {}
            }
        }
        Verdict::usual(call, answer)
    }
}

/// One sync of one CronJob.
struct CronJobSync<'a> {
    cron_job: &'a Arc<Object>,
    status: CronJobStatus,
    now: Time,
    out: Outcome,
}

impl CronJobSync<'_> {
    fn clean_up(&mut self, jobs: &[Arc<Object>]) {
        let surplus = surplus(self.cron_job, jobs);
        surplus.iter().for_each(|job| self.status.forget(job.uid()));
        self.out.together(surplus.iter().map(|job| delete(job)).collect());
    }

    /// Creates the Job that is due and returns its time. Syncs again at the next time.
    fn start(&mut self, memory: &mut CronJobMemory, jobs: &[Arc<Object>]) -> Option<Time> {
        let suspended = self.cron_job.at(&["spec", "suspend"]).and_then(Value::as_bool).unwrap_or(false);
        if self.cron_job.is_terminating() || suspended {
            return None;
        }
        let zone = time_zone(self.cron_job.str_at(&["spec", "timeZone"]).unwrap_or_default())?;
        let schedule = Schedule::parse(self.cron_job.str_at(&["spec", "schedule"])?)?;
        if let Some(next) = schedule.next(self.now, &zone) {
            self.out.after(next.since(self.now) + LATER_MS);
        }
        if std::mem::take(&mut memory.rescheduled) {
            return None;
        }
        let due = schedule.last(self.earliest()?, self.now, &zone)?;
        if std::mem::take(&mut memory.taken) && !self.adopt_existing(due, jobs) {
            memory.skipped = Some(due);
        }
        if memory.skipped == Some(due) || self.is_processed(due) || !self.may_run(jobs) {
            return None;
        }
        self.out.then(Request::create(*JOBS, job(self.cron_job, due, &zone)));
        self.out.again();
        Some(due)
    }

    /// Scheduled times count after this: the last one that was met, but no longer ago than the starting deadline.
    fn earliest(&self) -> Option<Time> {
        let last = self.status.last_schedule.as_deref();
        let last = Time::parse_rfc3339(last.unwrap_or(self.cron_job.meta("creationTimestamp")))?;
        let deadline = self.cron_job.i64_at(&["spec", "startingDeadlineSeconds"]);
        let deadline = deadline.and_then(|seconds| Millis::try_from(seconds).ok());
        Some(deadline.map_or(last, |seconds| last.max(self.now - seconds * 1000)))
    }

    /// Adds the Job with the name of the due one to the status, if this CronJob owns it.
    fn adopt_existing(&mut self, due: Time, jobs: &[Arc<Object>]) -> bool {
        let name = job_name(self.cron_job, due);
        let Some(job) = jobs.iter().find(|job| job.name() == name) else { return false };
        self.status.started(job, due.rfc3339());
        self.status.observe(jobs);
        true
    }

    fn is_processed(&self, due: Time) -> bool {
        let name = job_name(self.cron_job, due);
        self.status.active.iter().any(|job| job.str_at(&["name"]) == Some(&name))
            || self.status.last_schedule == Some(Str::from(due.rfc3339()))
    }

    /// Whether the concurrency policy lets a Job start now. Replace deletes the running ones.
    fn may_run(&mut self, jobs: &[Arc<Object>]) -> bool {
        match self.cron_job.str_at(&["spec", "concurrencyPolicy"]) {
            Some("Forbid") => self.status.active.is_empty(),
            Some("Replace") => {
                let active = std::mem::take(&mut self.status.active);
                let runs = |job: &&Arc<Object>| active.iter().any(|r| r.str_at(&["uid"]) == Some(job.uid()));
                self.out.together(jobs.iter().filter(runs).map(|job| delete(job)).collect());
                true
            }
            _ => true,
        }
    }
}
