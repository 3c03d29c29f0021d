//! The controller. Its targets are nodes and pods, and two of its own: the monitor's tick and the zones' queues.

use std::collections::BTreeMap;

use super::super::pods_by_node::{PodsByNode, node_of};
use super::super::{Caches, Controller, Outcome, Settings, Target, Watches};
use super::health::{Health, Ready};
use super::zones::{Count, Turn, Zones};
use super::{taints, writes};
use crate::client::Change;
use crate::engine::Time;
use crate::object::Str;
use crate::wire::resource::{LEASES, NODES, PODS};
use crate::wire::{ObjectKey, Resource};

/// The namespace of the nodes' Leases (`corev1.NamespaceNodeLease`).
const LEASE_NAMESPACE: &str = "kube-node-lease";
/// Nodes have no namespace: targets of our own go by one.
const ZONE: &str = "zone queue";
const MONITOR: &str = "monitor";

/// The node lifecycle controller.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct NodeLifecycle {
    settings: Settings,
    /// All nodes of the cache.
    nodes: BTreeMap<Str, Health>,
    zones: Zones,
    pods: PodsByNode,
    /// Whether the monitor ticks.
    ticks: bool,
    /// Nodes that are gone but may have a place in a queue.
    left: Vec<u64>,
}

impl NodeLifecycle {
    pub(in crate::controllers) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            nodes: BTreeMap::new(),
            zones: Zones::default(),
            pods: PodsByNode::default(),
            ticks: false,
            left: Vec::new(),
        }
    }

    fn node_changed(&mut self, change: &Change, out: &mut Vec<Target>) {
        let name = Str::from(change.object().name());
        match &change.new {
            Some(node) => match self.nodes.get_mut(&name) {
                Some(health) => health.learn(node),
                None => drop(self.nodes.insert(name, Health::new(node))),
            },
            None => {
                let gone = self.nodes.remove(&name);
                self.left.extend(gone.and_then(|health| health.queued));
            }
        }
        out.push(Target::of(*NODES, change.object()));
        if !std::mem::replace(&mut self.ticks, true) {
            out.push(Target::new(*NODES, ObjectKey::new(MONITOR, "")));
        }
    }

    /// One pass of the monitor.
    fn tick(&mut self, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        out.after(self.settings.node_monitor_period_ms);
        self.left.drain(..).for_each(|place| self.zones.dequeue(place));
        let mut counts: BTreeMap<Str, Count> = BTreeMap::new();
        let mut leases = caches.of(*LEASES).in_namespace(LEASE_NAMESPACE).peekable();
        for (name, health) in &mut self.nodes {
            // Both are sorted by name: one walk finds each node's Lease.
            while leases.next_if(|lease| lease.name() < name.as_str()).is_some() {}
            health.probe(leases.peek().copied().filter(|lease| lease.name() == name.as_str()), now);
            let is_ready = judge(name, health, &mut self.zones, &self.settings, now, &mut out);
            if health.counts {
                if !counts.contains_key(&health.zone) {
                    counts.insert(health.zone.clone(), Count::default());
                }
                let count = counts.get_mut(&health.zone).expect("it was put in just now");
                *(if is_ready { &mut count.ready } else { &mut count.unready }) += 1;
            }
        }
        match self.zones.judge(&counts, &self.settings, now) {
            Turn::None => {}
            Turn::AllDark => self.spare_all(&mut out),
            Turn::Dawn => self.nodes.values_mut().for_each(|health| health.probed = now),
        }
        let zones = self.zones.waiting().map(|zone| Target::new(*NODES, ObjectKey::new(ZONE, zone.clone())));
        zones.for_each(|zone| out.also(zone));
        out
    }

    /// NoExecute taints go from all nodes.
    fn spare_all(&mut self, out: &mut Outcome) {
        for (name, health) in &mut self.nodes {
            (health.reachable, health.execute) = (true, false);
            if let Some(place) = health.queued.take() {
                self.zones.dequeue(place);
            }
            out.also(Target::new(*NODES, ObjectKey::new("", name.clone())));
        }
    }

    /// Lets nodes have their NoExecute taints, as fast as the zone's limiter allows.
    fn serve_zone(&mut self, zone: &str, now: Time) -> Outcome {
        let mut out = Outcome::done();
        while let Some(node) = self.zones.next(zone, now) {
            let Some(health) = self.nodes.get_mut(&node) else { continue };
            (health.queued, health.execute) = (None, true);
            out.also(Target::new(*NODES, ObjectKey::new("", node)));
        }
        if let Some(wait) = self.zones.wait(zone, now) {
            out.after(wait);
        }
        out
    }

    fn sync_node(&mut self, key: &ObjectKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(node), Some(health)) = (caches.of(*NODES).get(key), self.nodes.get_mut(&key.name)) else {
            return out;
        };
        if health.expired && !health.has_news() && health.ready != Ready::Unknown {
            health.mark_pods |= health.ready == Ready::True;
            out.then(writes::unknown(node, now));
            return out;
        }
        health.mark_pods &= health.ready != Ready::True;
        let mut requests = Vec::new();
        if health.mark_pods && health.ready == Ready::Unknown {
            let pods = self.pods.on(&key.name).filter_map(|pod| caches.of(*PODS).get(pod));
            requests.extend(pods.filter_map(|pod| writes::unready(pod, now)));
            health.mark_pods = !requests.is_empty();
        }
        match taints::step(node, health) {
            Some(step) => requests.push(writes::taint(node, &step, now)),
            None => {
                health.reachable = false;
                health.execute = false;
            }
        }
        requests.extend(writes::label(node).filter(|_| requests.is_empty()));
        out.together(requests);
        out
    }

    /// A pod that was bound to a node that is down is not ready, whatever it says.
    fn sync_pod(&self, key: &ObjectKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(pod) = caches.of(*PODS).get(key) else { return out };
        let down = |health: &Health| matches!(health.ready, Ready::False | Ready::Unknown);
        if self.nodes.get(node_of(pod)).is_some_and(down)
            && let Some(request) = writes::unready(pod, now)
        {
            out.then(request);
        }
        out
    }
}

/// Judges one node. Whether it is ready, as this pass sees it.
fn judge(
    name: &Str,
    health: &mut Health,
    zones: &mut Zones,
    settings: &Settings,
    now: Time,
    out: &mut Outcome,
) -> bool {
    let grace = (settings.node_monitor_grace_period_ms, settings.node_startup_grace_period_ms);
    health.expired = health.is_silent(grace, now);
    let (evict, spare) = match health.ready {
        Ready::True => (false, health.unreachable || health.not_ready || health.queued.is_some()),
        Ready::False => (!health.not_ready, false),
        Ready::Unknown => (!health.unreachable, false),
        Ready::Absent => (health.expired, false),
    };
    if spare {
        health.reachable = true;
        health.execute = false;
        if let Some(place) = health.queued.take() {
            zones.dequeue(place);
        }
    }
    let swap = evict && (health.unreachable || health.not_ready);
    if evict && !swap && !health.execute && health.queued.is_none() {
        health.queued = Some(zones.enqueue(&health.zone, name, settings));
    }
    let silent = health.expired && health.ready != Ready::Unknown;
    if spare || swap || silent {
        out.also(Target::new(*NODES, ObjectKey::new("", name.clone())));
    }
    health.ready == Ready::True && !health.expired
}

impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        "node-lifecycle-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NODES, *PODS, *LEASES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<Target>) {
        // Renewals are for the monitor's next tick: they are by far the most changes.
        if resource == *NODES {
            self.node_changed(change, out);
        } else if resource == *PODS && self.pods.note(change) && change.new.is_some() {
            out.push(Target::of(*PODS, change.object()));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        match &*target.key.namespace {
            _ if target.resource == *PODS => self.sync_pod(&target.key, caches, now),
            MONITOR => self.tick(caches, now),
            ZONE => self.serve_zone(&target.key.name, now),
            _ => self.sync_node(&target.key, caches, now),
        }
    }
}
