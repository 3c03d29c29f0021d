//! A job's status: read from the object, changed by a sync, written as the real controller writes it.
//!
//! Real: batch/v1 `JobStatus`: zero counts and empty lists are absent, `ready` and `terminating` are present from the first
//! write on, `failedIndexes` only with a limit per index. Modelled: all of it.

use std::sync::Arc;

use crate::engine::Time;
use crate::object::{Key, Map, Object, Str, Value};
use crate::value;
use crate::wire::Request;
use crate::wire::resource::JOBS;

/// The status of a job.
#[derive(Clone, Debug)]
pub(super) struct JobStatus {
    pub(super) start: Option<Str>,
    pub(super) completion: Option<Str>,
    pub(super) active: i64,
    pub(super) ready: i64,
    pub(super) terminating: i64,
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    pub(super) completed_indexes: Str,
    pub(super) failed_indexes: Option<Str>,
    /// Uids of ended pods that are counted when their finalizer is gone.
    pub(super) uncounted_succeeded: Vec<Str>,
    pub(super) uncounted_failed: Vec<Str>,
    pub(super) conditions: Vec<Value>,
}

impl JobStatus {
    pub(super) fn of(job: &Object) -> Self {
        let number = |field| job.i64_at(&["status", field]).unwrap_or(0);
        let text = |field| job.str_at(&["status", field]).map(Str::new);
        let uids = |field| {
            let all = job.items_at(&["status", "uncountedTerminatedPods", field]).iter();
            all.filter_map(Value::as_str).map(Str::new).collect()
        };
        Self {
            start: text("startTime"),
            completion: text("completionTime"),
            active: number("active"),
            ready: number("ready"),
            terminating: number("terminating"),
            succeeded: number("succeeded"),
            failed: number("failed"),
            completed_indexes: text("completedIndexes").unwrap_or_default(),
            failed_indexes: text("failedIndexes"),
            uncounted_succeeded: uids("succeeded"),
            uncounted_failed: uids("failed"),
            conditions: job.items_at(&["status", "conditions"]).to_vec(),
        }
    }

    /// Counts the recorded pods that are no longer tracked. Whether there were any.
    pub(super) fn count(&mut self, is_tracked: impl Fn(&str) -> bool) -> bool {
        let count = |uids: &mut Vec<Str>, counter: &mut i64| {
            let before = uids.len();
            uids.retain(|uid| is_tracked(uid));
            *counter += i64::try_from(before - uids.len()).unwrap_or(0);
            before != uids.len()
        };
        let succeeded = count(&mut self.uncounted_succeeded, &mut self.succeeded);
        count(&mut self.uncounted_failed, &mut self.failed) || succeeded
    }

    pub(super) fn has_uncounted(&self) -> bool {
        !self.uncounted_succeeded.is_empty() || !self.uncounted_failed.is_empty()
    }

    /// The true condition of this type.
    pub(super) fn holds(&self, kind: &str) -> Option<&Value> {
        let is_it = |c: &&Value| c.str_at(&["type"]) == Some(kind) && c.str_at(&["status"]) == Some("True");
        self.conditions.iter().find(is_it)
    }

    /// Sets a condition, unless it is there with the same content, or is absent and would become False. Whether it changed.
    pub(super) fn set_condition(&mut self, now: Time, kind: &str, status: &str, why: (&str, &str)) -> bool {
        let place = self.conditions.iter().position(|c| c.str_at(&["type"]) == Some(kind));
        let has = |c: &Value, field, text| c.str_at(&[field]).unwrap_or_default() == text;
        match place.map(|i| &mut self.conditions[i]) {
            Some(old)
                if has(old, "status", status) && has(old, "reason", why.0) && has(old, "message", why.1) =>
            {
                false
            }
            Some(old) => {
                *old = condition(now, kind, status, why);
                true
            }
            None if status == "False" => false,
            None => {
                self.conditions.push(condition(now, kind, status, why));
                true
            }
        }
    }

    fn to_value(&self) -> Value {
        let mut fields: Vec<(Key, Value)> = Vec::with_capacity(12);
        let mut set = |field: &str, value: Value| fields.push((Key::new(field), value));
        let counts = [("active", self.active), ("succeeded", self.succeeded), ("failed", self.failed)];
        counts.into_iter().filter(|(_, n)| *n != 0).for_each(|(field, n)| set(field, n.into()));
        set("ready", self.ready.into());
        set("terminating", self.terminating.into());
        let texts = [("startTime", &self.start), ("completionTime", &self.completion)];
        let texts = texts.into_iter().chain([("failedIndexes", &self.failed_indexes)]);
        texts
            .filter_map(|(field, text)| Some((field, text.clone()?)))
            .for_each(|(f, text)| set(f, text.into()));
        if !self.completed_indexes.is_empty() {
            set("completedIndexes", self.completed_indexes.clone().into());
        }
        if !self.conditions.is_empty() {
            set("conditions", self.conditions.clone().into());
        }
        let mut uncounted = Value::empty_map();
        for (field, uids) in [("succeeded", &self.uncounted_succeeded), ("failed", &self.uncounted_failed)] {
            if !uids.is_empty() {
                uncounted.set_at(&[field], Value::list(uids.iter().cloned().map(Value::from)));
            }
        }
        set("uncountedTerminatedPods", uncounted);
        Value::Map(Map::from_entries(fields))
    }

    /// The request that writes this status; `None` if the job has it already.
    pub(super) fn update(&self, job: &Arc<Object>) -> Option<Request> {
        let status = self.to_value();
        if job.at(&["status"]) == Some(&status) {
            return None;
        }
        let updated = job.edited(|root| root.set_at(&["status"], status));
        Some(Request::update_status(*JOBS, Arc::new(updated)))
    }
}

/// A condition with the time of now.
pub(super) fn condition(now: Time, kind: &str, status: &str, (reason, message): (&str, &str)) -> Value {
    let now = now.rfc3339();
    value!({
        "type": kind, "status": status, "lastProbeTime": (now.clone()), "lastTransitionTime": now,
        "reason": reason, "message": message
    })
}
