//! Which sets a change concerns, and one sync from top to bottom: revisions, pods, history, status.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::backoff::Backoff;
use super::manage::{Plan, View, min_ready_s};
use super::placement::fit;
use super::{rolling, template};
use crate::client::Change;
use crate::controllers::shared::claim::{may_adopt, owners_of, selector_of};
use crate::controllers::shared::template_hash::pod_template_hash;
use crate::controllers::shared::{history, pods};
use crate::controllers::{Caches, Call, Controller, Outcome, Target, Verdict, Watches, replicaset};
use crate::engine::Time;
use crate::object::{LabelSelector, Object};
use crate::wire::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS};
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// At most so many creations or deletions per sync (pkg/controller/daemon `BurstReplicas`).
const BURST: usize = 250;

/// The controller of DaemonSets.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct DaemonSets {
    backoff: Backoff,
    /// Sets whose last sync was refused something: their status is told before it is tried again.
    refused: BTreeSet<Target>,
}

type Objects = Vec<Arc<Object>>;

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*DAEMON_SETS, *CONTROLLER_REVISIONS, *PODS, *NODES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        if resource == *DAEMON_SETS {
            if change.new.is_none() {
                self.backoff.forget(change.object().uid(), None);
            }
            out.push(Target::of(resource, change.object()));
        } else if resource == *NODES {
            let Some(node) = change.new.as_deref().filter(|node| matters(change.old.as_deref(), node)) else {
                return;
            };
            let concerned = |set: &&Arc<Object>| concerns(set, node, caches);
            let sets = caches.of(*DAEMON_SETS).iter().filter(concerned);
            out.extend(sets.map(|set| Target::of(*DAEMON_SETS, set)));
        } else {
            owners_of(change, (*DAEMON_SETS, "DaemonSet"), caches, out);
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        let refused = self.refused.remove(target);
        let mut out = Outcome::done();
        let Some(set) = caches.of(*DAEMON_SETS).get(&target.key) else { return out };
        let Some(selector) = selector_of(*DAEMON_SETS, set).filter(|s| !s.is_everything()) else {
            return out;
        };
        // Its revisions may be gone already, and without them nothing can be said of it.
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
        let view = View { set, nodes, pods: View::by_node(&pods), hash, now };
        let told_first = refused.then(|| view.tell()).flatten();
        let is_told = told_first.is_some();
        out.together(told_first.into_iter().collect());
        self.carry_out(&view, &mut out);
        out.together(forgotten(set, old, &pods));
        if !is_told {
            out.together(view.tell().into_iter().collect());
        }
        let min_ready_s = min_ready_s(set);
        if let Some(at) = pods.iter().filter_map(|pod| pods::available_at(pod, min_ready_s, now)).min() {
            out.after(at.since(now));
        }
        out
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
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

/// Whether a change of a node can change where pods run.
fn matters(old: Option<&Object>, node: &Object) -> bool {
    let same = |path: &[&str]| old.is_some_and(|old| old.at(path) == node.at(path));
    !(same(&["metadata", "labels"]) && same(&["spec", "taints"]))
}

/// Whether a set has something to do on a node that is new or has changed: a pod is missing, or must go, or there is one
/// while the status counts misscheduled ones, which may be out of date. To be misscheduled alone is no reason: the status
/// counts that only at the next sync (`ctl-ds-node-selector-and-taint`).
fn concerns(set: &Object, node: &Object, caches: &Caches) -> bool {
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
    /// Creates and deletes pods: what every node needs, and if that is nothing, what the update needs.
    fn carry_out(&mut self, view: &View<'_>, out: &mut Outcome) {
        let set = view.set;
        let mut plan = view.manage(rolling::surges(set), &mut self.backoff);
        if let Some(after) = plan.after {
            out.after(after);
        }
        if plan.is_empty() && set.str_at(&["spec", "updateStrategy", "type"]) == Some("RollingUpdate") {
            plan = view.roll();
        }
        let Plan { create, delete, .. } = plan;
        let create = create.iter().take(BURST).map(|node| template::new_pod(set, node, &view.hash));
        let create = create.map(|pod| Request::create(*PODS, Object::shared(pod)));
        let mut create = create.collect::<Vec<_>>();
        // What is to be deleted is deleted even if a creation is refused.
        let mut first: Vec<Request> = create.drain(..create.len().min(1)).collect();
        first.extend(delete.iter().take(BURST).map(|pod| pods::delete(pod)));
        out.together(first);
        replicaset::in_growing_rounds(create, 2, out);
    }
}

/// The set's revisions and pods.
fn claim(set: &Object, selector: &LabelSelector, caches: &Caches, out: &mut Outcome) -> (Objects, Objects) {
    let owner = template::owner(set);
    let revisions = owner.claim(selector, caches.of(*CONTROLLER_REVISIONS), |_| true, out);
    let pods = owner.claim(selector, caches.of(*PODS), |_| true, out);
    (revisions, pods)
}

/// The hash of the revision with the set's template, and the other revisions.
struct Current {
    hash: String,
    old: Objects,
}

/// Finds the newest revision or asks for it in `out`; `None` if its name is taken by another, and the collision is told.
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
fn forgotten(set: &Object, mut old: Objects, pods: &[Arc<Object>]) -> Vec<Request> {
    let limit = set.i64_at(&["spec", "revisionHistoryLimit"]);
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return Vec::new() };
    let surplus = old.len().saturating_sub(limit);
    history::sort(&mut old);
    let is_live = |revision: &&Arc<Object>| {
        let hash = revision.label(template::HASH);
        pods.iter().any(|pod| hash.is_some() && pod.label(template::HASH) == hash)
    };
    let keys = old.iter().filter(|revision| !is_live(revision)).take(surplus).map(|r| ObjectKey::of(r));
    keys.map(|key| Request::delete(*CONTROLLER_REVISIONS, &key)).collect()
}
