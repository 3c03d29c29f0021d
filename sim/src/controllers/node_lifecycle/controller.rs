//! The controller. Its targets are nodes and pods, and four of its own: the monitor's tick, what it found out about a
//! node, the zones' queues, and NoExecute taints. Real ones are goroutines of their own and do not wait for each other.

use std::collections::BTreeMap;

use super::super::shared::pods_by_node::{PodsByNode, node_of};
use super::super::{Caches, Call, Controller, Outcome, Settings, Target, Verdict, Watches};
use super::health::{Health, Intent, Ready};
use super::swap::{Next, Swap};
use super::taints::{self, NOT_READY, UNREACHABLE};
use super::writes;
use super::zones::{Count, Turn, Zones};
use crate::client::Change;
use crate::engine::Time;
use crate::object::Str;
use crate::object::names::NODE_LEASE_NAMESPACE;
use crate::wire::resource::{LEASES, NODES, PODS};
use crate::wire::{Answer, ObjectKey, Renewals, Resource};

/// Nodes have no namespace: targets of our own go by one.
const ZONE: &str = "zone queue";
const MONITOR: &str = "monitor";
const STATUS: &str = "status";
const EXECUTE: &str = "no execute";

/// The node lifecycle controller.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct NodeLifecycle {
    settings: Settings,
    /// All nodes of the cache.
    nodes: BTreeMap<Str, Health>,
    /// The nodes whose Leases are being renewed on the wire.
    renewals: BTreeMap<Str, Renewals>,
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
            renewals: BTreeMap::new(),
            zones: Zones::default(),
            pods: PodsByNode::default(),
            ticks: false,
            left: Vec::new(),
        }
    }

    fn node_changed(&mut self, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        let name = Str::from(change.object().name());
        match &change.new {
            Some(node) => match self.nodes.get_mut(&name) {
                Some(health) => health.learn(node),
                None => {
                    let mut health = Health::new(node);
                    health.lease =
                        caches.get(*LEASES, &ObjectKey::new(NODE_LEASE_NAMESPACE, name.clone())).cloned();
                    self.nodes.insert(name, health);
                }
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
    fn tick(&mut self, now: Time) -> Outcome {
        let mut out = Outcome::done();
        out.after(self.settings.node_monitor_period_ms);
        self.left.drain(..).for_each(|place| self.zones.dequeue(place));
        let mut counts: BTreeMap<Str, Count> = BTreeMap::new();
        let mut renewals = self.renewals.iter().peekable();
        for (name, health) in &mut self.nodes {
            // Both are sorted by name: one walk finds what belongs to each node.
            while renewals.next_if(|(renewed, _)| *renewed < name).is_some() {}
            let renewed = renewals.peek().filter(|(renewed, _)| *renewed == name);
            health.probe(renewed.and_then(|(_, renewals)| renewals.last(now)), now);
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
            spare(name, health, &mut self.zones, out);
        }
    }

    /// Lets nodes have their NoExecute taints, as fast as the zone's limiter allows.
    fn serve_zone(&mut self, zone: &str, now: Time) -> Outcome {
        let mut out = Outcome::done();
        while let Some(node) = self.zones.next(zone, now) {
            let Some(health) = self.nodes.get_mut(&node) else { continue };
            (health.queued, health.intent) = (None, Some(Intent::Taint));
            out.also(Target::new(*NODES, ObjectKey::new(EXECUTE, node)));
        }
        if let Some(wait) = self.zones.wait(zone, now) {
            out.after(wait);
        }
        out
    }

    /// What a change of a node asks for: NoSchedule taints by its conditions, then the labels of old.
    fn sync_node(&mut self, key: &ObjectKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(node), Some(health)) = (caches.of(*NODES).get(key), self.nodes.get_mut(&key.name)) else {
            return out;
        };
        if health.schedule.is_none() {
            let (add, remove) = taints::by_condition(node);
            health.schedule = Swap::new(node, add, &[&remove]);
        }
        if go_on(&mut health.schedule, key, now, &mut out) {
            out.together(writes::label(node).into_iter().collect());
        }
        out
    }

    /// The NoExecute taints of a node, as the monitor or its zone decided.
    fn sync_execute(&mut self, name: &Str, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let key = ObjectKey::new("", name.clone());
        let (Some(node), Some(health)) = (caches.of(*NODES).get(&key), self.nodes.get_mut(name)) else {
            return out;
        };
        if health.execute.is_none() {
            let (unreachable, not_ready) = ((UNREACHABLE, "NoExecute"), (NOT_READY, "NoExecute"));
            health.execute = match (health.intent.take(), health.ready) {
                (Some(Intent::Spare), _) => Swap::new(node, Vec::new(), &[&[unreachable], &[not_ready]]),
                (Some(Intent::Taint), Ready::False) => Swap::new(node, vec![not_ready], &[&[unreachable]]),
                (Some(Intent::Taint), Ready::Unknown) => Swap::new(node, vec![unreachable], &[&[not_ready]]),
                _ => None,
            };
        }
        if go_on(&mut health.execute, &key, now, &mut out) && health.intent.is_some() {
            out.also(Target::new(*NODES, ObjectKey::new(EXECUTE, name.clone())));
        }
        out
    }

    /// A node that is silent: its status says so, then the pods on it are not ready.
    fn sync_status(&mut self, name: &Str, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let key = ObjectKey::new("", name.clone());
        let (Some(node), Some(health)) = (caches.of(*NODES).get(&key), self.nodes.get_mut(name)) else {
            return out;
        };
        if health.expired && !health.has_news() && health.ready != Ready::Unknown {
            health.mark_pods |= health.ready == Ready::True;
            out.then(writes::unknown(node, now));
            out.again();
            return out;
        }
        if std::mem::take(&mut health.mark_pods) && health.ready == Ready::Unknown {
            let pods = self.pods.on(name).filter_map(|pod| caches.of(*PODS).get(pod));
            let requests: Vec<_> = pods.filter_map(|pod| writes::unready(pod, now)).collect();
            // A pod whose status was refused is tried again.
            health.mark_pods = !requests.is_empty();
            out.together(requests);
            out.again();
        }
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
    let tainted = health.unreachable || health.not_ready;
    let is_new = !std::mem::replace(&mut health.known, true);
    let (evict, reachable) = match health.ready {
        Ready::True => (false, tainted || health.queued.is_some()),
        Ready::False => (!health.not_ready, false),
        Ready::Unknown => (!health.unreachable, false),
        Ready::Absent => (health.expired, false),
    };
    if reachable || (is_new && tainted) {
        spare(name, health, zones, out);
    } else if evict && tainted {
        // The opposite taint is swapped at once: the node has been through the limiter.
        health.intent = Some(Intent::Taint);
        out.also(Target::new(*NODES, ObjectKey::new(EXECUTE, name.clone())));
    } else if evict && health.queued.is_none() && health.execute.is_none() {
        health.queued = Some(zones.enqueue(&health.zone, name, settings));
    }
    if health.expired && health.ready != Ready::Unknown {
        out.also(Target::new(*NODES, ObjectKey::new(STATUS, name.clone())));
    }
    health.ready == Ready::True && !health.expired
}

/// Lets the NoExecute taints of a node go.
fn spare(name: &Str, health: &mut Health, zones: &mut Zones, out: &mut Outcome) {
    health.intent = Some(Intent::Spare);
    if let Some(place) = health.queued.take() {
        zones.dequeue(place);
    }
    out.also(Target::new(*NODES, ObjectKey::new(EXECUTE, name.clone())));
}

/// The next step of a swap. Whether it is over.
fn go_on(swap: &mut Option<Swap>, key: &ObjectKey, now: Time, out: &mut Outcome) -> bool {
    match swap.as_mut().map_or(Next::Over, |swap| swap.next(key, now)) {
        Next::Send(request) => {
            out.then(*request);
            out.again();
        }
        Next::Wait(ms) => out.after(ms),
        Next::Over => *swap = None,
    }
    swap.is_none()
}

impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        "node-lifecycle-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NODES, *PODS, *LEASES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        if resource == *NODES {
            self.node_changed(change, caches, out);
        } else if resource == *LEASES {
            // For the monitor's next tick.
            let lease = change.object();
            if lease.namespace() == NODE_LEASE_NAMESPACE
                && let Some(health) = self.nodes.get_mut(lease.name())
            {
                health.lease.clone_from(&change.new);
            }
        } else if resource == *PODS && self.pods.note(change) && change.new.is_some() {
            out.push(Target::of(*PODS, change.object()));
        }
    }

    fn renewed(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        match renewals {
            Some(renewals) => drop(self.renewals.insert(lease.name.clone(), renewals)),
            None => drop(self.renewals.remove(&lease.name)),
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        match &*target.key.namespace {
            _ if target.resource == *PODS => self.sync_pod(&target.key, caches, now),
            MONITOR => self.tick(now),
            ZONE => self.serve_zone(&target.key.name, now),
            STATUS => self.sync_status(&target.key.name, caches, now),
            EXECUTE => self.sync_execute(&target.key.name, caches, now),
            _ => self.sync_node(&target.key, caches, now),
        }
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let health = self.nodes.get_mut(&target.key.name);
        let swap = match (&*target.key.namespace, health) {
            ("", Some(health)) if target.resource == *NODES => &mut health.schedule,
            (EXECUTE, Some(health)) => &mut health.execute,
            _ => return Verdict::usual(call, answer),
        };
        let Some(swap) = swap else { return Verdict::usual(call, answer) };
        swap.answered(call.verb, answer);
        Verdict::Fine
    }
}
