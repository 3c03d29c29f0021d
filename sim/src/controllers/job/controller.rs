//! Which jobs a change concerns, what the controller remembers between syncs, and what answers mean. `sync` does the sync.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::BackoffRecord;
use super::finish::is_finished;
use super::manage::BATCH_MS;
use super::pod::{FINALIZER, is_tracked, untrack};
use super::spec::is_managed_elsewhere;
use super::sync::JobSync;
use super::track::second_half;
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, may_adopt, owners_of};
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::{Millis, Time};
use crate::object::{LabelSelector, Object};
use crate::wire::resource::{JOBS, PODS};
use crate::wire::{Answer, ObjectKey, Resource, Verb};

/// The controller of Jobs.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Jobs {
    memories: BTreeMap<SyncKey, JobMemory>,
}

/// What the controller remembers of a job between syncs.
#[derive(Clone, Debug, Default)]
struct JobMemory {
    /// Its failures, as far as its status has them.
    record: BackoffRecord,
    /// Its failures once the server has accepted the status.
    next: BackoffRecord,
    /// Whether the pods whose finalizers this sync removes have to be counted.
    counting: bool,
    /// Whether a finalizer was removed, so that the next sync counts.
    count: bool,
    /// Whether a pod could not be created.
    refused: bool,
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*JOBS, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *JOBS {
            out.push(SyncKey::of(resource, object));
            if change.new.as_ref().is_none_or(|job| is_finished(job)) {
                let left = caches.of(*PODS).owned_by(object.uid()).filter(|pod| is_tracked(pod));
                out.extend(left.map(|pod| SyncKey::of(*PODS, pod)));
            }
        } else {
            owners_of(change, (*JOBS, "Job"), caches, out);
            if change.new.as_ref().is_some_and(|pod| is_orphan(pod, caches)) {
                out.push(SyncKey::of(resource, object));
            }
        }
    }

    /// Changes of pods and of a job's status wait for the batch period; changes of its spec do not.
    fn delay_ms(&self, target: &SyncKey, resource: Resource, change: &Change) -> Millis {
        let generation = |job: &Option<Arc<Object>>| job.as_ref().map(|job| job.generation());
        let by_user = resource == *JOBS && generation(&change.old) != generation(&change.new);
        if target.resource == *JOBS && !by_user { BATCH_MS } else { 0 }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        if target.resource == *PODS {
            return release(target, caches);
        }
        let job = caches.of(*JOBS).get(&target.key).filter(|job| !is_finished(job));
        let Some(job) = job.filter(|job| !is_managed_elsewhere(job)) else {
            self.memories.remove(target);
            return Outcome::done();
        };
        let Some(Ok(selector)) = job.at(&["spec", "selector"]).map(LabelSelector::from_value) else {
            return Outcome::done();
        };
        let mut out = Outcome::done();
        let owner = Owner { resource: *JOBS, kind: "Job", object: job };
        let pods = owner.claim(&selector, caches.of(*PODS), |_| true, Some(FINALIZER), &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let memory = self.memories.entry(target.clone()).or_default();
        memory.counting = false;
        if std::mem::take(&mut memory.count)
            && let Some(out) = second_half(job, &pods, now)
        {
            return out;
        }
        let refused = std::mem::take(&mut memory.refused);
        let mut sync = JobSync::new(job, pods, &memory.record, now);
        memory.counting = sync.run(refused);
        memory.next = sync.record;
        sync.out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(*JOBS).get(&target.key));
        }
        let failure = answer.failure();
        if call.verb == Verb::Patch && failure.is_some_and(|failure| failure.code == 404) {
            return Verdict::Fine;
        }
        let verdict = Verdict::usual(call, answer);
        if let Some(memory) = self.memories.get_mut(target) {
            match call.verb {
                Verb::Update if failure.is_none() => memory.record = memory.next.clone(),
                Verb::Patch if failure.is_none() => memory.count |= memory.counting,
                Verb::Create => memory.refused |= verdict == Verdict::Retry,
                _ => {}
            }
        }
        verdict
    }
}

/// Whether no job will count this tracked pod: it has no job, or a finished one.
fn is_orphan(pod: &Object, caches: &Caches) -> bool {
    if !is_tracked(pod) {
        return false;
    }
    let Some(owner) = pod.controller() else { return true };
    if owner.kind != "Job" || owner.api_version != JOBS.api_version() {
        return false;
    }
    let job = caches.of(*JOBS).get(&ObjectKey::new(pod.namespace(), owner.name));
    job.filter(|job| job.uid() == owner.uid).is_none_or(|job| is_finished(job) && !is_managed_elsewhere(job))
}

/// Removes the finalizer of a pod that no job will count.
fn release(target: &SyncKey, caches: &Caches) -> Outcome {
    let mut out = Outcome::done();
    if let Some(pod) = caches.of(*PODS).get(&target.key).filter(|pod| is_orphan(pod, caches)) {
        out.then(untrack(pod));
    }
    out
}
