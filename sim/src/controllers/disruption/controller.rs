//! Which budgets a change concerns, and one sync.

use std::sync::Arc;

use super::expected::{expected, sized};
use super::status::{Disrupted, fail, healthy, update};
use crate::client::Change;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{LabelSelector, Object};
use crate::wire::Resource;
use crate::wire::resource::{POD_DISRUPTION_BUDGETS, PODS};

/// The controller of PodDisruptionBudgets.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct Disruptions;

impl Controller for Disruptions {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These([*POD_DISRUPTION_BUDGETS, *PODS].into_iter().chain(sized()).collect())
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *POD_DISRUPTION_BUDGETS {
            out.push(SyncKey::of(resource, change.object()));
        } else if resource == *PODS {
            let pod = change.object();
            let budgets = caches.of(*POD_DISRUPTION_BUDGETS).in_namespace(pod.namespace());
            let concerned = budgets.filter(|budget| selects(budget, pod));
            out.extend(concerned.map(|budget| SyncKey::of(*POD_DISRUPTION_BUDGETS, budget)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(budget) = caches.of(target.resource).get(&target.key) else { return out };
        let in_namespace = caches.of(*PODS).in_namespace(budget.namespace());
        let pods: Vec<Arc<Object>> = in_namespace.filter(|pod| selects(budget, pod)).cloned().collect();
        let request = match expected(budget, &pods, caches) {
            Ok(expected) => {
                let (disrupted, first_end) = Disrupted::of(budget, &pods, now);
                if let Some(end) = first_end {
                    out.after(end.since(now) + 1);
                }
                update(budget, expected, healthy(&pods, &disrupted), &disrupted, now)
            }
            // The status reports it; the next change brings the next try.
            Err(why) => fail(budget, &why, now),
        };
        if let Some(request) = request {
            out.then(request);
        }
        out
    }
}

/// Whether a budget selects a pod. One without a selector selects none.
fn selects(budget: &Object, pod: &Object) -> bool {
    let selector = budget.at(&["spec", "selector"]).filter(|selector| !selector.is_null());
    let selector = selector.map(LabelSelector::from_value);
    selector.is_some_and(|selector| selector.is_ok_and(|selector| selector.matches(pod.labels())))
}
