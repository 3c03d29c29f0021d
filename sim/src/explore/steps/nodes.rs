//! Steps on nodes: cordon, uncordon, drain, upgradeNodes.
//!
//! Real: `kubectl cordon`, `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`, and how clouds upgrade a pool of
//! nodes: machine by machine, with surge machines that join first. Modelled: drain evicts all pods but those of DaemonSets,
//! and tries again where a budget refuses; an upgrade adds a machine with another name and deletes the old Node. Not
//! modelled: upgrades in place, and pools that are upgraded side by side.

use std::sync::Arc;

use super::Result;
use super::targets::parse_selector;
use crate::cluster::USER;
use crate::engine::{Millis, SECOND, Time};
use crate::explore::world::{Halt, World};
use crate::object::{Object, Str};
use crate::scenario::NodeChoice;
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Body, ObjectKey, PatchType, Request, Verb, What};

/// How long drain waits before it tries an eviction again that a budget refused (kubectl drain `evictPods`).
const REFUSED_MS: Millis = 5 * SECOND;
/// How often drain checks that the evicted pods are gone (kubectl drain `waitForDelete`).
const POLL_MS: Millis = SECOND;

impl World<'_> {
    pub(super) async fn cordon(&mut self, nodes: &NodeChoice, unschedulable: bool) -> Result {
        for name in self.chosen(nodes)? {
            let patch = value!({"spec": {"unschedulable": unschedulable}});
            self.succeed(Request::patch(*NODES, &ObjectKey::new("", name), PatchType::Merge, patch)).await?;
        }
        Ok(())
    }

    fn chosen(&mut self, nodes: &NodeChoice) -> Result<Vec<Str>> {
        let selector = match nodes {
            NodeChoice::Named(name) => return Ok(vec![name.as_str().into()]),
            NodeChoice::Selected(selector) => selector,
        };
        let parsed = parse_selector(selector)?;
        let all = self.cluster.server().objects_of(*NODES);
        let all = all.filter(|node| parsed.matches(node.labels())).map(|node| node.name().into());
        let chosen: Vec<Str> = all.collect();
        if chosen.is_empty() {
            self.note_idle_step(&format!("all of nodes {selector}"));
        }
        Ok(chosen)
    }

    pub(super) async fn drain(&mut self, nodes: &NodeChoice, timeout_ms: Millis) -> Result {
        let deadline = self.cluster.now() + timeout_ms;
        self.cordon(nodes, true).await?;
        for name in self.chosen(nodes)? {
            self.empty(&name, deadline).await?;
        }
        Ok(())
    }

    /// Evicts the pods of a node and waits until they are gone.
    async fn empty(&mut self, node: &str, deadline: Time) -> Result {
        let is_meant = |pod: &&Arc<Object>| {
            pod.str_at(&["spec", "nodeName"]) == Some(node)
                && pod.controller().is_none_or(|owner| owner.kind != "DaemonSet")
        };
        let pods = self.cluster.server().objects_of(*PODS).filter(is_meant);
        let mut pods: Vec<(Arc<Object>, bool)> = pods.map(|pod| (pod.clone(), false)).collect();
        loop {
            let mut refused = false;
            for (pod, evicted) in &mut pods {
                if !*evicted {
                    *evicted = self.evict(pod).await?;
                    refused |= !*evicted;
                }
            }
            let server = self.cluster.server();
            let now = |pod: &Object| server.get(*PODS, &ObjectKey::of(pod));
            pods.retain(|(pod, _)| now(pod).is_some_and(|now| now.uid() == pod.uid()));
            let Some((pod, _)) = pods.first() else { return Ok(()) };
            if self.cluster.now() >= deadline {
                let why = if refused { "a budget does not let it go" } else { "it is still terminating" };
                let why = format!("drain of {node} timed out on pod {}: {why}", pod.name());
                return Err(Halt::StepFailed(why));
            }
            let next = self.cluster.now() + if refused { REFUSED_MS } else { POLL_MS };
            self.pass_until(next.min(deadline)).await?;
        }
    }

    /// Evicts a pod. False: a budget refuses for now.
    async fn evict(&mut self, pod: &Object) -> Result<bool> {
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
    pub(super) async fn upgrade_nodes(&mut self, to: &str, surge: u32, timeout_ms: Millis) -> Result {
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
    async fn retire(&mut self, node: &Str, timeout_ms: Millis) -> Result {
        self.cluster.note(USER, What::Step(smol_str::format_smolstr!("replace node/{node}")));
        if self.cluster.server().get(*NODES, &ObjectKey::new("", node.clone())).is_some() {
            self.drain(&NodeChoice::Named(node.to_string()), timeout_ms).await?;
            self.succeed(Request::delete(*NODES, &ObjectKey::new("", node.clone()))).await?;
        }
        self.cluster.remove_machine(node);
        Ok(())
    }

    /// Waits until pods can be placed on these nodes.
    async fn until_ready(&mut self, nodes: &[Str], timeout_ms: Millis) -> Result {
        let deadline = self.cluster.now() + timeout_ms;
        for name in nodes {
            let key = ObjectKey::new("", name.clone());
            let is_ready = |node: &&Arc<Object>| {
                node.is_condition_true("Ready") && node.items_at(&["spec", "taints"]).is_empty()
            };
            let look = |world: &mut Self| world.cluster.server().get(*NODES, &key).filter(is_ready).map(drop);
            let ready = self.look_until(deadline, POLL_MS, look).await?;
            let late = || Halt::StepFailed(format!("timed out waiting for node {name} to be ready"));
            ready.ok_or_else(late)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::NodeChoice;
    use crate::engine::Time;
    use crate::explore::tests::{held, played, scenario, wait};
    use crate::scenario::{Action, Step};
    use crate::wire::resource::{NODES, PODS};

    #[test]
    fn a_drain_moves_the_pods_and_a_cordon_keeps_new_ones_away() {
        let mut scenario = scenario();
        let nodes = NodeChoice::Named("node-1".into());
        scenario.steps = vec![Step::new(Action::Drain { nodes, timeout_ms: 60_000 })];
        let run = held(scenario, "");
        let end = run.at(*PODS, run.end);
        assert_eq!(end.len(), 3);
        assert!(end.iter().all(|pod| pod.str_at(&["spec", "nodeName"]).is_some_and(|node| node != "node-1")));
        let node = run.at(*NODES, run.end).into_iter().find(|node| node.name() == "node-1").unwrap();
        assert_eq!(node.items_at(&["spec", "taints"]).len(), 1, "unschedulable:NoSchedule");
    }

    #[test]
    fn a_drain_that_takes_too_long_fails_its_step() {
        let mut scenario = scenario();
        let nodes = NodeChoice::Selected(String::new());
        scenario.steps = vec![wait(60_000), Step::new(Action::Drain { nodes, timeout_ms: 20_000 })];
        // The kubelet of a lost node confirms no deletion.
        let run = played(scenario, "node-loss(Node/node-1)@10s+5m");
        let message = run.violation.expect("the step fails").message;
        let [drain, why] = ["drain of node-1 timed out", "still terminating"];
        assert!(message.contains(drain) && message.contains(why), "{message}");
    }

    #[test]
    fn an_upgrade_replaces_every_node_and_no_pod_is_missing_at_the_end() {
        for surge in [0, 1, 2] {
            let mut scenario = scenario();
            let to = "v1.36.7".into();
            scenario.steps = vec![Step::new(Action::UpgradeNodes { to, surge, timeout_ms: 300_000 })];
            let run = held(scenario, "");
            for node in run.at(*NODES, run.end) {
                assert_eq!(node.str_at(&["status", "nodeInfo", "kubeletVersion"]), Some("v1.36.7"));
            }
            let changes = run.commits().filter(|(at, c)| *at >= Time::ZERO && c.resource == *NODES);
            let changes = changes.filter(|(_, c)| c.old.is_none() || c.new.is_none());
            let sizes = changes.map(|(at, _)| run.at(*NODES, at).len());
            assert_eq!(sizes.max(), Some(3 + surge as usize), "surge {surge}");
            assert_eq!(run.at(*PODS, run.end).len(), 3);
        }
    }
}
