//! Steps on nodes: cordon, drain, upgrade.
//!
//! Real: `kubectl cordon`, `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`, and how clouds upgrade a pool of
//! nodes: machine by machine, with surge machines that join first. Modelled: all pods but those of DaemonSets are evicted, and
//! what a budget refuses is tried again; an upgraded node is another machine with another name, and the old Node is
//! deleted. Not modelled: upgrades in place, and pools that are upgraded side by side.

use std::sync::Arc;

use super::world::{Halt, World};
use crate::cluster::USER;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{LabelSelector, Object, Str};
use crate::scenario::NodeChoice;
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Body, ObjectKey, PatchType, Request, Verb, What};

/// From an eviction that a budget refuses to the next try (kubectl drain `evictPods`).
const REFUSED_MS: Millis = 5 * SECOND;
/// How often drain looks whether the evicted pods are gone (kubectl drain `waitForDelete`).
const POLL_MS: Millis = SECOND;

impl World<'_> {
    pub(super) async fn cordon(&mut self, nodes: &NodeChoice, unschedulable: bool) -> Result<(), Halt> {
        for name in self.chosen(nodes)? {
            let patch = value!({"spec": {"unschedulable": unschedulable}});
            let key = ObjectKey::new("", name);
            self.succeed(Request::patch(*NODES, &key, PatchType::Merge, patch)).await?;
        }
        Ok(())
    }

    fn chosen(&self, nodes: &NodeChoice) -> Result<Vec<Str>, Halt> {
        let selector = match nodes {
            NodeChoice::Named(name) => return Ok(vec![name.as_str().into()]),
            NodeChoice::Selected(selector) => selector,
        };
        let selector = LabelSelector::parse(selector).map_err(|error| Halt::StepFailed(error.to_string()))?;
        let all = self.cluster.server().objects_of(*NODES);
        Ok(all.filter(|node| selector.matches(node.labels())).map(|node| node.name().into()).collect())
    }

    /// `kubectl drain`.
    pub(super) async fn drain(&mut self, nodes: &NodeChoice, timeout_ms: Millis) -> Result<(), Halt> {
        let deadline = self.cluster.now() + timeout_ms;
        self.cordon(nodes, true).await?;
        for name in self.chosen(nodes)? {
            self.empty(&name, deadline).await?;
        }
        Ok(())
    }

    /// Evicts the pods of a node and waits until they are gone.
    async fn empty(&mut self, node: &str, deadline: Time) -> Result<(), Halt> {
        let is_meant = |pod: &&Arc<Object>| {
            pod.str_at(&["spec", "nodeName"]) == Some(node)
                && pod.controller().is_none_or(|owner| owner.kind != "DaemonSet")
        };
        let mut pods: Vec<(Arc<Object>, bool)> = self
            .cluster
            .server()
            .objects_of(*PODS)
            .filter(is_meant)
            .map(|pod| (pod.clone(), false))
            .collect();
        loop {
            let mut refused = false;
            for (pod, evicted) in &mut pods {
                if !*evicted {
                    *evicted = self.evict(pod).await?;
                    refused |= !*evicted;
                }
            }
            let server = self.cluster.server();
            let is_there = |pod: &Object| {
                server.get(*PODS, &ObjectKey::of(pod)).is_some_and(|found| found.uid() == pod.uid())
            };
            pods.retain(|(pod, _)| is_there(pod));
            let Some((pod, _)) = pods.first() else { return Ok(()) };
            if self.cluster.now() >= deadline {
                let why = if refused { "a budget does not let it go" } else { "it is still terminating" };
                return Err(Halt::StepFailed(format!(
                    "drain of {node} timed out on pod {}: {why}",
                    pod.name()
                )));
            }
            let next = self.cluster.now() + if refused { REFUSED_MS } else { POLL_MS };
            self.pass_until(next.min(deadline)).await?;
        }
    }

    /// Evicts a pod. False: a budget refuses for now.
    async fn evict(&mut self, pod: &Object) -> Result<bool, Halt> {
        let key = ObjectKey::of(pod);
        let eviction = value!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": (key.name.clone()), "namespace": (key.namespace.clone())},
        });
        let body = Body::Object(Object::shared(eviction));
        let request = Request { body, ..Request::one(Verb::Create, *PODS, &key).subresource("eviction") };
        let answer = self.ask(request).await?;
        match answer.failure() {
            None => Ok(true),
            Some(status) if matches!(status.code, 404 | 409) => Ok(true),
            Some(status) if status.code == 429 => Ok(false),
            Some(status) => Err(Halt::StepFailed(format!("eviction of pod {key}: {}", status.message))),
        }
    }

    /// Brings the nodes of every pool to a version, one pool after the other, so many machines at a time.
    pub(super) async fn upgrade_nodes(
        &mut self,
        to: &str,
        surge: u32,
        timeout_ms: Millis,
    ) -> Result<(), Halt> {
        for pool in &self.scenario.cluster.node_pools {
            let old = self.cluster.nodes_of(&pool.name);
            for batch in old.chunks(surge.max(1) as usize) {
                let mut joined = Vec::new();
                if surge > 0 {
                    joined = batch.iter().filter_map(|node| self.cluster.join_like(node, Some(to))).collect();
                    self.until_ready(&joined, timeout_ms).await?;
                }
                for node in batch {
                    self.retire(node, timeout_ms).await?;
                    if surge == 0 {
                        joined.extend(self.cluster.join_like(node, Some(to)));
                    }
                }
                self.until_ready(&joined, timeout_ms).await?;
            }
        }
        Ok(())
    }

    /// Drains a node and takes its machine away.
    async fn retire(&mut self, node: &Str, timeout_ms: Millis) -> Result<(), Halt> {
        let text = smol_str::format_smolstr!("replace node/{node}");
        self.cluster.note(USER, What::Step(text));
        if self.cluster.server().get(*NODES, &ObjectKey::new("", node.clone())).is_some() {
            self.drain(&NodeChoice::Named(node.to_string()), timeout_ms).await?;
            self.succeed(Request::delete(*NODES, &ObjectKey::new("", node.clone()))).await?;
        }
        self.cluster.remove_machine(node);
        Ok(())
    }

    /// Waits until pods can be placed on these nodes.
    async fn until_ready(&mut self, nodes: &[Str], timeout_ms: Millis) -> Result<(), Halt> {
        let deadline = self.cluster.now() + timeout_ms;
        for name in nodes {
            let key = ObjectKey::new("", name.clone());
            let is_ready = |node: &Arc<Object>| {
                node.is_condition_true("Ready") && node.items_at(&["spec", "taints"]).is_empty()
            };
            while !self.cluster.server().get(*NODES, &key).is_some_and(is_ready) {
                if self.cluster.now() >= deadline {
                    return Err(Halt::StepFailed(format!("timed out waiting for node {name} to be ready")));
                }
                let next = self.cluster.now() + POLL_MS;
                self.pass_until(next).await?;
            }
        }
        Ok(())
    }
}
