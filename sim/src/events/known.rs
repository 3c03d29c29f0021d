//! What was committed before, as far as words depend on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::words::MANAGER;
use crate::object::{Object, Str};
use crate::wire::resource::{JOBS, NAMESPACES, NODES, PODS};
use crate::wire::{Commit, ObjectKey};

/// Objects as they are before a commit.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By uid.
    objects: BTreeMap<Str, Arc<Object>>,
    pods: BTreeMap<ObjectKey, Arc<Object>>,
    nodes: BTreeMap<Str, Arc<Object>>,
    /// Namespaces that go.
    going: BTreeSet<Str>,
    /// Jobs that their cron job deleted.
    reaped: BTreeSet<Str>,
    /// Pods whose preemptor was told.
    preempted: BTreeSet<Str>,
}

impl Known {
    /// Takes in a commit of this actor.
    pub(super) fn learn(&mut self, actor: &str, commit: &Commit) {
        let object = commit.object();
        if matches!(commit.resource.plural(), "leases" | "endpointslices") {
            return;
        }
        if commit.resource == *JOBS && self.is_reaped(actor, commit) {
            self.reaped.insert(object.uid().into());
        }
        if commit.resource == *NAMESPACES {
            let name = Str::from(object.name());
            let goes = commit.new.as_ref().is_some_and(|new| new.is_terminating());
            let _ = if goes { self.going.insert(name) } else { self.going.remove(&name) };
        }
        let Some(new) = &commit.new else {
            self.objects.remove(object.uid());
            self.pods.retain(|_, pod| commit.resource != *PODS || pod.uid() != object.uid());
            if commit.resource == *NODES {
                self.nodes.remove(object.name());
            }
            return;
        };
        if commit.resource == *PODS {
            self.pods.insert(commit.key.clone(), new.clone());
        } else if commit.resource == *NODES {
            self.nodes.insert(new.name().into(), new.clone());
        }
        self.objects.insert(new.uid().into(), new.clone());
    }

    /// The object with this uid.
    pub(super) fn get(&self, uid: &str) -> Option<&Arc<Object>> {
        self.objects.get(uid)
    }

    pub(super) fn node(&self, name: &str) -> Option<&Arc<Object>> {
        self.nodes.get(name)
    }

    pub(super) fn pods(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.pods.values()
    }

    /// The objects of a kind in a namespace.
    pub(super) fn of_kind(&self, kind: &str, namespace: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values().filter(move |o| o.kind() == kind && o.namespace() == namespace)
    }

    /// Whether it goes because its owner or its namespace does: the garbage collector or the namespace controller
    /// deletes it.
    pub(super) fn goes_with_its_owner(&self, object: &Object) -> bool {
        let owner = object.controller().and_then(|owner| self.get(owner.uid));
        self.going.contains(object.namespace()) || owner.is_none_or(|owner| owner.is_terminating())
    }

    /// Whether with this commit a cron job deletes a job: for its history, or to replace it. The TTL controller, which is
    /// the same actor, deletes in the foreground.
    pub(super) fn is_reaped(&self, actor: &str, commit: &Commit) -> bool {
        let goes = |job: Option<&Arc<Object>>| job.is_none_or(|job| job.is_terminating());
        let job = commit.object();
        let foreground = job
            .items_at(&["metadata", "finalizers"])
            .iter()
            .any(|f| f.as_str() == Some("foregroundDeletion"));
        actor == MANAGER
            && !foreground
            && goes(commit.new.as_ref())
            && !goes(commit.old.as_ref())
            && job.controller().is_some_and(|owner| owner.kind == "CronJob")
            && !self.goes_with_its_owner(job)
    }

    /// Whether a cron job deleted the job with this uid.
    pub(super) fn was_reaped(&self, uid: &str) -> bool {
        self.reaped.contains(uid)
    }

    /// Notes that it was told who preempted a pod.
    pub(super) fn note_preempted(&mut self, uid: &Str) {
        self.preempted.insert(uid.clone());
    }

    pub(super) fn was_preempted(&self, uid: &str) -> bool {
        self.preempted.contains(uid)
    }
}
