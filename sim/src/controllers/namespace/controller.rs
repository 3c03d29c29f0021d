//! Deletes the content of terminating namespaces by collections, in several rounds, and counts what remains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use super::conditions::{Remaining, updated};
use crate::client::Change;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::wire::resource::{NAMESPACES, PODS};
use crate::wire::{Answer, Request, Resource, Status, Verb};

/// This controller's finalizer (`v1.FinalizerKubernetes`).
const FINALIZER: &str = "kubernetes";
/// How long it waits after each change of a terminating namespace (`namespaceDeletionGracePeriod`).
const GRACE_MS: Millis = 5 * SECOND;
/// The estimated time of finalizers of content, in seconds (`finalizerEstimateSeconds`).
const FINALIZERS_TAKE_S: i64 = 15;
/// First and longest delay after a failed sync (`nsControllerRateLimiter`).
const BACKOFF_MS: (Millis, Millis) = (5, 60 * SECOND);

/// The controller of namespaces.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Namespaces {
    /// The terminating namespaces.
    deletions: BTreeMap<Str, Deletion>,
}

/// The deletion of a namespace's content.
#[derive(Clone, Debug, Default)]
struct Deletion {
    stage: DeletionStage,
    /// Lists without an answer.
    awaited: usize,
    /// The estimated time until the content is gone, in seconds.
    estimate_s: i64,
    remaining: Remaining,
    failures: Vec<String>,
    /// Resources whose collection could not be deleted; the sync does not count these.
    kept: BTreeSet<Resource>,
    /// The namespace with its new status.
    written: Option<Arc<Object>>,
    failed_syncs: u32,
}

/// The stage of a sync.
#[derive(Clone, Copy, Debug, Default)]
enum DeletionStage {
    /// Before the first request.
    #[default]
    Start,
    /// It deletes pods.
    Pods,
    /// It deletes everything else.
    Rest,
    /// It writes the status.
    Written(DeletionEnd),
}

/// How a sync ends.
#[derive(Clone, Copy, Debug)]
enum DeletionEnd {
    /// Again after a back-off.
    Failed,
    /// Again after half of this time, in seconds.
    Remains(i64),
    /// The namespace is empty.
    Empty,
}

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NAMESPACES, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        if resource != *NAMESPACES {
            return;
        }
        match &change.new {
            Some(new) if new.is_terminating() => out.push(SyncKey::of(resource, new)),
            _ => drop(self.deletions.remove(change.object().name())),
        }
    }

    fn delay_ms(&self, _: &SyncKey, _: Resource, _: &Change) -> Millis {
        GRACE_MS
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let found = caches.of(*NAMESPACES).get(&target.key).filter(|namespace| namespace.is_terminating());
        let Some(namespace) = found.filter(|namespace| finalizers(namespace).next().is_some()) else {
            return Outcome::done();
        };
        let deletion = self.deletions.entry(target.key.name.clone()).or_default();
        match deletion.stage {
            DeletionStage::Pods if deletion.awaited == 0 && deletion.remaining.objects.is_empty() => {
                deletion.stage = DeletionStage::Rest;
                let all = caches.namespaced().map(|cache| cache.resource());
                deletion.delete(all.filter(|resource| *resource != *PODS), namespace)
            }
            DeletionStage::Pods if deletion.awaited == 0 => {
                deletion.remaining = Remaining::default(); // with pods left, the conditions have no counts
                deletion.conclude(namespace, now)
            }
            DeletionStage::Rest if deletion.awaited == 0 => deletion.conclude(namespace, now),
            DeletionStage::Written(end) => deletion.end(end, namespace),
            _ => {
                let (estimate_s, failed_syncs) = (grace_s(namespace, caches, now), deletion.failed_syncs);
                let stage = DeletionStage::Pods;
                *deletion = Deletion { stage, estimate_s, failed_syncs, ..Deletion::default() };
                deletion.delete(std::iter::once(*PODS), namespace)
            }
        }
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let Some(deletion) = self.deletions.get_mut(&target.key.name) else { return Verdict::Fine };
        match (call.verb, deletion.stage) {
            (Verb::DeleteCollection, _) => {
                if deletion.add_failure(answer) {
                    deletion.kept.insert(call.resource);
                }
            }
            (Verb::List, _) => deletion.on_list(call.resource, answer),
            (_, DeletionStage::Written(_)) => deletion.written = answer.object().ok().cloned(),
            _ if answer.failure().is_some_and(|failure| failure.code == 404) => {}
            _ => return Verdict::usual(call, answer),
        }
        Verdict::Fine
    }
}

impl Deletion {
    /// Deletes these collections, then lists what remains.
    fn delete(&mut self, resources: impl Iterator<Item = Resource>, namespace: &Object) -> Outcome {
        let mut out = Outcome::done();
        let (mut deletes, mut lists) = (Vec::new(), Vec::new());
        for resource in resources {
            let mut delete = Request::many(Verb::DeleteCollection, resource, namespace.name());
            delete.options.propagation = "Background".into();
            deletes.push(delete);
            lists.push(Request::many(Verb::List, resource, namespace.name()));
        }
        self.awaited = lists.len();
        out.together(deletes);
        out.together(lists);
        out.again();
        out
    }

    /// Records a failure, if the answer is one. That the server does not serve the resource is none.
    fn add_failure(&mut self, answer: &Answer) -> bool {
        let failure = answer.failure().filter(|failure| !is_unsupported(failure));
        self.failures.extend(failure.map(|failure| failure.message.to_string()));
        failure.is_some()
    }

    /// Counts what remains of a collection.
    fn on_list(&mut self, resource: Resource, answer: &Answer) {
        self.awaited = self.awaited.saturating_sub(1);
        if self.kept.contains(&resource) || self.add_failure(answer) {
            return;
        }
        let Answer::List(list) = answer else { return };
        if list.items.is_empty() {
            if resource == *PODS {
                self.estimate_s = 0;
            }
            return;
        }
        self.remaining.objects.insert(resource, list.items.len());
        let mut held = false;
        for finalizer in list.items.iter().flat_map(|item| item.finalizers()) {
            *self.remaining.finalizers.entry(finalizer.into()).or_default() += 1;
            held = true;
        }
        if resource == *PODS && self.estimate_s > 0 {
            return;
        }
        if held {
            self.estimate_s = self.estimate_s.max(FINALIZERS_TAKE_S);
        } else {
            let (group, plural) = (resource.group(), resource.plural());
            let version = resource.api_version().rsplit('/').next().unwrap_or_default();
            let namespace = list.items[0].namespace();
            self.failures.push(format!(
                "unexpected items still remain in namespace: {namespace} for gvr: {group}/{version}, Resource={plural}"
            ));
        }
    }

    /// Writes the conditions if they change, and ends the sync.
    fn conclude(&mut self, namespace: &Arc<Object>, now: Time) -> Outcome {
        let end = match self.estimate_s {
            _ if !self.failures.is_empty() => DeletionEnd::Failed,
            0 => DeletionEnd::Empty,
            estimate_s => DeletionEnd::Remains(estimate_s),
        };
        let Some(conditions) = updated(namespace, &self.remaining, &self.failures, now) else {
            return self.end(end, namespace);
        };
        self.stage = DeletionStage::Written(end);
        let status = namespace.edited(|root| root.set_at(&["status", "conditions"], conditions));
        let mut out = Outcome::done();
        out.then(Request::update_status(*NAMESPACES, status.into()));
        out.again();
        out
    }

    fn end(&mut self, end: DeletionEnd, namespace: &Arc<Object>) -> Outcome {
        self.stage = DeletionStage::Start;
        let mut out = Outcome::done();
        match end {
            DeletionEnd::Failed => {
                out.after((BACKOFF_MS.0 << self.failed_syncs.min(20)).min(BACKOFF_MS.1));
                self.failed_syncs += 1;
            }
            DeletionEnd::Remains(estimate_s) => out.after((estimate_s / 2 + 1).unsigned_abs() * SECOND),
            DeletionEnd::Empty => {
                self.failed_syncs = 0;
                out.then(finalize(self.written.as_ref().unwrap_or(namespace)));
            }
        }
        out
    }
}

/// Whether a namespace accepts new objects.
pub(in super::super) fn is_active(namespace: &Object) -> bool {
    !namespace.is_terminating() && namespace.str_at(&["status", "phase"]) != Some("Terminating")
}

fn is_unsupported(failure: &Status) -> bool {
    matches!(failure.code, 404 | 405)
}

/// The longest grace of the pods in a namespace, in seconds; 0 when that time has passed since the deletion.
fn grace_s(namespace: &Object, caches: &Caches, now: Time) -> i64 {
    let pods = caches.of(*PODS).in_namespace(namespace.name()).filter(|pod| !pod.is_finished_pod());
    let grace_s = pods.filter_map(|pod| pod.i64_at(&["spec", "terminationGracePeriodSeconds"])).max();
    let grace_s = grace_s.unwrap_or(0).max(0);
    let since = Time::parse_rfc3339(namespace.meta("deletionTimestamp")).unwrap_or(now);
    if now.since(since) >= grace_s.unsigned_abs() * SECOND { 0 } else { grace_s }
}

fn finalizers(namespace: &Object) -> impl Iterator<Item = &str> {
    namespace.items_at(&["spec", "finalizers"]).iter().filter_map(Value::as_str)
}

/// The request that removes the namespace's own finalizer.
fn finalize(namespace: &Object) -> Request {
    let kept = finalizers(namespace).filter(|f| *f != FINALIZER).map(Value::from).collect::<Vec<_>>();
    let updated = namespace.edited(|root| root.set_at(&["spec", "finalizers"], Value::list(kept)));
    Request::update(*NAMESPACES, Arc::new(updated)).subresource("finalize")
}
