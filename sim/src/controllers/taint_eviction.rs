//! The taint eviction controller: deletes pods that do not tolerate the NoExecute taints of their node, or not for longer.
//!
//! Real: pkg/controller/tainteviction. Modelled: tolerationSeconds from the first such taint on, cancellation when the
//! taints are removed, the condition DisruptionTarget before the deletion. Differs: a failed deletion is repeated until it
//! succeeds; the real controller gives up after five tries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shared::disruption_target::{self, Why};
use super::shared::pods_by_node::{PodsByNode, node_of};
use super::shared::tolerations::{Stay, no_execute, stay};
use super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::client::Change;
use crate::engine::Time;
use crate::object::{Object, Str};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

/// Reason and message of an evicted pod's condition.
const WHY: Why = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");

/// The taint eviction controller.
#[derive(Clone, Debug, Default)]
pub(super) struct TaintEviction {
    pods: PodsByNode,
    evictions: BTreeMap<ObjectKey, PlannedEviction>,
}

/// The planned deletion of a pod.
#[derive(Clone, Debug)]
struct PlannedEviction {
    uid: Str,
    /// When its toleration began.
    since: Time,
    due: Time,
    done: bool,
}

impl TaintEviction {
    /// Decides when to evict a pod; `None` if it may stay.
    fn plan(&mut self, pod: &Object, node: Option<&Object>, now: Time) -> Option<&PlannedEviction> {
        let key = ObjectKey::of(pod);
        let old = self.evictions.remove(&key).filter(|eviction| eviction.uid == pod.uid());
        let new = |since: Time, due: Time| PlannedEviction { uid: pod.uid().into(), since, due, done: false };
        let planned = match node {
            // The deletion of a node cancels nothing.
            None => old,
            Some(node) => match stay(pod, no_execute(node)) {
                Stay::ForGood => None,
                Stay::For(0) => old.filter(|old| old.done).or_else(|| Some(new(now, now))),
                Stay::For(ms) => match old {
                    Some(old) if old.done || old.since < now => Some(old),
                    Some(old) => Some(new(old.since, now + ms)),
                    None => Some(new(now, now + ms)),
                },
            },
        };
        let planned = planned?;
        Some(self.evictions.entry(key).or_insert(planned))
    }
}

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NODES, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *NODES {
            let taints = |node: Option<&Arc<Object>>| {
                node.map(|node| no_execute(node).cloned().collect::<Vec<_>>()).unwrap_or_default()
            };
            if taints(change.old.as_ref()) != taints(change.new.as_ref()) {
                out.push(SyncKey::of(*NODES, change.object()));
            }
            return;
        }
        let moved = self.pods.note(change);
        const TOLERATIONS: &[&str] = &["spec", "tolerations"];
        let both = change.old.as_ref().zip(change.new.as_ref());
        let differs = |(old, new): (&Arc<Object>, &Arc<Object>)| old.at(TOLERATIONS) != new.at(TOLERATIONS);
        if moved || both.is_some_and(differs) {
            out.push(SyncKey::of(*PODS, change.object()));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        if target.resource == *NODES {
            let pods = self.pods.on(&target.key.name).map(|pod| SyncKey::new(*PODS, pod.clone()));
            pods.for_each(|pod| out.also(pod));
            return out;
        }
        let Some(pod) = caches.of(*PODS).get(&target.key) else {
            self.evictions.remove(&target.key);
            return out;
        };
        let node = caches.of(*NODES).get(&ObjectKey::new("", node_of(pod)));
        match self.plan(pod, node.map(|node| &**node), now) {
            Some(eviction) if !eviction.done && eviction.due <= now => {
                if let Some(request) = disruption_target::mark(pod, Some(WHY), None, now) {
                    out.then(request);
                }
                out.then(Request::delete(*PODS, &target.key));
            }
            Some(eviction) if !eviction.done => out.after(eviction.due.since(now)),
            _ => {}
        }
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let verdict = match answer.failure() {
            Some(failure) if failure.code == 404 => Verdict::Fine,
            _ => Verdict::usual(call, answer),
        };
        if call.verb == Verb::Delete
            && verdict == Verdict::Fine
            && let Some(eviction) = self.evictions.get_mut(&target.key)
        {
            eviction.done = true;
        }
        verdict
    }
}
