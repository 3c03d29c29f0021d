//! Which deployments a change concerns, and what refused requests mean. What a sync does is in `rollout`.

use std::collections::BTreeMap;

use super::rolling::Strategy;
use super::rollout::Rollout;
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, may_adopt, owners_of};
use crate::controllers::{Caches, Call, Controller, Outcome, Target, Verdict, Watches};
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, keys};
use crate::wire::resource::{DEPLOYMENTS, PODS, REPLICA_SETS};
use crate::wire::{Answer, ObjectKey, Resource, Verb};

/// The controller of Deployments.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Deployments {
    /// Why a ReplicaSet could not be created last time.
    failures: BTreeMap<Target, Str>,
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
            owners_of(change, (*DEPLOYMENTS, "Deployment"), caches, out);
        } else if change.new.is_none() {
            // A Recreate deployment waits for the last old pod to go.
            out.extend(recreating(change.object(), caches));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        let failure = self.failures.remove(target);
        let Some(deployment) = caches.of(*DEPLOYMENTS).get(&target.key) else { return Outcome::done() };
        let Some(Ok(selector)) = deployment.spec(keys::SELECTOR).map(LabelSelector::from_value) else {
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
        rollout.sync(caches, failure.as_deref());
        rollout.out
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(*DEPLOYMENTS).get(&target.key));
        }
        let verdict = Verdict::usual(call, answer);
        if verdict == Verdict::Fine && call.verb == Verb::Create && answer.failure().is_some() {
            // Its namespace is going: nothing was created, and nothing is said of it.
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

/// The deployment with strategy Recreate that a pod belongs to.
fn recreating(pod: &Object, caches: &Caches) -> Option<Target> {
    let set = caches.of(*REPLICA_SETS).get(&ObjectKey::new(pod.namespace(), pod.controller()?.name))?;
    let deployment = caches.of(*DEPLOYMENTS).get(&ObjectKey::new(set.namespace(), set.controller()?.name))?;
    (!Strategy::of(deployment).rolling).then(|| Target::of(*DEPLOYMENTS, deployment))
}
