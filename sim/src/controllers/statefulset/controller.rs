//! Which sets a change concerns, and one sync from top to bottom: revisions, pods, status, history.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::replicas::{Replicas, Revision};
use super::status::{Revisions, StatefulSetStatus};
use super::{claims, identity};
use crate::client::Change;
use crate::controllers::shared::claim::{may_adopt, owners_of, selector_of};
use crate::controllers::shared::history::{self, Newest};
use crate::controllers::shared::workload::{await_availability, history_limit};
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::Time;
use crate::object::{LabelSelector, Object};
use crate::wire::resource::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// The controller of StatefulSets.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct StatefulSets {
    /// Sets whose last sync had a failed request: their next one writes the status first.
    refused: BTreeSet<SyncKey>,
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*STATEFUL_SETS, *CONTROLLER_REVISIONS, *PODS, *PERSISTENT_VOLUME_CLAIMS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *STATEFUL_SETS {
            out.push(SyncKey::of(resource, change.object()));
        } else if resource == *PODS {
            owners_of(change, (*STATEFUL_SETS, "StatefulSet"), caches, out);
        } else if resource == *PERSISTENT_VOLUME_CLAIMS && change.new.is_none() {
            // A pod may have waited until the claim is gone.
            let claim = change.object();
            let sets = caches.of(*STATEFUL_SETS).in_namespace(claim.namespace());
            let of = sets.filter(|set| claims::is_of(set, claim));
            out.extend(of.map(|set| SyncKey::of(*STATEFUL_SETS, set)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let refused = self.refused.remove(target);
        let mut out = Outcome::done();
        let Some(set) = caches.of(*STATEFUL_SETS).get(&target.key) else { return out };
        let Some(selector) = selector_of(*STATEFUL_SETS, set) else { return out };
        let (revisions, pods) = claim(set, &selector, caches, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        sync(set, (&revisions, &pods), (caches, now), refused, &mut out);
        await_availability(set, &pods, now, &mut out);
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(*STATEFUL_SETS).get(&target.key));
        }
        let verdict = Verdict::usual(call, answer);
        if verdict == Verdict::Retry && call.resource != *STATEFUL_SETS {
            self.refused.insert(target.clone());
        }
        verdict
    }
}

type Objects = Vec<Arc<Object>>;

/// The revisions of the set, sorted, and its pods.
fn claim(set: &Object, selector: &LabelSelector, caches: &Caches, out: &mut Outcome) -> (Objects, Objects) {
    let owner = identity::owner(set);
    let mut revisions = owner.claim_matching(selector, caches.of(*CONTROLLER_REVISIONS), out);
    history::sort(&mut revisions);
    let is_member = |pod: &Object| identity::is_member(set, pod);
    let pods = owner.claim_members(selector, caches.of(*PODS), is_member, out);
    (revisions, pods)
}

fn sync(
    set: &Arc<Object>,
    (revisions, pods): (&[Arc<Object>], &[Arc<Object>]),
    (caches, now): (&Caches, Time),
    refused: bool,
    out: &mut Outcome,
) {
    let owner = identity::owner(set);
    let newest = history::newest(&owner, revisions, caches.of(*CONTROLLER_REVISIONS));
    let (current, update) = current_and_update(set, revisions, &newest);
    let names =
        Revisions { current: current.0.clone(), update: update.0.clone(), collisions: newest.collisions };
    let mut status = StatefulSetStatus::of(set, pods, names, now);
    if set.is_terminating() {
        // If the garbage collector has deleted a revision already, this creates it again, and it deletes it again.
        out.together(newest.request.into_iter().collect());
        return out.together(status.update(set).into_iter().collect());
    }
    let first = refused.then(|| status.clone().update(set)).flatten();
    let is_written = first.is_some();
    out.together(first.into_iter().collect());
    out.together(newest.request.into_iter().collect());
    let replicas = Replicas::new(set, pods, (&current, &update), (caches, now));
    replicas.act(&mut status, out);
    if !is_written {
        out.together(status.update(set).into_iter().collect());
    }
    out.together(surplus_revisions(set, revisions, pods, [&current.0, &update.0]));
}

/// The revision that the status calls current, and the newest one.
fn current_and_update(set: &Object, revisions: &[Arc<Object>], newest: &Newest) -> (Revision, Revision) {
    let template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    let update = (newest.name.clone(), template);
    let current = set.str_at(&["status", "currentRevision"]).unwrap_or_default();
    let found = revisions.iter().find(|revision| revision.name() == current);
    let current = found.map(|revision| (current.to_owned(), history::template_of(revision)));
    (current.unwrap_or_else(|| update.clone()), update)
}

/// Deletes the oldest revisions beyond the limit that neither the status nor a pod names.
fn surplus_revisions(
    set: &Object,
    revisions: &[Arc<Object>],
    pods: &[Arc<Object>],
    live: [&str; 2],
) -> Vec<Request> {
    let Some(limit) = history_limit(set) else { return Vec::new() };
    let is_live = |name: &str| live.contains(&name) || pods.iter().any(|pod| identity::revision(pod) == name);
    let history: Vec<&Arc<Object>> = revisions.iter().filter(|revision| !is_live(revision.name())).collect();
    let surplus = history.len().saturating_sub(limit);
    let keys = history.iter().take(surplus).map(|revision| ObjectKey::of(revision));
    keys.map(|key| Request::delete(*CONTROLLER_REVISIONS, &key)).collect()
}
