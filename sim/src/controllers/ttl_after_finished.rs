//! The TTL-after-finished controller: deletes jobs some time after they are over.
//!
//! Real: pkg/controller/ttlafterfinished. Modelled: the delay from the last transition of Complete or Failed, a live read
//! before the deletion, foreground propagation with the uid as precondition (recorded in `ctl-job-ttl`): all of it.

use super::job::finished_at;
use super::{Caches, Call, Controller, Outcome, Target, Verdict, Watches};
use crate::client::Change;
use crate::engine::{Millis, Time};
use crate::object::Object;
use crate::wire::resource::JOBS;
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// The controller that deletes finished jobs.
#[derive(Clone, Debug)]
pub(super) struct TtlAfterFinished;

impl Controller for TtlAfterFinished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*JOBS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<Target>) {
        out.extend(
            change.new.as_ref().filter(|job| expires_at(job).is_some()).map(|job| Target::of(resource, job)),
        );
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
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
        // Somebody may have changed the delay, and the cache not know it yet.
        out.then(Request::get(*JOBS, &key));
        out.then(delete);
        out
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb != Verb::Get {
            return Verdict::usual(call, answer);
        }
        let cached = caches.of(*JOBS).get(&target.key).and_then(|job| expires_at(job));
        let live = answer.object().ok().and_then(|job| expires_at(job));
        // A job that is gone, or another one, is deleted in vain: its uid does not fit.
        let changed = answer.object().is_ok() && live != cached;
        if changed { Verdict::Retry } else { Verdict::Fine }
    }
}

/// When the job is to be deleted.
fn expires_at(job: &Object) -> Option<Time> {
    let seconds = Millis::try_from(job.i64_at(&["spec", "ttlSecondsAfterFinished"])?).ok()?;
    Some(finished_at(job)? + seconds * 1000)
}
