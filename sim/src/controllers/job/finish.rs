//! Whether and why a job is finished: success criteria, limits, deadlines.
//!
//! Real: the checks at the head of `syncJob`; since 1.31 an interim condition (SuccessCriteriaMet, FailureTarget) comes first
//! and the final one (Complete, Failed) when every pod has finished and is counted. Modelled: all of it.

use super::pod::has_failed;
use super::policy::{Meaning, fulfilled};
use super::status::{JobStatus, condition};
use super::sync::JobSync;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value};

/// How and why a job ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct JobEnding {
    pub(super) success: bool,
    /// Whether the status has the interim condition already.
    has_interim: bool,
    reason: Str,
    message: Str,
}

impl JobEnding {
    fn new(success: bool, reason: &str, message: &str) -> Self {
        Self { success, has_interim: false, reason: reason.into(), message: message.into() }
    }

    fn failure(reason: &str, message: &str) -> Self {
        Self::new(false, reason, message)
    }

    /// The job has all its completions.
    pub(super) fn completions_reached() -> Self {
        Self::new(true, "CompletionsReached", "Reached expected number of succeeded pods")
    }

    /// The decision of an earlier sync, from the interim condition.
    pub(super) fn decided_in(status: &JobStatus) -> Option<Self> {
        let ending = |success: bool, condition: &Value| {
            let text = |field| condition.str_at(&[field]).unwrap_or_default();
            Self { has_interim: true, ..Self::new(success, text("reason"), text("message")) }
        };
        let success = status.holds("SuccessCriteriaMet").map(|c| ending(true, c));
        success.or_else(|| status.holds("FailureTarget").map(|c| ending(false, c)))
    }

    /// Adds the interim condition, once.
    pub(super) fn announce(&self, status: &mut JobStatus, now: Time) {
        if !self.has_interim {
            let kind = if self.success { "SuccessCriteriaMet" } else { "FailureTarget" };
            status.conditions.push(condition(now, kind, "True", (&self.reason, &self.message)));
        }
    }

    /// Sets the final condition, if no pod is terminating or uncounted.
    pub(super) fn conclude(&self, status: &mut JobStatus, now: Time) {
        if status.has_uncounted() || status.terminating > 0 {
            return;
        }
        let kind = if self.success { "Complete" } else { "Failed" };
        status.set_condition(now, kind, "True", (&self.reason, &self.message));
        if self.success {
            status.completion = Some(now.rfc3339());
        }
    }
}

/// When the job finished, by its final condition.
pub(in crate::controllers) fn finished_at(job: &Object) -> Option<Time> {
    let kind = ["Complete", "Failed"].into_iter().find(|kind| job.is_condition_true(kind))?;
    Time::parse_rfc3339(job.condition(kind)?.str_at(&["lastTransitionTime"])?)
}

/// Whether the job has its final condition.
pub(super) fn is_finished(job: &Object) -> bool {
    job.is_condition_true("Complete") || job.is_condition_true("Failed")
}

impl JobSync<'_> {
    /// Why the job ends, before this sync creates or deletes pods.
    pub(super) fn ending(&mut self) -> Option<JobEnding> {
        JobEnding::decided_in(&self.status)
            .or_else(|| self.failed_by_policy())
            .or_else(|| self.failed_by_limit())
            .or_else(|| self.failed_by_indexes())
            .or_else(|| {
                let text = fulfilled(&self.spec, &self.succeeded_indexes).filter(|_| self.spec.indexed)?;
                Some(JobEnding::new(true, "SuccessPolicy", &text))
            })
    }

    fn failed_by_policy(&self) -> Option<JobEnding> {
        let failed = self.pods.iter().filter(|pod| has_failed(pod, self.spec.replaces_ended_pods_only));
        failed.map(|pod| Meaning::of(&self.spec, pod)).find_map(|meaning| match meaning {
            Meaning::FailsJob(text) => Some(JobEnding::failure("PodFailurePolicy", &text)),
            _ => None,
        })
    }

    fn failed_by_limit(&mut self) -> Option<JobEnding> {
        if self.failed > self.spec.backoff_limit || self.restarted_too_often() {
            let message = "Job has reached the specified backoff limit";
            return Some(JobEnding::failure("BackoffLimitExceeded", message));
        }
        let deadline_s = self.spec.deadline_s.filter(|_| !self.spec.suspended)?;
        let since = Time::parse_rfc3339(self.status.start.as_deref()?)?;
        let deadline = since + Millis::try_from(deadline_s).unwrap_or(0) * 1000;
        if deadline <= self.now {
            let message = "Job was active longer than specified deadline";
            return Some(JobEnding::failure("DeadlineExceeded", message));
        }
        self.out.after(deadline.since(self.now));
        None
    }

    /// With restartPolicy OnFailure, restarts of containers count like failed pods.
    fn restarted_too_often(&self) -> bool {
        if !self.spec.restarts_in_place {
            return false;
        }
        let runs = |pod: &Object| matches!(pod.str_at(&["status", "phase"]), Some("Running" | "Pending"));
        let restarts = |pod: &Object| -> i64 {
            let of = |field| pod.items_at(&["status", field]).iter();
            let statuses = of("containerStatuses").chain(of("initContainerStatuses"));
            statuses.filter_map(|status| status.i64_at(&["restartCount"])).sum()
        };
        let sum: i64 = self.pods.iter().filter(|pod| runs(pod)).map(|pod| restarts(pod)).sum();
        sum > 0 && sum >= self.spec.backoff_limit
    }

    fn failed_by_indexes(&self) -> Option<JobEnding> {
        let failed = self.failed_indexes.as_ref()?.total();
        if self.spec.max_failed_indexes.is_some_and(|most| failed > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(JobEnding::failure("MaxFailedIndexesExceeded", message));
        }
        let all = failed + self.succeeded_indexes.total() >= self.spec.index_limit();
        (failed > 0 && all).then(|| JobEnding::failure("FailedIndexes", "Job has failed indexes"))
    }
}
