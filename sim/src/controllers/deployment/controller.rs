//! Which deployments a change concerns, and what failed requests mean. `rollout` does the sync.

use std::collections::BTreeMap;

use super::rolling::Strategy;
use super::rollout::Rollout;
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, may_adopt, owners_of};
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, keys};
use crate::wire::resource::{DEPLOYMENTS, PODS, REPLICA_SETS};
use crate::wire::{Answer, ObjectKey, Resource, Verb};

/// The controller of Deployments.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Deployments {
    /// Why the last sync could not create a ReplicaSet.
    failures: BTreeMap<SyncKey, Str>,
}

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*DEPLOYMENTS, *REPLICA_SETS, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *DEPLOYMENTS {
            out.push(SyncKey::of(resource, change.object()));
        } else if resource == *REPLICA_SETS {
            owners_of(change, (*DEPLOYMENTS, "Deployment"), caches, out);
        } else if change.new.is_none() {
            // A Recreate deployment waits until its last old pod is gone.
            out.extend(recreating(change.object(), caches));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let failure = self.failures.remove(target);
        let Some(deployment) = caches.of(*DEPLOYMENTS).get(&target.key) else { return Outcome::done() };
        let Some(Ok(selector)) = deployment.spec(keys::SELECTOR).map(LabelSelector::from_value) else {
            return Outcome::done();
        };
        let mut out = Outcome::done();
        let owner = Owner { resource: *DEPLOYMENTS, kind: "Deployment", object: deployment };
        let sets = owner.claim(&selector, caches.of(*REPLICA_SETS), |_| true, None, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let mut rollout = Rollout::new(deployment, sets, now, out);
        rollout.sync(caches, failure.as_deref());
        rollout.out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(*DEPLOYMENTS).get(&target.key));
        }
        let verdict = Verdict::usual(call, answer);
        if verdict == Verdict::Fine && call.verb == Verb::Create && answer.failure().is_some() {
            // The namespace is terminating: nothing was created, and no condition reports it.
            return Verdict::Retry;
        }
        if let (Some(failure), Verb::Create, Verdict::Retry) = (answer.failure(), call.verb, verdict)
            && failure.reason != "AlreadyExists"
        {
            self.failures.insert(target.clone(), failure.message.as_str().into());
        }
        verdict
    }
}

/// The deployment of a pod, if its strategy is Recreate.
fn recreating(pod: &Object, caches: &Caches) -> Option<SyncKey> {
    let set = caches.of(*REPLICA_SETS).get(&ObjectKey::new(pod.namespace(), pod.controller()?.name))?;
    let deployment = caches.of(*DEPLOYMENTS).get(&ObjectKey::new(set.namespace(), set.controller()?.name))?;
    (!Strategy::of(deployment).rolling).then(|| SyncKey::of(*DEPLOYMENTS, deployment))
}
