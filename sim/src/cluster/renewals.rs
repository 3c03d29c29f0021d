//! Renewals of Leases that nobody can tell from renewals that are left out.
//!
//! Real: a kubelet writes its Lease every 10 s. Modelled: one that leaves its renewals to the wire is believed to make them
//! until it cannot (no power, a new process, no network) or until somebody else writes the Lease. Only the last one is
//! carried out, when it is about to be seen: by a read, by the end of the renewals, by the end of the run. A host or the
//! user that watches Leases sees each: nothing is left out then, nor where a check of the scenario may read them. Who
//! follows Leases in the control plane is told of the renewals at once, and learns of each in no time. Not modelled: the
//! revisions that the others would have taken, and their events for a watch that begins in the past.

use std::sync::Arc;

use super::{Addr, Cluster, Event, Part};
use crate::apiserver::ServerInput;
use crate::object::Object;
use crate::wire::resource::LEASES;
use crate::wire::{Input, ObjectKey, Renewals, Request, Verb};

/// The Lease of a kubelet, and how it is renewed.
#[derive(Debug)]
pub(super) struct Renewed {
    lease: ObjectKey,
    renewals: Renewals,
}

impl Cluster {
    /// A kubelet leaves the renewals of its Lease to the wire.
    pub(super) fn renew(&mut self, kubelet: Addr, lease: ObjectKey, renewals: Renewals) {
        let watched = self.streams.followers(*LEASES).any(|addr| !self.is_component(addr));
        if self.leases_are_seen
            || watched
            || self.machines.any_cut()
            || self.server.get(*LEASES, &lease).is_none()
        {
            return self.input(kubelet, Input::NotRenewed(None));
        }
        self.announce(&lease, Some(renewals));
        self.renewals.insert(kubelet, Renewed { lease, renewals });
    }

    fn is_component(&self, addr: Addr) -> bool {
        matches!(self.parts[addr.0 as usize], Part::Component(_))
    }

    /// Tells the components that follow Leases. What is told first arrives first: who is told of the end before the
    /// beginning would take a dead node for one that lives.
    fn announce(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        let followers: Vec<Addr> = self.streams.followers(*LEASES).collect();
        for addr in followers {
            let actor = &self.history.actors[addr.0 as usize].name;
            let (after, _) =
                self.latency.draw(&mut self.draws, &["renewals", actor, &lease.namespace, &lease.name]);
            self.announced = self.announced.max(self.now() + after);
            self.queue.push(self.announced, 0, Event::Renewals(addr, lease.clone(), renewals));
        }
    }

    /// Carries out what this request is about to see, and ends what it is about to change.
    pub(super) fn show_renewals(&mut self, request: &Request) {
        if request.resource != Some(*LEASES) || self.renewals.is_empty() {
            return;
        }
        let asked = |lease: &ObjectKey| {
            (request.namespace.is_empty() || request.namespace == lease.namespace)
                && (request.name.is_empty() || request.name == lease.name)
        };
        let seen = self.renewals.iter().filter(|(_, renewed)| asked(&renewed.lease));
        let seen: Vec<Addr> = seen.map(|(kubelet, _)| *kubelet).collect();
        let reads = match request.verb {
            Verb::Get | Verb::List => true,
            Verb::Watch => self.is_component(request.from),
            _ => false,
        };
        for kubelet in seen {
            if reads {
                self.carry_out_renewal(kubelet);
            } else {
                self.end_renewals(kubelet);
            }
        }
    }

    /// From now on the kubelet renews its Lease by itself, if it can.
    pub(super) fn end_renewals(&mut self, kubelet: Addr) {
        let lease = self.carry_out_renewal(kubelet);
        let Some(renewed) = self.renewals.remove(&kubelet) else { return };
        self.announce(&renewed.lease, None);
        self.input(kubelet, Input::NotRenewed(lease));
    }

    /// Every Lease is as if all renewals had been carried out.
    pub(super) fn carry_out_all_renewals(&mut self) {
        let all: Vec<Addr> = self.renewals.keys().copied().collect();
        all.into_iter().for_each(|kubelet| drop(self.carry_out_renewal(kubelet)));
    }

    /// Carries out the last renewal that is due, if it has not been. The Lease as it is then.
    fn carry_out_renewal(&mut self, kubelet: Addr) -> Option<Arc<Object>> {
        let Renewed { lease, renewals } = self.renewals.get(&kubelet)?;
        let stored = self.server.get(*LEASES, lease)?;
        let Some(last) = renewals.last(self.queue.now()).map(|last| last.rfc3339_micro()) else {
            return Some(stored.clone());
        };
        if stored.str_at(&["spec", "renewTime"]) == Some(&last) {
            return Some(stored.clone());
        }
        let lease = lease.clone();
        let mut request =
            Request::update(*LEASES, stored.edited(|root| root.set_at(&["spec", "renewTime"], last)).into());
        request.from = kubelet;
        self.server.on(self.queue.now(), ServerInput::Request(Box::new(request)), &mut self.replies);
        self.replies.answers.clear();
        self.take_replies(kubelet, None);
        self.server.get(*LEASES, &lease).cloned()
    }
}
