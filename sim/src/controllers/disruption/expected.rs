//! How many pods there should be, and how many of them should be healthy.
//!
//! Real: `getExpectedPodCount`, `getExpectedScale` and its finders. Modelled: ReplicationControllers, Deployments,
//! ReplicaSets and StatefulSets by `spec.replicas`; percentages are rounded up.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::controllers::Caches;
use crate::controllers::shared::workload::{replicas, scaled};
use crate::object::{Object, Value};
use crate::wire::resource::{DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS};
use crate::wire::{ObjectKey, Resource};

/// The workloads with a size, by kind.
static WORKLOADS: LazyLock<[(&str, Resource); 4]> = LazyLock::new(|| {
    [
        ("Deployment", *DEPLOYMENTS),
        ("ReplicaSet", *REPLICA_SETS),
        ("StatefulSet", *STATEFUL_SETS),
        ("ReplicationController", *REPLICATION_CONTROLLERS),
    ]
});

/// The resources of these workloads.
pub(super) fn sized() -> impl Iterator<Item = Resource> {
    WORKLOADS.iter().map(|(_, resource)| *resource)
}

/// What a budget expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Expected {
    pub(super) pods: i64,
    pub(super) healthy: i64,
}

/// What a budget expects of its pods; an error if a pod's workload has no size.
pub(super) fn expected(budget: &Object, pods: &[Arc<Object>], caches: &Caches) -> Result<Expected, String> {
    if let Some(most) = budget.at(&["spec", "maxUnavailable"]) {
        let all = scale(pods, caches)?;
        return Ok(Expected { pods: all, healthy: (all - scaled(Some(most), all, true)).max(0) });
    }
    match budget.at(&["spec", "minAvailable"]) {
        Some(Value::Int(least)) => {
            Ok(Expected { pods: i64::try_from(pods.len()).unwrap_or(i64::MAX), healthy: *least })
        }
        Some(least) => {
            let all = scale(pods, caches)?;
            Ok(Expected { pods: all, healthy: scaled(Some(least), all, true) })
        }
        None => Ok(Expected { pods: 0, healthy: 0 }),
    }
}

/// The sum of the sizes of the pods' workloads. Pods without a controller do not count.
fn scale(pods: &[Arc<Object>], caches: &Caches) -> Result<i64, String> {
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    for pod in pods {
        let Some(owner) = pod.controller() else { continue };
        if !sizes.contains_key(owner.uid) {
            let (uid, size) = workload_of(pod, caches)?;
            sizes.insert(owner.uid.to_owned(), 0);
            sizes.insert(uid, size);
        }
    }
    Ok(sizes.values().sum())
}

/// The workload that sets the size of a pod's controller: itself, or the deployment of a replica set.
fn workload_of(pod: &Object, caches: &Caches) -> Result<(String, i64), String> {
    let missing = || format!("found no controllers for pod \"{}\"", pod.name());
    let mut object: Arc<Object> = controller_of(pod, caches)?.ok_or_else(missing)?;
    if let Some(owner) = object.controller() {
        let kind = owner.kind.to_owned();
        if let Some(deployment) = controller_of(&object, caches)?.filter(|_| kind == "Deployment") {
            object = deployment;
        }
    }
    Ok((object.uid().to_owned(), replicas(&object)))
}

/// The managing controller of an object. An error if its kind has no size.
fn controller_of(object: &Object, caches: &Caches) -> Result<Option<Arc<Object>>, String> {
    let Some(owner) = object.controller() else { return Ok(None) };
    let workload =
        WORKLOADS.iter().find(|(kind, r)| *kind == owner.kind && r.api_version() == owner.api_version);
    let Some((_, resource)) = workload else {
        let plural =
            caches.kind(owner.api_version, owner.kind).map_or(owner.kind, |kind| kind.resource.plural());
        let group = owner.api_version.split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
        return Err(format!("{plural}{group} does not implement the scale subresource"));
    };
    let key = ObjectKey::new(object.namespace(), owner.name);
    Ok(caches.get(*resource, &key).filter(|found| found.uid() == owner.uid).cloned())
}
