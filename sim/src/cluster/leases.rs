//! Renewals of node Leases without a request for each.
//!
//! Real: a kubelet writes its Lease every 10 s. Modelled: a kubelet hands over a schedule of renewals, until it can no longer
//! renew (no power, a new process, no network) or somebody else writes the Lease. Of the renewals that are due, the cluster
//! writes only the last one, when something is about to read the Lease: a request, the end of the schedule or of the run. A
//! kubelet writes each renewal while a host or the user watches Leases, and in a scenario whose checks may read them. Differs:
//! components that watch Leases get the schedule up front instead of an event per renewal, so a renewal reaches them without
//! latency. Not modelled: the revisions of renewals that are left out, and their events in a watch that begins in the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cluster;
use super::event_loop::QueuedEvent;
use crate::engine::Time;
use crate::object::Object;
use crate::wire::resource::LEASES;
use crate::wire::{Addr, Input, ObjectKey, Renewals, Request, Verb};

/// The schedules by which Leases are renewed.
#[derive(Debug)]
pub(super) struct Leases {
    /// By kubelet.
    schedules: BTreeMap<Addr, LeaseSchedule>,
    /// When the last announcement arrives.
    announced: Time,
    /// Whether checks may read Leases, so that there are no schedules.
    are_seen: bool,
}

#[derive(Debug)]
struct LeaseSchedule {
    lease: ObjectKey,
    renewals: Renewals,
}

impl Leases {
    pub(super) fn new(start: Time, are_seen: bool) -> Self {
        Self { schedules: BTreeMap::new(), announced: start, are_seen }
    }

    /// The kubelets with a schedule for a Lease that this request names.
    fn named_by(&self, request: &Request) -> Vec<Addr> {
        let is_named = |lease: &ObjectKey| {
            (request.namespace.is_empty() || request.namespace == lease.namespace)
                && (request.name.is_empty() || request.name == lease.name)
        };
        let named = self.schedules.iter().filter(|(_, schedule)| is_named(&schedule.lease));
        named.map(|(kubelet, _)| *kubelet).collect()
    }
}

impl Cluster {
    /// Takes a kubelet's schedule over, or refuses it: then the kubelet writes each renewal.
    pub(super) fn take_schedule(&mut self, kubelet: Addr, lease: ObjectKey, renewals: Renewals) {
        let watched = self.traffic.streams.followers(*LEASES).any(|addr| !self.actors.is_component(addr));
        if self.leases.are_seen || watched || self.cuts.any() || self.server.get(*LEASES, &lease).is_none() {
            return self.input(kubelet, Input::NotRenewed(None));
        }
        self.announce(&lease, Some(renewals));
        self.leases.schedules.insert(kubelet, LeaseSchedule { lease, renewals });
    }

    /// Sends a schedule, or its end, to the components that watch Leases. Announcements arrive in the order in which they are sent:
    /// a component that got the end of a schedule before its beginning would take a dead node for a live one.
    fn announce(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        let followers: Vec<Addr> = self.traffic.streams.followers(*LEASES).collect();
        for addr in followers {
            let actor = &self.history.actor(addr).name;
            let draw = ["renewals", actor, &lease.namespace, &lease.name];
            let (after, _) = self.traffic.latency.draw(&mut self.draws, &draw);
            self.leases.announced = self.leases.announced.max(self.now() + after);
            let input = Input::Renewals(lease.clone(), renewals);
            self.queue.push(self.leases.announced, 0, QueuedEvent::Input(addr, input));
        }
    }

    /// Writes the renewals that this request is about to read, and ends the schedules of Leases that it is about to write.
    pub(super) fn catch_up_leases(&mut self, request: &Request) {
        if request.resource != Some(*LEASES) || self.leases.schedules.is_empty() {
            return;
        }
        let reads = match request.verb {
            Verb::Get | Verb::List => true,
            Verb::Watch => self.actors.is_component(request.from),
            _ => false,
        };
        for kubelet in self.leases.named_by(request) {
            match reads {
                true => drop(self.write_renewal(kubelet)),
                false => self.end_schedule(kubelet),
            }
        }
    }

    /// Ends a kubelet's schedule, if it has one. From then on the kubelet writes each renewal, if it can.
    pub(super) fn end_schedule(&mut self, kubelet: Addr) {
        let lease = self.write_renewal(kubelet);
        let Some(schedule) = self.leases.schedules.remove(&kubelet) else { return };
        self.announce(&schedule.lease, None);
        self.input(kubelet, Input::NotRenewed(lease));
    }

    pub(super) fn write_all_renewals(&mut self) {
        let kubelets: Vec<Addr> = self.leases.schedules.keys().copied().collect();
        for kubelet in kubelets {
            self.write_renewal(kubelet);
        }
    }

    /// Writes the last due renewal of a kubelet's Lease, unless the Lease has it already. Returns the Lease.
    fn write_renewal(&mut self, kubelet: Addr) -> Option<Arc<Object>> {
        let LeaseSchedule { lease, renewals } = self.leases.schedules.get(&kubelet)?;
        let stored = self.server.get(*LEASES, lease)?;
        let last = renewals.last(self.queue.now()).map(|last| last.rfc3339_micro());
        let Some(last) = last.filter(|last| stored.str_at(&["spec", "renewTime"]) != Some(last)) else {
            return Some(stored.clone());
        };
        let lease = lease.clone();
        let renewed = stored.edited(|root| root.set_at(&["spec", "renewTime"], last));
        self.serve_at_once(Request { from: kubelet, ..Request::update(*LEASES, renewed.into()) });
        self.server.get(*LEASES, &lease).cloned()
    }
}
