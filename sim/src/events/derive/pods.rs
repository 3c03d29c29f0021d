//! The scheduler and the controllers, about pods.

use std::sync::Arc;

use super::report::{Involved, Related, Reports, Source};
use crate::object::{Object, OwnerRef, Str};

/// The controller of taint evictions.
pub(super) const EVICTION: &str = "taint-eviction-controller";

impl Reports<'_> {
    /// What the scheduler reports when it writes a pod.
    pub(super) fn scheduler_on_pod(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        if let (None, Some(node)) = (node_of(old), node_of(new)) {
            let message = format!("Successfully assigned {}/{} to {node}", new.namespace(), new.name());
            self.add(Source::Scheduler, old, "Scheduled", message);
        }
        let why = |pod: &Object| {
            pod.condition("PodScheduled").and_then(|c| c.str_at(&["message"])).map(str::to_owned)
        };
        if let Some(message) = why(new).filter(|message| Some(message) != why(old).as_ref()) {
            self.add(Source::Scheduler, old, "FailedScheduling", message).warn();
        }
        self.preemption(old, new);
    }

    /// Finds the preemptor of a victim: no commit names both, but the scheduler marks the victim and nominates the preemptor
    /// for its node, in either order. Reports nothing if several pods are nominated for the node.
    fn preemption(&mut self, old: &Object, new: &Object) {
        let is_victim = |pod: &Object| is_disruption_target(pod, "PreemptionByScheduler");
        let nominated_to = |pod: &Object| pod.str_at(&["status", "nominatedNodeName"]).map(str::to_owned);
        if is_victim(new) && !is_victim(old) {
            let node = node_of(new).map(str::to_owned);
            let pending = self.state.pods().filter(|pod| node.is_some() && node_of(pod).is_none());
            let mut found =
                pending.filter(|pod| nominated_to(pod) == node && priority(pod) > priority(new)).cloned();
            if let (Some(preemptor), None) = (found.next(), found.next()) {
                self.add_preempted(&preemptor, new);
            }
        }
        if let Some(node) = nominated_to(new).filter(|node| Some(node) != nominated_to(old).as_ref()) {
            let there = self.state.pods().filter(|pod| node_of(pod) == Some(&*node) && is_victim(pod));
            let victims =
                there.filter(|pod| priority(pod) < priority(new) && !self.state.was_preempted(pod.uid()));
            for victim in victims.cloned().collect::<Vec<Arc<Object>>>() {
                self.add_preempted(new, &victim);
            }
        }
    }

    fn add_preempted(&mut self, preemptor: &Object, victim: &Object) {
        let node = node_of(victim).unwrap_or_default();
        let message = format!("Preempted by pod {} on node {node}", preemptor.uid());
        let report = self.add(Source::Scheduler, victim, "Preempted", message);
        let version = preemptor.meta("resourceVersion").into();
        report.related = Some(Box::new(Related(Involved::of(preemptor), version)));
    }

    /// What controllers report when they create, delete or mark a pod.
    pub(super) fn controllers_on_pod(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(pod) = new.or(old) else { return };
        let Some(old) = old else {
            return self.add_about_owner(pod, |owner| created_or_deleted(owner, pod.name(), true));
        };
        let is_going = |pod: Option<&Object>| pod.is_none_or(Object::is_terminating);
        if is_marked_by_taint_eviction(pod) {
            if old.condition("DisruptionTarget").is_none() {
                let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
                self.by_controller(EVICTION, pod, "TaintManagerEviction", message).by_name();
            }
        } else if is_going(new)
            && !old.is_terminating()
            && pod.condition("DisruptionTarget").is_none()
            && !self.state.is_collected(pod)
        {
            self.daemon_pod_ended(old);
            self.add_about_owner(pod, |owner| created_or_deleted(owner, pod.name(), false));
        }
        let is_ready = |pod: &Object| pod.is_condition_true("Ready");
        if new.is_some_and(|new| !is_ready(new)) && is_ready(old) {
            self.by_controller("node-controller", pod, "NodeNotReady", "Node is not ready".to_owned()).warn();
        }
    }

    /// Why a daemon set deletes a pod that has ended (daemon_controller.go `podsShouldBeOnNode`).
    fn daemon_pod_ended(&mut self, pod: &Object) {
        let (reason, how, what) = match pod.str_at(&["status", "phase"]) {
            Some("Failed") => ("FailedDaemonPod", "failed", "kill"),
            Some("Succeeded") => ("SucceededDaemonPod", "succeeded", "delete"),
            _ => return,
        };
        let Some(owner) = pod.controller().filter(|owner| owner.kind == "DaemonSet") else { return };
        let Some(set) = self.state.get(owner.uid).cloned() else { return };
        let (namespace, name, node) = (pod.namespace(), pod.name(), node_of(pod).unwrap_or_default());
        let message =
            format!("Found {how} daemon pod {namespace}/{name} on node {node}, will try to {what} it");
        self.by_controller("daemonset-controller", &set, reason, message).warning = how == "failed";
    }
}

/// What the controller of a pod reports when it creates or deletes the pod.
fn created_or_deleted(owner: OwnerRef<'_>, pod: &str, created: bool) -> Option<(&'static str, Str, String)> {
    let (reason, doing, done) = match created {
        true => ("SuccessfulCreate", "Create", "Created"),
        false => ("SuccessfulDelete", "Delete", "Deleted"),
    };
    let message = match owner.kind {
        "StatefulSet" => format!("{doing} Pod {pod} in StatefulSet {} successful", owner.name),
        _ => format!("{done} pod: {pod}"),
    };
    Some((controller_of_pods(owner.kind)?, reason.into(), message))
}

/// The controller that creates the pods of an owner of this kind.
pub(super) fn controller_of_pods(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "ReplicaSet" => "replicaset-controller",
        "ReplicationController" => "replication-controller",
        "DaemonSet" => "daemonset-controller",
        "Job" => "job-controller",
        "StatefulSet" => "statefulset-controller",
        _ => return None,
    })
}

/// Whether taint eviction has marked the pod.
pub(super) fn is_marked_by_taint_eviction(pod: &Object) -> bool {
    is_disruption_target(pod, "DeletionByTaintManager")
}

fn is_disruption_target(pod: &Object, why: &str) -> bool {
    pod.condition("DisruptionTarget").is_some_and(|c| c.str_at(&["reason"]) == Some(why))
}

fn priority(pod: &Object) -> i64 {
    pod.i64_at(&["spec", "priority"]).unwrap_or(0)
}

pub(super) fn node_of(pod: &Object) -> Option<&str> {
    pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty())
}
