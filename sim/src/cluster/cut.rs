//! Cuts of the network: a kubelet with the programs of its node, or a host, does not reach the API server.
//!
//! Real: partitions; TCP sends again until a side gives the connection up. Modelled: containers run on; the cluster holds
//! the messages, and delivers them in order when the cut ends. A one-way cut holds only messages to the API server. Not
//! modelled: clients that give a connection up by a timeout of their own, and traffic between applications.

use std::collections::BTreeMap;

use super::Cluster;
use super::event_loop::QueuedEvent;
use crate::wire::Addr;

/// The cuts of the network, and what they hold.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// Kubelets and hosts that do not reach the API server, with whether the cut is one-way.
    one_way: BTreeMap<Addr, bool>,
    held: Vec<QueuedEvent>,
}

impl Cuts {
    pub(super) fn any(&self) -> bool {
        !self.one_way.is_empty()
    }

    pub(super) fn hold(&mut self, event: QueuedEvent) {
        self.held.push(event);
    }
}

impl Cluster {
    /// Cuts a kubelet with the programs of its node, or a host, off from the API server. In a `one_way` cut answers and
    /// watch events still reach it.
    pub fn cut(&mut self, addr: Addr, one_way: bool) {
        self.end_schedule(addr);
        self.cuts.one_way.insert(addr, one_way);
    }

    /// Ends the cut of this address, and delivers in order what it held.
    pub fn mend(&mut self, addr: Addr) {
        self.cuts.one_way.remove(&addr);
        let held = std::mem::take(&mut self.cuts.held);
        let (kept, freed): (Vec<_>, Vec<_>) = held.into_iter().partition(|event| self.is_blocked(event));
        debug_assert!(kept.is_empty() || self.cuts.any(), "without a cut nothing is held");
        self.cuts.held = kept;
        let now = self.now();
        freed.into_iter().for_each(|event| self.queue.push(now, 0, event));
    }

    /// Whether a cut holds this event.
    pub(super) fn is_blocked(&self, event: &QueuedEvent) -> bool {
        let (addr, leaves) = match event {
            QueuedEvent::Arrive(request, _) => (request.from, true),
            QueuedEvent::Answer(addr, _, _) | QueuedEvent::Reset(addr, _) | QueuedEvent::Deliver(addr, _) => {
                (*addr, false)
            }
            _ => return false,
        };
        let cuts = &self.cuts.one_way;
        let one_way = cuts.get(&addr).or_else(|| cuts.get(&self.processes.node_of(addr)?));
        one_way.is_some_and(|one_way| leaves || !one_way)
    }
}
