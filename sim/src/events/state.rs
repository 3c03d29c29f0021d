//! The objects as they are before a commit, as far as Events depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::object::{Object, Str};
use crate::wire::resource::{JOBS, NAMESPACES, NODES, PODS};
use crate::wire::{Commit, ObjectKey};

/// The actor of all controllers.
pub(super) const MANAGER: &str = "kube-controller-manager";

/// The objects before the next commit.
#[derive(Debug, Default)]
pub(super) struct PriorState {
    /// By uid.
    objects: BTreeMap<Str, Arc<Object>>,
    pods: BTreeMap<ObjectKey, Arc<Object>>,
    nodes: BTreeMap<Str, Arc<Object>>,
    terminating: BTreeSet<Str>,
    /// Uids of jobs that their cron job deleted.
    deleted_by_cron_job: BTreeSet<Str>,
    /// Uids of pods whose preemption is reported.
    preempted: BTreeSet<Str>,
}

impl PriorState {
    pub(super) fn apply(&mut self, actor: &str, commit: &Commit) {
        let object = commit.object();
        if matches!(commit.resource.plural(), "leases" | "endpointslices") {
            return;
        }
        if commit.resource == *JOBS && self.is_deleted_by_cron_job(actor, commit) {
            self.deleted_by_cron_job.insert(object.uid().into());
        }
        if commit.resource == *NAMESPACES {
            match commit.new.as_ref().is_some_and(|new| new.is_terminating()) {
                true => _ = self.terminating.insert(object.name().into()),
                false => _ = self.terminating.remove(object.name()),
            }
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

    pub(super) fn get(&self, uid: &str) -> Option<&Arc<Object>> {
        self.objects.get(uid)
    }

    pub(super) fn node(&self, name: &str) -> Option<&Arc<Object>> {
        self.nodes.get(name)
    }

    pub(super) fn pods(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.pods.values()
    }

    pub(super) fn of_kind(&self, kind: &str, namespace: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values().filter(move |o| o.kind() == kind && o.namespace() == namespace)
    }

    /// Whether the garbage collector or the namespace controller deletes it, because its owner or namespace is deleted.
    pub(super) fn is_collected(&self, object: &Object) -> bool {
        let owner = object.controller().and_then(|owner| self.get(owner.uid));
        self.terminating.contains(object.namespace()) || owner.is_none_or(|owner| owner.is_terminating())
    }

    /// Whether a cron job deletes a job with this commit: for its history limit, or to replace it. The TTL controller has
    /// the same actor, but deletes in the foreground.
    pub(super) fn is_deleted_by_cron_job(&self, actor: &str, commit: &Commit) -> bool {
        let goes = |job: Option<&Arc<Object>>| job.is_none_or(|job| job.is_terminating());
        let job = commit.object();
        let mut finalizers = job.items_at(&["metadata", "finalizers"]).iter();
        let foreground = finalizers.any(|finalizer| finalizer.as_str() == Some("foregroundDeletion"));
        actor == MANAGER
            && !foreground
            && goes(commit.new.as_ref())
            && !goes(commit.old.as_ref())
            && job.controller().is_some_and(|owner| owner.kind == "CronJob")
            && !self.is_collected(job)
    }

    pub(super) fn was_deleted_by_cron_job(&self, uid: &str) -> bool {
        self.deleted_by_cron_job.contains(uid)
    }

    pub(super) fn note_preempted(&mut self, uid: &Str) {
        self.preempted.insert(uid.clone());
    }

    pub(super) fn was_preempted(&self, uid: &str) -> bool {
        self.preempted.contains(uid)
    }
}
