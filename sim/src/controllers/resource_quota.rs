//! The ResourceQuota controller: recalculates the usage of a namespace.
//!
//! Real: pkg/controller/resourcequota. Modelled: recalculation after changes of a quota, deletions, finished pods, changed
//! types of Services, and every 5 minutes; only the latter finds pods that have overstayed their grace. The API server's
//! admission charges creations. Not modelled: what `object::quota` leaves out.

use std::sync::Arc;

use super::{Caches, Controller, Outcome, SyncKey, Watches};

use crate::client::Change;
use crate::controllers::shared::pods;
use crate::engine::{Millis, Time};
use crate::object::quota::{Amounts, in_scope, is_about, usage, usage_of_ended_pod};
use crate::object::{Object, Quantity, Str, Value};
use crate::value;
use crate::wire::resource::RESOURCE_QUOTAS;
use crate::wire::{Request, Resource};

/// Period of the full recalculation (kube-controller-manager `--resource-quota-sync-period`).
const RESYNC_MS: Millis = 300_000;

/// The controller of ResourceQuotas.
#[derive(Clone, Debug)]
pub(super) struct ResourceQuotas;

impl Controller for ResourceQuotas {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn watches(&self) -> Watches {
        Watches::All
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *RESOURCE_QUOTAS {
            let spec = |quota: &Option<Arc<Object>>| quota.as_ref().and_then(|q| q.at(&["spec"]).cloned());
            if spec(&change.old) != spec(&change.new) {
                out.push(SyncKey::of(resource, object));
            }
        } else if frees(change) {
            let Some(quotas) = caches.find(*RESOURCE_QUOTAS) else { return };
            let (group, plural) = (resource.group(), resource.plural());
            let concerned = quotas
                .in_namespace(object.namespace())
                .filter(|quota| limits(quota).any(|limit| is_about(limit, group, plural)));
            out.extend(concerned.map(|quota| SyncKey::of(*RESOURCE_QUOTAS, quota)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(quota) = caches.get(*RESOURCE_QUOTAS, &target.key) else { return out };
        out.after(RESYNC_MS);
        let hard = quota.at(&["spec", "hard"]).cloned().unwrap_or_else(Value::empty_map);
        let used: Value = used(quota, caches, now)
            .into_iter()
            .map(|(name, amount)| (crate::object::Key::new(&name), amount.to_string().into()))
            .collect::<crate::object::Map>()
            .into();
        let status = value!({"hard": hard, "used": used});
        if quota.at(&["status"]) != Some(&status) {
            let updated = quota.edited(|root| root.set_at(&["status"], status));
            out.then(Request::update_status(*RESOURCE_QUOTAS, Arc::new(updated)));
        }
        out
    }
}

/// Whether the change can free quota: a deletion, a finished pod, another type of a Service.
fn frees(change: &Change) -> bool {
    match (&change.old, &change.new) {
        (_, None) => true,
        (Some(old), Some(new)) if new.kind() == "Pod" => pods::is_finished(new) && !pods::is_finished(old),
        (Some(old), Some(new)) => new.kind() == "Service" && quota_type(old) != quota_type(new),
        (None, Some(_)) => false,
    }
}

/// The type of a Service, if quotas count it (`GetQuotaServiceType`).
fn quota_type(service: &Object) -> Option<&str> {
    let kind = service.str_at(&["spec", "type"]);
    kind.filter(|kind| matches!(*kind, "NodePort" | "LoadBalancer"))
}

/// Whether a pod still exists although twice its grace has passed (`QuotaV1Pod`): its node may be lost.
fn overstays(pod: &Object, now: Time) -> bool {
    let grace_s = pod.i64_at(&["metadata", "deletionGracePeriodSeconds"]);
    let ends = Time::parse_rfc3339(pod.meta("deletionTimestamp"));
    ends.zip(grace_s).is_some_and(|(ends, grace_s)| now > ends + grace_s.max(0).unsigned_abs() * 1000)
}

fn limits(quota: &Object) -> impl Iterator<Item = &str> {
    quota.at(&["spec", "hard"]).and_then(Value::as_map).into_iter().flatten().map(|(name, _)| name.as_str())
}

/// The usage of the cached objects of the namespace, by the names that the quota limits.
fn used(quota: &Object, caches: &Caches, now: Time) -> Amounts {
    let mut used: Amounts = limits(quota).map(|limit| (Str::new(limit), Quantity::ZERO)).collect();
    for cache in caches.namespaced() {
        let (group, plural) = (cache.resource().group(), cache.resource().plural());
        if !limits(quota).any(|limit| is_about(limit, group, plural)) {
            continue;
        }
        for object in cache.in_namespace(quota.namespace()).filter(|object| in_scope(quota, plural, object)) {
            let overstays = plural == "pods" && overstays(object, now);
            let amounts = if overstays { usage_of_ended_pod() } else { usage(group, plural, object) };
            for (name, amount) in amounts {
                if let Some(sum) = used.get_mut(&name) {
                    *sum = *sum + amount;
                }
            }
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_overstays_when_its_grace_has_passed_twice() {
        let metadata =
            value!({"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30});
        let pod = Object::new(value!({"metadata": metadata}));
        assert_eq!([60_000, 60_001].map(|now| overstays(&pod, Time(now))), [false, true]);
        assert!(!overstays(&Object::new(value!({})), Time(60_001)));
    }

    #[test]
    fn a_service_that_changes_its_type_frees_quota() {
        let service =
            |kind: &str| Some(Arc::new(Object::new(value!({"kind": "Service", "spec": {"type": kind}}))));
        let frees = |old, new| frees(&Change { old: service(old), new: service(new) });
        assert!(frees("LoadBalancer", "ClusterIP") && frees("NodePort", "LoadBalancer"));
        assert!(!frees("ClusterIP", "ExternalName") && !frees("NodePort", "NodePort"));
    }
}
