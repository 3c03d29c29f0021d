//! Which sets a change concerns, and one sync from top to bottom: revisions, pods, history, status.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::backoff::FailedPodsBackoff;
use super::manage::{PodChanges, Snapshot};
use super::placement::fit;
use super::{rolling, template};
use crate::client::Change;
use crate::controllers::shared::claim::{may_adopt, owners_of, selector_of};
use crate::controllers::shared::template_hash::pod_template_hash;
use crate::controllers::shared::workload::{await_availability, history_limit, slow_start};
use crate::controllers::shared::{history, pods};
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::Time;
use crate::object::{LabelSelector, Object};
use crate::wire::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS};
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// At most so many creations or deletions per sync (pkg/controller/daemon `BurstReplicas`).
const BURST: usize = 250;

/// The controller of DaemonSets.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct DaemonSets {
    backoff: FailedPodsBackoff,
    /// Sets whose last sync had a failed request: their next one writes the status first.
    refused: BTreeSet<SyncKey>,
}

type Objects = Vec<Arc<Object>>;

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*DAEMON_SETS, *CONTROLLER_REVISIONS, *PODS, *NODES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *DAEMON_SETS {
            if change.new.is_none() {
                self.backoff.forget(change.object().uid(), None);
            }
            out.push(SyncKey::of(resource, change.object()));
        } else if resource == *NODES {
            let is_relevant = |node: &&Object| is_relevant(change.old.as_deref(), node);
            let Some(node) = change.new.as_deref().filter(is_relevant) else { return };
            let sets = caches.of(*DAEMON_SETS).iter().filter(|set| is_concerned(set, node, caches));
            out.extend(sets.map(|set| SyncKey::of(*DAEMON_SETS, set)));
        } else {
            owners_of(change, (*DAEMON_SETS, "DaemonSet"), caches, out);
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let refused = self.refused.remove(target);
        let mut out = Outcome::done();
        let Some(set) = caches.of(*DAEMON_SETS).get(&target.key) else { return out };
        let Some(selector) = selector_of(*DAEMON_SETS, set).filter(|s| !s.is_everything()) else {
            return out;
        };
        // The garbage collector may have deleted its revisions already; without them the status would be wrong.
        if set.is_terminating() {
            return out;
        }
        let (revisions, pods) = claim(set, &selector, caches, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let Some(Current { hash, old }) = current(set, revisions, caches, &mut out) else { return out };
        self.backoff.forget(set.uid(), set.i64_at(&["status", "observedGeneration"]));
        let nodes = caches.of(*NODES).iter().collect();
        let snapshot = Snapshot { set, nodes, pods: Snapshot::by_node(&pods), hash, now };
        let status = snapshot.status_update();
        let (first, last) = if refused { (status, None) } else { (None, status) };
        out.together(first.into_iter().collect());
        self.change_pods(&snapshot, &mut out);
        out.together(surplus_revisions(set, old, &pods));
        out.together(last.into_iter().collect());
        await_availability(set, &pods, now, &mut out);
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(*DAEMON_SETS).get(&target.key));
        }
        let verdict = Verdict::usual(call, answer);
        if verdict == Verdict::Retry && call.resource != *DAEMON_SETS {
            self.refused.insert(target.clone());
        }
        verdict
    }
}

/// Whether a change of a node can change where daemon pods run.
fn is_relevant(old: Option<&Object>, node: &Object) -> bool {
    let same = |path: &[&str]| old.is_some_and(|old| old.at(path) == node.at(path));
    !(same(&["metadata", "labels"]) && same(&["spec", "taints"]))
}

/// Whether a new or changed node needs a sync of the set: it lacks a pod, or has one that must not stay, or has one while
/// the status counts misscheduled pods. A pod that becomes misscheduled needs none: the status counts it at the next sync
/// (`ctl-ds-node-selector-and-taint`).
fn is_concerned(set: &Object, node: &Object, caches: &Caches) -> bool {
    let fit = fit(set, node);
    let on_it = |pod: &Arc<Object>| pod.str_at(&["spec", "nodeName"]) == Some(node.name());
    let has_pod = caches.of(*PODS).owned_by(set.uid()).any(on_it);
    if has_pod {
        !fit.stay || set.i64_at(&["status", "numberMisscheduled"]).unwrap_or(0) > 0
    } else {
        fit.run
    }
}

impl DaemonSets {
    /// Creates and deletes the pods that every node needs; if there are none, continues a rolling update.
    fn change_pods(&mut self, snapshot: &Snapshot<'_>, out: &mut Outcome) {
        let set = snapshot.set;
        let mut changes = snapshot.manage(rolling::surges(set), &mut self.backoff);
        if let Some(after) = changes.after {
            out.after(after);
        }
        if changes.is_empty() && set.str_at(&["spec", "updateStrategy", "type"]) == Some("RollingUpdate") {
            changes = snapshot.roll();
        }
        let PodChanges { create, delete, .. } = changes;
        let create = create.iter().take(BURST).map(|node| template::new_pod(set, node, &snapshot.hash));
        let create = create.map(|pod| Request::create(*PODS, Object::shared(pod)));
        let mut create = create.collect::<Vec<_>>();
        // The deletions go out with the first creation, so that they happen even if creations fail.
        let mut first: Vec<Request> = create.drain(..create.len().min(1)).collect();
        first.extend(delete.iter().take(BURST).map(|pod| pods::delete(pod)));
        out.together(first);
        slow_start(create, 2, out);
    }
}

/// The set's revisions and pods.
fn claim(set: &Object, selector: &LabelSelector, caches: &Caches, out: &mut Outcome) -> (Objects, Objects) {
    let owner = template::owner(set);
    let revisions = owner.claim(selector, caches.of(*CONTROLLER_REVISIONS), |_| true, None, out);
    let pods = owner.claim(selector, caches.of(*PODS), |_| true, None, out);
    (revisions, pods)
}

/// The hash of the revision with the set's template, and the other revisions.
struct Current {
    hash: String,
    old: Objects,
}

/// Finds the newest revision or creates it. `None` if another revision has its name: then the status counts a collision.
fn current(set: &Arc<Object>, revisions: Objects, caches: &Caches, out: &mut Outcome) -> Option<Current> {
    let data = history::data_of(set);
    let (mut current, old): (Objects, Objects) =
        revisions.into_iter().partition(|revision| revision.at(&["data"]) == Some(&data));
    history::sort(&mut current);
    let number = old.iter().map(|revision| history::number(revision)).max().unwrap_or(0) + 1;
    if let Some(found) = current.pop() {
        if history::number(&found) < number {
            out.then(history::renumber(&found, number));
        }
        let hash = found.label(template::HASH).unwrap_or(found.name()).to_owned();
        return Some(Current { hash, old });
    }
    let collisions = set.i64_at(&["status", "collisionCount"]);
    let template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
    let hash = pod_template_hash(&template, collisions);
    let name = history::name(set, &hash);
    let key = ObjectKey::new(set.namespace(), name.as_str());
    if caches.of(*CONTROLLER_REVISIONS).get(&key).is_some() {
        let next = collisions.unwrap_or(0) + 1;
        let updated = set.edited(|root| root.set_at(&["status", "collisionCount"], next));
        out.then(Request::update_status(*DAEMON_SETS, Arc::new(updated)));
        return None;
    }
    let mut new = history::revision(&template::owner(set), &name, data, number);
    new.set_at(&["metadata", "labels", template::HASH], hash.as_str());
    out.then(Request::create(*CONTROLLER_REVISIONS, Object::shared(new)));
    Some(Current { hash, old })
}

/// Deletes the oldest revisions beyond the limit that no pod uses.
fn surplus_revisions(set: &Object, mut old: Objects, pods: &[Arc<Object>]) -> Vec<Request> {
    let Some(limit) = history_limit(set) else { return Vec::new() };
    let surplus = old.len().saturating_sub(limit);
    history::sort(&mut old);
    let is_live = |revision: &&Arc<Object>| {
        let hash = revision.label(template::HASH);
        pods.iter().any(|pod| hash.is_some() && pod.label(template::HASH) == hash)
    };
    let keys = old.iter().filter(|revision| !is_live(revision)).take(surplus).map(|r| ObjectKey::of(r));
    keys.map(|key| Request::delete(*CONTROLLER_REVISIONS, &key)).collect()
}
