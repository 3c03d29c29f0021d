//! The TTL-after-finished controller: deletes Jobs `ttlSecondsAfterFinished` after they finish.
//!
//! Real: pkg/controller/ttlafterfinished. Modelled: all of it: the delay from the last transition of Complete or Failed, a
//! live read before the deletion, foreground propagation with the uid as precondition (recorded in `ctl-job-ttl`).

use super::job::finished_at;
use super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::client::Change;
use crate::engine::{Millis, Time};
use crate::object::Object;
use crate::wire::resource::JOBS;
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// The TTL-after-finished controller.
#[derive(Clone, Debug)]
pub(super) struct TtlAfterFinished;

impl Controller for TtlAfterFinished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*JOBS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        out.extend(
            change.new.as_ref().filter(|job| expires_at(job).is_some()).map(|job| SyncKey::of(resource, job)),
        );
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let job = caches.of(*JOBS).get(&target.key).filter(|job| !job.is_terminating());
        let Some((job, expires)) = job.and_then(|job| Some((job, expires_at(job)?))) else { return out };
        if expires > now {
            out.after(expires.since(now));
            return out;
        }
        let key = ObjectKey::of(job);
        let mut delete = Request::delete(*JOBS, &key);
        delete.options.propagation = "Foreground".into();
        delete.options.precondition_uid = Some(job.uid().into());
        // The cache may not show yet that a client has changed the delay.
        out.then(Request::get(*JOBS, &key));
        out.then(delete);
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb != Verb::Get {
            return Verdict::usual(call, answer);
        }
        let cached = caches.of(*JOBS).get(&target.key).and_then(|job| expires_at(job));
        let live = answer.object().ok().and_then(|job| expires_at(job));
        // If the job is gone, or another has its name, the uid precondition refuses the delete.
        let changed = answer.object().is_ok() && live != cached;
        if changed { Verdict::Retry } else { Verdict::Fine }
    }
}

/// When to delete the job.
fn expires_at(job: &Object) -> Option<Time> {
    let seconds = Millis::try_from(job.i64_at(&["spec", "ttlSecondsAfterFinished"])?).ok()?;
    Some(finished_at(job)? + seconds * 1000)
}
