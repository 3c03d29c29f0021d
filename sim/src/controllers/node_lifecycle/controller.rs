//! The controller. It syncs nodes and pods, and has four more tasks, which are separate goroutines in the real one: the
//! monitor's pass, the status of a silent node, the queue of a zone, and the NoExecute taints of a node.

use std::collections::BTreeMap;

use super::super::shared::pods_by_node::{PodsByNode, node_of};
use super::super::{Caches, Call, Controller, Outcome, Settings, SyncKey, Task, Verdict, Watches};
use super::health::{Health, Intent, ReadyStatus};
use super::swap::{Swap, SwapStep};
use super::taints::{self, NOT_READY, UNREACHABLE};
use super::writes;
use super::zones::{Disruption, ZoneCount, Zones};
use crate::client::Change;
use crate::engine::Time;
use crate::object::Str;
use crate::object::names::NODE_LEASE_NAMESPACE;
use crate::wire::resource::{LEASES, NODES, PODS};
use crate::wire::{Answer, ObjectKey, Renewals, Resource};

/// The node lifecycle controller.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct NodeLifecycle {
    settings: Settings,
    /// All nodes of the cache.
    nodes: BTreeMap<Str, Health>,
    /// The renewal schedules of Leases that the wire renews, by node.
    renewals: BTreeMap<Str, Renewals>,
    zones: Zones,
    pods: PodsByNode,
    /// Whether the monitor runs.
    monitors: bool,
    /// The places of deleted nodes in zones' queues.
    left_places: Vec<u64>,
}

impl NodeLifecycle {
    pub(in crate::controllers) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            nodes: BTreeMap::new(),
            renewals: BTreeMap::new(),
            zones: Zones::default(),
            pods: PodsByNode::default(),
            monitors: false,
            left_places: Vec::new(),
        }
    }

    fn node_changed(&mut self, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let name = Str::from(change.object().name());
        match &change.new {
            Some(node) => match self.nodes.get_mut(&name) {
                Some(health) => health.update(node),
                None => {
                    let mut health = Health::new(node);
                    health.lease =
                        caches.get(*LEASES, &ObjectKey::new(NODE_LEASE_NAMESPACE, name.clone())).cloned();
                    self.nodes.insert(name, health);
                }
            },
            None => {
                let gone = self.nodes.remove(&name);
                self.left_places.extend(gone.and_then(|health| health.queued));
            }
        }
        out.push(SyncKey::of(*NODES, change.object()));
        if !std::mem::replace(&mut self.monitors, true) {
            out.push(SyncKey::task(*NODES, Task::Pass, ""));
        }
    }

    /// One pass of the monitor.
    fn monitor(&mut self, now: Time) -> Outcome {
        let mut out = Outcome::done();
        out.after(self.settings.node_monitor_period_ms);
        self.left_places.drain(..).for_each(|place| self.zones.dequeue(place));
        let mut counts: BTreeMap<Str, ZoneCount> = BTreeMap::new();
        let mut renewals = self.renewals.iter().peekable();
        for (name, health) in &mut self.nodes {
            // Both maps are sorted by name, so one walk over both joins them.
            while renewals.next_if(|(renewed, _)| *renewed < name).is_some() {}
            let renewed = renewals.peek().filter(|(renewed, _)| *renewed == name);
            health.probe(renewed.and_then(|(_, renewals)| renewals.last(now)), now);
            let is_ready = judge(name, health, &mut self.zones, &self.settings, now, &mut out);
            if health.counts {
                if !counts.contains_key(&health.zone) {
                    counts.insert(health.zone.clone(), ZoneCount::default());
                }
                let count = counts.get_mut(&health.zone).expect("the zone was inserted just now");
                *(if is_ready { &mut count.ready } else { &mut count.unready }) += 1;
            }
        }
        match self.zones.judge(&counts, &self.settings, now) {
            Disruption::Unchanged => {}
            Disruption::AllZones => self.untaint_all(&mut out),
            Disruption::Ended => self.nodes.values_mut().for_each(|health| health.probed = now),
        }
        self.zones.waiting().for_each(|zone| out.also(SyncKey::task(*NODES, Task::Zone, zone.clone())));
        out
    }

    /// Removes the NoExecute taints of all nodes.
    fn untaint_all(&mut self, out: &mut Outcome) {
        for (name, health) in &mut self.nodes {
            untaint(name, health, &mut self.zones, out);
        }
    }

    /// Taints the nodes in a zone's queue, as fast as its limiter allows.
    fn serve_zone(&mut self, zone: &str, now: Time) -> Outcome {
        let mut out = Outcome::done();
        while let Some(node) = self.zones.next(zone, now) {
            let Some(health) = self.nodes.get_mut(&node) else { continue };
            (health.queued, health.intent) = (None, Some(Intent::Taint));
            out.also(SyncKey::task(*NODES, Task::NoExecute, node));
        }
        if let Some(wait) = self.zones.wait(zone, now) {
            out.after(wait);
        }
        out
    }

    /// After a change of a node: its NoSchedule taints by its conditions, then its deprecated labels.
    fn sync_node(&mut self, key: &ObjectKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(node), Some(health)) = (caches.of(*NODES).get(key), self.nodes.get_mut(&key.name)) else {
            return out;
        };
        if health.schedule.is_none() {
            let (add, remove) = taints::by_condition(node);
            health.schedule = Swap::new(node, add, &[&remove]);
        }
        if advance(&mut health.schedule, key, now, &mut out) {
            out.together(writes::label(node).into_iter().collect());
        }
        out
    }

    /// Changes the NoExecute taints of a node, as the monitor or its zone decided.
    fn sync_execute(&mut self, name: &Str, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let key = ObjectKey::new("", name.clone());
        let (Some(node), Some(health)) = (caches.of(*NODES).get(&key), self.nodes.get_mut(name)) else {
            return out;
        };
        if health.execute.is_none() {
            let (unreachable, not_ready) = ((UNREACHABLE, "NoExecute"), (NOT_READY, "NoExecute"));
            health.execute = match (health.intent.take(), health.ready) {
                (Some(Intent::Untaint), _) => Swap::new(node, Vec::new(), &[&[unreachable], &[not_ready]]),
                (Some(Intent::Taint), ReadyStatus::False) => {
                    Swap::new(node, vec![not_ready], &[&[unreachable]])
                }
                (Some(Intent::Taint), ReadyStatus::Unknown) => {
                    Swap::new(node, vec![unreachable], &[&[not_ready]])
                }
                _ => None,
            };
        }
        if advance(&mut health.execute, &key, now, &mut out) && health.intent.is_some() {
            out.also(SyncKey::task(*NODES, Task::NoExecute, name.clone()));
        }
        out
    }

    /// Sets the conditions of a silent node to Unknown, then marks its pods not ready.
    fn sync_status(&mut self, name: &Str, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let key = ObjectKey::new("", name.clone());
        let (Some(node), Some(health)) = (caches.of(*NODES).get(&key), self.nodes.get_mut(name)) else {
            return out;
        };
        if health.expired && !health.has_news() && health.ready != ReadyStatus::Unknown {
            health.mark_pods |= health.ready == ReadyStatus::True;
            out.then(writes::unknown(node, now));
            out.again();
            return out;
        }
        if std::mem::take(&mut health.mark_pods) && health.ready == ReadyStatus::Unknown {
            let pods = self.pods.on(name).filter_map(|pod| caches.of(*PODS).get(pod));
            let requests: Vec<_> = pods.filter_map(|pod| writes::unready(pod, now)).collect();
            // If the server refuses a pod's status, the next sync tries again.
            health.mark_pods = !requests.is_empty();
            out.together(requests);
            out.again();
        }
        out
    }

    /// Marks a pod not ready that was bound to a node that is not ready.
    fn sync_pod(&self, key: &ObjectKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(pod) = caches.of(*PODS).get(key) else { return out };
        let down = |health: &Health| matches!(health.ready, ReadyStatus::False | ReadyStatus::Unknown);
        if self.nodes.get(node_of(pod)).is_some_and(down)
            && let Some(request) = writes::unready(pod, now)
        {
            out.then(request);
        }
        out
    }
}

/// Decides what to do about one node. Whether it counts as ready in this pass.
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
        ReadyStatus::True => (false, tainted || health.queued.is_some()),
        ReadyStatus::False => (!health.not_ready, false),
        ReadyStatus::Unknown => (!health.unreachable, false),
        ReadyStatus::Absent => (health.expired, false),
    };
    if reachable || (is_new && tainted) {
        untaint(name, health, zones, out);
    } else if evict && tainted {
        // One taint replaces the other at once: the node has passed the limiter already.
        health.intent = Some(Intent::Taint);
        out.also(SyncKey::task(*NODES, Task::NoExecute, name.clone()));
    } else if evict && health.queued.is_none() && health.execute.is_none() {
        health.queued = Some(zones.enqueue(&health.zone, name, settings));
    }
    if health.expired && health.ready != ReadyStatus::Unknown {
        out.also(SyncKey::task(*NODES, Task::NodeStatus, name.clone()));
    }
    health.ready == ReadyStatus::True && !health.expired
}

/// Removes the NoExecute taints of a node.
fn untaint(name: &Str, health: &mut Health, zones: &mut Zones, out: &mut Outcome) {
    health.intent = Some(Intent::Untaint);
    if let Some(place) = health.queued.take() {
        zones.dequeue(place);
    }
    out.also(SyncKey::task(*NODES, Task::NoExecute, name.clone()));
}

/// Does the next step of a swap. Whether it is over.
fn advance(swap: &mut Option<Swap>, key: &ObjectKey, now: Time, out: &mut Outcome) -> bool {
    match swap.as_mut().map_or(SwapStep::Over, |swap| swap.next(key, now)) {
        SwapStep::Send(request) => {
            out.then(*request);
            out.again();
        }
        SwapStep::Wait(ms) => out.after(ms),
        SwapStep::Over => *swap = None,
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

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *NODES {
            self.node_changed(change, caches, out);
        } else if resource == *LEASES {
            // The monitor's next pass looks at it.
            let lease = change.object();
            if lease.namespace() == NODE_LEASE_NAMESPACE
                && let Some(health) = self.nodes.get_mut(lease.name())
            {
                health.lease.clone_from(&change.new);
            }
        } else if resource == *PODS && self.pods.note(change) && change.new.is_some() {
            out.push(SyncKey::of(*PODS, change.object()));
        }
    }

    fn renewed(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        match renewals {
            Some(renewals) => drop(self.renewals.insert(lease.name.clone(), renewals)),
            None => drop(self.renewals.remove(&lease.name)),
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        match target.task {
            Task::Object if target.resource == *PODS => self.sync_pod(&target.key, caches, now),
            Task::Object => self.sync_node(&target.key, caches, now),
            Task::Pass => self.monitor(now),
            Task::Zone => self.serve_zone(&target.key.name, now),
            Task::NodeStatus => self.sync_status(&target.key.name, caches, now),
            Task::NoExecute => self.sync_execute(&target.key.name, caches, now),
        }
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let health = self.nodes.get_mut(&target.key.name);
        let swap = match (target.task, health) {
            (Task::Object, Some(health)) if target.resource == *NODES => &mut health.schedule,
            (Task::NoExecute, Some(health)) => &mut health.execute,
            _ => return Verdict::usual(call, answer),
        };
        let Some(swap) = swap else { return Verdict::usual(call, answer) };
        swap.answered(call.verb, answer);
        Verdict::Fine
    }
}
