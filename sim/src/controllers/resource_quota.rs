//! The resource quota controller: recalculates what the objects of a namespace count for.
//!
//! Real: pkg/controller/resourcequota. Modelled: calculation of new and changed quotas at once, after deletions and pods that
//! have ended, and every 5 minutes. What is created is charged by the API server's admission, not here. Not modelled: what
//! `object::usage` leaves out.

use std::sync::Arc;

use super::{Caches, Controller, Outcome, Target, Watches, pods};
use crate::client::Change;
use crate::engine::{Millis, Time};
use crate::object::usage::{Amounts, in_scope, is_about, usage};
use crate::object::{Object, Quantity, Str, Value};
use crate::value;
use crate::wire::resource::RESOURCE_QUOTAS;
use crate::wire::{Request, Resource};

/// Everything is recalculated so often (kube-controller-manager `--resource-quota-sync-period`).
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

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        let object = change.object();
        if resource == *RESOURCE_QUOTAS {
            let spec = |quota: &Option<Arc<Object>>| quota.as_ref().and_then(|q| q.at(&["spec"]).cloned());
            if spec(&change.old) != spec(&change.new) {
                out.push(Target::of(resource, object));
            }
        } else if frees(change) {
            let Some(quotas) = caches.find(*RESOURCE_QUOTAS) else { return };
            let (group, plural) = (resource.group(), resource.plural());
            let concerned = quotas
                .in_namespace(object.namespace())
                .filter(|quota| limits(quota).any(|limit| is_about(limit, group, plural)));
            out.extend(concerned.map(|quota| Target::of(*RESOURCE_QUOTAS, quota)));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(quota) = caches.get(*RESOURCE_QUOTAS, &target.key) else { return out };
        out.after(RESYNC_MS);
        let hard = quota.at(&["spec", "hard"]).cloned().unwrap_or_else(Value::empty_map);
        let used: Value = used(quota, caches)
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

/// Whether the change makes room in a quota: the object is gone, or a pod has ended.
fn frees(change: &Change) -> bool {
    match (&change.old, &change.new) {
        (_, None) => true,
        (Some(old), Some(new)) => new.kind() == "Pod" && pods::is_finished(new) && !pods::is_finished(old),
        (None, Some(_)) => false,
    }
}

fn limits(quota: &Object) -> impl Iterator<Item = &str> {
    quota.at(&["spec", "hard"]).and_then(Value::as_map).into_iter().flatten().map(|(name, _)| name.as_str())
}

/// What the cached objects of the namespace count for, by the names that the quota limits.
fn used(quota: &Object, caches: &Caches) -> Amounts {
    let mut used: Amounts = limits(quota).map(|limit| (Str::new(limit), Quantity::ZERO)).collect();
    for cache in caches.namespaced() {
        let (group, plural) = (cache.resource().group(), cache.resource().plural());
        if !limits(quota).any(|limit| is_about(limit, group, plural)) {
            continue;
        }
        for object in cache.in_namespace(quota.namespace()).filter(|object| in_scope(quota, plural, object)) {
            for (name, amount) in usage(group, plural, object) {
                if let Some(sum) = used.get_mut(&name) {
                    *sum = *sum + amount;
                }
            }
        }
    }
    used
}
