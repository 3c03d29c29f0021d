//! The ReplicaSet with the deployment's template, the older ones, and their revisions.
//!
//! Real: pkg/controller/deployment/sync.go `getNewReplicaSet` and util `SetNewReplicaSetAnnotations`. Modelled: all of it.

use std::cmp::Ordering;
use std::sync::Arc;

use super::rolling::Strategy;
use super::rollout::{Rollout, Stop};
use super::{rolling, status};
use crate::controllers::Caches;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::shared::template_hash::pod_template_hash;
use crate::controllers::shared::workload::replicas;
use crate::object::{Key, Map, Object, Str, Value};
use crate::value;
use crate::wire::resource::{DEPLOYMENTS, REPLICA_SETS};
use crate::wire::{ObjectKey, Request};

const HASH: &str = "pod-template-hash";
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a deployment that its sets do not inherit.
const NOT_INHERITED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
    "deprecated.deployment.rollback.to",
];
/// Length of the revision history, in bytes (pkg/controller/deployment `maxRevHistoryLengthInChars`).
const HISTORY_MAX: usize = 2000;

/// Oldest first, then by name.
pub(super) fn age_order(a: &Object, b: &Object) -> Ordering {
    let created = |set: &Object| Str::new(set.meta("creationTimestamp"));
    created(a).cmp(&created(b)).then_with(|| a.name().cmp(b.name()))
}

/// The revision of a set; 0 if it has none.
pub(super) fn revision(set: &Object) -> i64 {
    set.annotation(REVISION).and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

/// The annotations of a set with the size of the deployment at its last scaling.
pub(super) fn sizes(strategy: &Strategy) -> [(&'static str, String); 2] {
    [(DESIRED, strategy.wanted.to_string()), (MAXIMUM, strategy.most().to_string())]
}

/// Whether two templates are equal apart from the hash label.
fn same_template(a: Option<&Value>, b: Option<&Value>) -> bool {
    let (Some(a), Some(b)) = (a.and_then(Value::as_map), b.and_then(Value::as_map)) else { return false };
    let metadata = |map: &'_ Map| map.get("metadata").and_then(Value::as_map).cloned().unwrap_or_default();
    a.get("spec") == b.get("spec") && {
        let (a, b) = (metadata(a), metadata(b));
        let others = |(key, _): &&(Key, Value)| key.as_str() != "labels";
        let labels = |map: &Map| map.get("labels").and_then(Value::as_map).cloned().unwrap_or_default();
        let no_hash = |(key, _): &&(Key, Value)| key.as_str() != HASH;
        a.iter().filter(others).eq(b.iter().filter(others))
            && labels(&a).iter().filter(no_hash).eq(labels(&b).iter().filter(no_hash))
    }
}

impl Rollout<'_> {
    /// Finds the new set among all.
    pub(super) fn find_new(&mut self) {
        let template = self.deployment.at(&["spec", "template"]);
        let is_new = |set: &Arc<Object>| same_template(set.at(&["spec", "template"]), template);
        self.new = self.old.iter().position(is_new).map(|i| self.old.remove(i));
    }

    fn next_revision(&self) -> i64 {
        self.old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1
    }

    /// Updates the new set's annotations and the deployment's revision.
    pub(super) fn sync_revision(&mut self) -> Result<(), Stop> {
        let Some(new) = self.new.clone() else { return Ok(()) };
        let mut updated = new.root().clone();
        self.annotate(&mut updated, new.annotation(REVISION));
        let min_ready = self.deployment.at(&["spec", "minReadySeconds"]);
        if new.at(&["spec", "minReadySeconds"]) != min_ready {
            match min_ready {
                Some(seconds) => updated.set_at(&["spec", "minReadySeconds"], seconds.clone()),
                None => drop(updated.remove_at(&["spec", "minReadySeconds"])),
            }
        }
        if updated != *new.root() {
            self.out.then(Request::update(*REPLICA_SETS, Object::shared(updated)));
            return Err(Stop);
        }
        let revision = new.annotation(REVISION);
        let stale = revision.is_some() && self.deployment.annotation(REVISION) != revision;
        if stale {
            self.revision = revision.map(Str::new);
        }
        let found = self.has_deadline() && status::find(&self.conditions, "Progressing").is_none();
        if found {
            let message = format!("Found new replica set \"{}\"", new.name());
            self.set_condition("Progressing", "True", "FoundNewReplicaSet", &message);
        }
        if stale || found {
            self.write_conditions();
        }
        Ok(())
    }

    /// Annotates the new set with the deployment's annotations, the revision and the revision history.
    fn annotate(&self, set: &mut Value, had: Option<&str>) {
        let inherited = self.deployment.at(&["metadata", "annotations"]).and_then(Value::as_map);
        for (name, value) in inherited.into_iter().flatten() {
            let path = ["metadata", "annotations", name.as_str()];
            if !NOT_INHERITED.contains(&name.as_str()) && set.at(&path) != Some(value) {
                set.set_at(&path, value.clone());
            }
        }
        let next = self.next_revision();
        let old: i64 = had.and_then(|revision| revision.parse().ok()).unwrap_or(0);
        if old >= next {
            return;
        }
        set.set_at(&["metadata", "annotations", REVISION], next.to_string());
        if let Some(had) = had {
            let history = set.str_at(&["metadata", "annotations", HISTORY]).unwrap_or_default();
            let mut history = if history.is_empty() { had.to_owned() } else { format!("{history},{had}") };
            while history.len() > HISTORY_MAX
                && let Some((_, rest)) = history.split_once(',')
            {
                history = rest.to_owned();
            }
            set.set_at(&["metadata", "annotations", HISTORY], history);
        }
    }

    /// Creates the new set if there is none.
    pub(super) fn create_new(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        if self.new.is_some() {
            return Ok(());
        }
        let collisions = self.deployment.i64_at(&["status", "collisionCount"]);
        let template = self.deployment.at(&["spec", "template"]).cloned().unwrap_or_default();
        let hash = pod_template_hash(&template, collisions);
        let name = format!("{}-{hash}", self.deployment.name());
        if let Some(failure) = failure.filter(|_| self.has_deadline()) {
            let message = format!("Failed to create new replica set \"{name}\": {failure}");
            self.set_condition("Progressing", "False", "ReplicaSetCreateError", &message);
            if self.conditions != self.deployment.items_at(&["status", "conditions"]) {
                self.write_conditions();
            }
        }
        if caches.of(*REPLICA_SETS).get(&ObjectKey::new(self.deployment.namespace(), name.as_str())).is_some()
        {
            // A set with another template has this name.
            self.write_status(false, |status| {
                status.set_at(&["collisionCount"], collisions.unwrap_or(0) + 1)
            });
            return Err(Stop);
        }
        let set = self.new_set(&name, &hash, template);
        self.out.then(Request::create(*REPLICA_SETS, set.clone()));
        self.new = Some(set);
        self.revision = Some(Str::new(self.next_revision().to_string()));
        if self.has_deadline() {
            let message = format!("Created new replica set \"{name}\"");
            self.set_condition("Progressing", "True", "NewReplicaSetCreated", &message);
        }
        self.write_conditions();
        Ok(())
    }

    fn new_set(&self, name: &str, hash: &str, mut template: Value) -> Arc<Object> {
        let deployment = self.deployment;
        template.set_at(&["metadata", "labels", HASH], hash);
        let mut selector = deployment.at(&["spec", "selector"]).cloned().unwrap_or_default();
        selector.set_at(&["matchLabels", HASH], hash);
        let total = self.old.iter().map(|set| replicas(set)).sum();
        let size = rolling::grown(&self.strategy, total, 0);
        let owner = Owner { resource: *DEPLOYMENTS, kind: "Deployment", object: deployment };
        let labels = template.at(&["metadata", "labels"]).cloned().unwrap_or_default();
        let mut set = value!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": (deployment.namespace()),
                "labels": labels,
                "ownerReferences": [(controller_ref(&owner))]
            },
            "spec": {"replicas": size, "selector": selector, "template": template}
        });
        if let Some(seconds) = deployment.at(&["spec", "minReadySeconds"]) {
            set.set_at(&["spec", "minReadySeconds"], seconds.clone());
        }
        self.annotate(&mut set, None);
        for (name, value) in sizes(&self.strategy) {
            set.set_at(&["metadata", "annotations", name], value);
        }
        Object::shared(set)
    }
}
