//! The controller of namespaces that go: deletes what is in them by collections, in several rounds, and counts what stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Caches, Call, Controller, Outcome, Target, Verdict, Watches};
use super::conditions::{Remaining, updated};
use crate::client::Change;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::wire::resource::{NAMESPACES, PODS};
use crate::wire::{Answer, Request, Resource, Status, Verb};

/// The finalizer that is this controller's.
const FINALIZER: &str = "kubernetes";
/// How long it waits after each change of a namespace that goes (`namespaceDeletionGracePeriod`).
const GRACE_MS: Millis = 5 * SECOND;
/// How long finalizers of content are thought to take, in seconds (`finalizerEstimateSeconds`).
const FINALIZERS_TAKE_S: i64 = 15;
/// First and longest delay after a failed sync (`nsControllerRateLimiter`).
const BACKOFF_MS: (Millis, Millis) = (5, 60 * SECOND);

/// The controller of namespaces.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Namespaces {
    /// The namespaces that it empties.
    going: BTreeMap<Str, Going>,
}

/// How far a namespace is emptied.
#[derive(Clone, Debug, Default)]
struct Going {
    stage: Stage,
    /// Lists without an answer.
    awaited: usize,
    /// How long the pods may take, in seconds.
    estimate_s: i64,
    remaining: Remaining,
    failures: Vec<String>,
    /// Resources of which the collection could not be deleted: they are not counted.
    kept: BTreeSet<Resource>,
    /// The namespace with its new status.
    written: Option<Arc<Object>>,
    failed_syncs: u32,
}

/// What a sync has come to.
#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    /// Nothing is asked for yet.
    #[default]
    Start,
    /// Pods were deleted.
    Pods,
    /// All else was deleted.
    Rest,
    /// The status is written.
    Written(End),
}

/// How a sync ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Once more after a back-off.
    Failed,
    /// Once more when this is half over, in seconds.
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

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<Target>) {
        if resource != *NAMESPACES {
            return;
        }
        match &change.new {
            Some(new) if new.is_terminating() => out.push(Target::of(resource, new)),
            _ => drop(self.going.remove(change.object().name())),
        }
    }

    fn delay_ms(&self, _: &Target, _: Resource, _: &Change) -> Millis {
        GRACE_MS
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        let going = caches.of(*NAMESPACES).get(&target.key).filter(|namespace| namespace.is_terminating());
        let Some(namespace) = going.filter(|namespace| finalizers(namespace).next().is_some()) else {
            return Outcome::done();
        };
        let going = self.going.entry(target.key.name.clone()).or_default();
        match going.stage {
            Stage::Pods if going.awaited == 0 && going.remaining.objects.is_empty() => {
                going.stage = Stage::Rest;
                let all = caches.namespaced().map(|cache| cache.resource());
                going.delete(all.filter(|resource| *resource != *PODS), namespace)
            }
            Stage::Pods if going.awaited == 0 => {
                going.remaining = Remaining::default(); // while pods are left, nobody counts
                going.conclude(namespace, now)
            }
            Stage::Rest if going.awaited == 0 => going.conclude(namespace, now),
            Stage::Written(end) => going.end(end, namespace),
            _ => {
                let estimate_s = grace_s(namespace, caches, now);
                *going = Going {
                    stage: Stage::Pods,
                    estimate_s,
                    failed_syncs: going.failed_syncs,
                    ..Going::default()
                };
                going.delete(std::iter::once(*PODS), namespace)
            }
        }
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let Some(going) = self.going.get_mut(&target.key.name) else { return Verdict::Fine };
        match (call.verb, going.stage) {
            (Verb::DeleteCollection, _) => {
                if going.fails(answer) {
                    going.kept.insert(call.resource);
                }
            }
            (Verb::List, _) => going.listed(call.resource, answer),
            (_, Stage::Written(_)) => going.written = answer.object().ok().cloned(),
            _ if answer.failure().is_some_and(|failure| failure.code == 404) => {}
            _ => return Verdict::usual(call, answer),
        }
        Verdict::Fine
    }
}

impl Going {
    /// Deletes these collections, and asks what is left of them.
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

    /// Notes a failure. A resource that is not served is none.
    fn fails(&mut self, answer: &Answer) -> bool {
        let failure = answer.failure().filter(|failure| !is_unsupported(failure));
        self.failures.extend(failure.map(|failure| failure.message.to_string()));
        failure.is_some()
    }

    /// Counts what is left of a collection.
    fn listed(&mut self, resource: Resource, answer: &Answer) {
        self.awaited = self.awaited.saturating_sub(1);
        if self.kept.contains(&resource) || self.fails(answer) {
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

    /// Writes the conditions, if they are new, and ends.
    fn conclude(&mut self, namespace: &Arc<Object>, now: Time) -> Outcome {
        let end = match self.estimate_s {
            _ if !self.failures.is_empty() => End::Failed,
            0 => End::Empty,
            estimate_s => End::Remains(estimate_s),
        };
        let Some(conditions) = updated(namespace, &self.remaining, &self.failures, now) else {
            return self.end(end, namespace);
        };
        self.stage = Stage::Written(end);
        let status = namespace.edited(|root| root.set_at(&["status", "conditions"], conditions));
        let mut out = Outcome::done();
        out.then(Request::update_status(*NAMESPACES, status.into()));
        out.again();
        out
    }

    fn end(&mut self, end: End, namespace: &Arc<Object>) -> Outcome {
        self.stage = Stage::Start;
        let mut out = Outcome::done();
        match end {
            End::Failed => {
                out.after((BACKOFF_MS.0 << self.failed_syncs.min(20)).min(BACKOFF_MS.1));
                self.failed_syncs += 1;
            }
            End::Remains(estimate_s) => out.after((estimate_s / 2 + 1).unsigned_abs() * SECOND),
            End::Empty => {
                self.failed_syncs = 0;
                out.then(finalize(self.written.as_ref().unwrap_or(namespace)));
            }
        }
        out
    }
}

fn is_unsupported(failure: &Status) -> bool {
    matches!(failure.code, 404 | 405)
}

/// How long the pods of a namespace may take from its deletion on, in seconds; 0 once that is over.
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

/// The request that takes the namespace's own finalizer away.
fn finalize(namespace: &Object) -> Request {
    let kept = finalizers(namespace).filter(|f| *f != FINALIZER).map(Value::from).collect::<Vec<_>>();
    let updated = namespace.edited(|root| root.set_at(&["spec", "finalizers"], Value::list(kept)));
    Request::update(*NAMESPACES, Arc::new(updated)).subresource("finalize")
}
