//! The Deployment controller: rolls ReplicaSets from one pod template to the next.
//!
//! - `sets`: which ReplicaSet is new, which are old; revisions; the new one's creation
//! - `rolling`: how far to grow and shrink, pure arithmetic
//! - `scale`: scaling proportionally when the size changes in mid-rollout
//! - `status`: counts, conditions, the progress deadline
//!
//! Real: pkg/controller/deployment. Modelled: RollingUpdate and Recreate, pause and resume, revisions and their history,
//! adoption, hash collisions, progress deadline, ReplicaFailure. Not modelled: Events; the second status write of a sync,
//! which a real server refuses because the first one made it stale, is not sent.

mod rolling;
mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::claim::{Owner, may_adopt, owners_of};
use super::{Caches, Call, Controller, Outcome, Target, Verdict, Watches, pods, replicaset};
use crate::client::{Change, Informer};
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, Value};
use crate::wire::resource::{DEPLOYMENTS, PODS, REPLICA_SETS};
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};
use rolling::{Size, Strategy};

/// The controller of Deployments.
#[derive(Debug, Default)]
pub(super) struct Deployments {
    /// Why a ReplicaSet could not be created last time.
    failures: BTreeMap<Target, Str>,
}

/// One sync of one deployment.
struct Rollout<'a> {
    deployment: &'a Arc<Object>,
    strategy: Strategy,
    /// The set with the deployment's template.
    new: Option<Arc<Object>>,
    /// The other sets, oldest first.
    old: Vec<Arc<Object>>,
    /// The conditions as this sync leaves them.
    conditions: Vec<Value>,
    /// The revision that the deployment has to carry.
    revision: Option<Str>,
    /// Whether a status write is among the requests: a second one would be stale.
    told: bool,
    now: Time,
    out: Outcome,
}

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*DEPLOYMENTS, *REPLICA_SETS, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        if resource == *DEPLOYMENTS {
            out.push(Target::of(resource, change.object()));
        } else if resource == *REPLICA_SETS {
            owners_of(change, (*DEPLOYMENTS, "Deployment"), caches.of(*DEPLOYMENTS), out);
        } else if change.new.is_none() {
            // A Recreate deployment waits for the last old pod to go.
            out.extend(recreating(change.object(), caches));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        let failure = self.failures.remove(target);
        let Some(deployment) = caches.of(*DEPLOYMENTS).get(&target.key) else { return Outcome::done() };
        let Some(Ok(selector)) = deployment.at(&["spec", "selector"]).map(LabelSelector::from_value) else {
            return Outcome::done();
        };
        let mut out = Outcome::done();
        let owner = Owner { resource: *DEPLOYMENTS, kind: "Deployment", object: deployment };
        let sets = owner.claim(&selector, caches.of(*REPLICA_SETS), |_| true, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let mut rollout = Rollout::new(deployment, sets, now, out);
        // Stops early where a write makes the rest of the view stale.
        let _ = rollout.sync(caches, failure.as_deref());
        rollout.out
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            let may = may_adopt(answer, caches.of(*DEPLOYMENTS).get(&target.key));
            return if may { Verdict::Fine } else { Verdict::Retry };
        }
        let verdict = Verdict::usual(call, answer);
        if let (Some(failure), Verb::Create, Verdict::Retry) = (answer.failure(), call.verb, verdict)
            && failure.reason != "AlreadyExists"
        {
            self.failures.insert(target.clone(), failure.message.as_str().into());
        }
        verdict
    }
}

/// The deployment with strategy Recreate that a pod belongs to.
fn recreating(pod: &Object, caches: &Caches) -> Option<Target> {
    let set = caches.of(*REPLICA_SETS).get(&ObjectKey::new(pod.namespace(), pod.controller()?.name))?;
    let deployment = caches.of(*DEPLOYMENTS).get(&ObjectKey::new(set.namespace(), set.controller()?.name))?;
    (!Strategy::of(deployment).rolling).then(|| Target::of(*DEPLOYMENTS, deployment))
}

/// Says that a sync ends here.
struct Stop;

impl<'a> Rollout<'a> {
    fn new(deployment: &'a Arc<Object>, mut sets: Vec<Arc<Object>>, now: Time, out: Outcome) -> Self {
        sets.sort_by(|a, b| sets::age_order(a, b));
        let conditions = deployment.items_at(&["status", "conditions"]).to_vec();
        let strategy = Strategy::of(deployment);
        Self { deployment, strategy, new: None, old: sets, conditions, revision: None, told: false, now, out }
    }

    fn sync(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        self.find_new();
        if self.deployment.is_terminating() {
            self.sync_revision()?;
            self.tell_status();
            return Ok(());
        }
        self.sync_paused();
        self.sync_revision()?;
        if self.is_paused() || self.is_scaling() {
            self.scale();
            if self.is_paused() {
                self.clean_up();
            }
            self.tell_status();
        } else if self.strategy.rolling {
            self.roll(caches, failure)?;
        } else {
            self.recreate(caches, failure)?;
        }
        Ok(())
    }

    fn is_paused(&self) -> bool {
        self.deployment.at(&["spec", "paused"]).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Strategy RollingUpdate: grow the new set; once it needs no more, shrink the old ones.
    fn roll(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        self.create_new(caches, failure)?;
        let Some(new) = self.new.clone() else { return Ok(()) };
        let size = Size::of(&new);
        let total = size.spec + self.old.iter().map(|set| Size::of(set).spec).sum::<i64>();
        let wanted = rolling::grown(&self.strategy, total, size.spec);
        if !self.resize(&new, wanted) && !self.shrink_old(size) && self.is_complete() {
            self.clean_up();
        }
        self.tell_rollout();
        Ok(())
    }

    /// Shrinks the old sets as far as availability allows. Whether one changed.
    fn shrink_old(&mut self, new: Size) -> bool {
        let active: Vec<Arc<Object>> =
            self.old.iter().filter(|set| replicaset::replicas(set) > 0).cloned().collect();
        let sizes: Vec<Size> = active.iter().map(|set| Size::of(set)).collect();
        let shrunk = rolling::shrunk(&self.strategy, new, &sizes);
        active
            .iter()
            .zip(shrunk)
            .map(|(set, size)| self.resize(set, size))
            .fold(false, |any, done| any | done)
    }

    /// Strategy Recreate: all old pods go before the first new one comes.
    fn recreate(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        let active: Vec<Arc<Object>> =
            self.old.iter().filter(|set| replicaset::replicas(set) > 0).cloned().collect();
        let shrunk = active.iter().map(|set| self.resize(set, 0)).fold(false, |any, done| any | done);
        if !shrunk && !self.old_pods_run(caches.of(*PODS)) {
            self.create_new(caches, failure)?;
            if let Some(new) = self.new.clone() {
                self.resize(&new, self.strategy.wanted);
            }
            if self.is_complete() {
                self.clean_up();
            }
        }
        self.tell_rollout();
        Ok(())
    }

    fn old_pods_run(&self, cache: &Informer) -> bool {
        self.old.iter().any(|set| {
            set.i64_at(&["status", "replicas"]).unwrap_or(0) > 0
                || cache.owned_by(set.uid()).any(|pod| !pods::is_finished(pod))
        })
    }

    /// Deletes the oldest revisions beyond the history limit.
    fn clean_up(&mut self) {
        let limit = self.deployment.i64_at(&["spec", "revisionHistoryLimit"]);
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return };
        let mut alive: Vec<&Arc<Object>> = self.old.iter().filter(|set| !set.is_terminating()).collect();
        let surplus = alive.len().saturating_sub(limit);
        alive.sort_by_key(|set| sets::revision(set));
        for set in alive.into_iter().take(surplus) {
            let observed = set.i64_at(&["status", "observedGeneration"]).unwrap_or(0);
            let empty =
                set.i64_at(&["status", "replicas"]).unwrap_or(0) == 0 && replicaset::replicas(set) == 0;
            if empty && set.generation() <= observed {
                self.out.then(Request::delete(*REPLICA_SETS, &ObjectKey::of(set)));
            }
        }
    }
}
