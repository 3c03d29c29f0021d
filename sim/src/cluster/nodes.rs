//! The machines of the nodes: they join, lose power, come back, are replaced, lose the network.
//!
//! Real: machines, a cloud's instance groups, networks. Modelled: power off stops the kubelet and all containers at one
//! instant; power on starts the kubelet, which finds no container running; images stay on the disk. In a cut the containers
//! run on; messages are kept, as TCP does that sends again, and delivered in order when the cut ends. Not modelled: a
//! connection that is given up meanwhile (clients do that by timeouts of their own), traffic between applications.

use std::collections::{BTreeMap, BTreeSet};

use super::boot::NodeConfig;
use super::{Cluster, Event, Part};
use crate::engine::{Millis, SECOND};
use crate::object::Str;
use crate::wire::{Addr, Input};

/// From the power button to a kubelet at work, in ms. Our choice: less than the grace of a node.
const BOOT_MS: Millis = 20 * SECOND;

/// All machines that ever were.
#[derive(Debug, Default)]
pub(super) struct Machines {
    by_name: BTreeMap<Str, Machine>,
    off: BTreeSet<Addr>,
    /// Kubelets and hosts that do not reach the API server; true where they still hear it.
    cut: BTreeMap<Addr, bool>,
    held: Vec<Event>,
}

/// One machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) kubelet: Addr,
    pub(super) config: NodeConfig,
    pub(super) version: String,
    /// Whether it is the node of this name for good: it has not been taken away.
    stays: bool,
}

impl Machines {
    pub(super) fn add(&mut self, kubelet: Addr, config: NodeConfig, version: &str) {
        let machine = Machine { kubelet, config, version: version.to_owned(), stays: true };
        self.by_name.insert(machine.config.name.as_str().into(), machine);
    }

    pub(super) fn is_off(&self, addr: Addr) -> bool {
        self.off.contains(&addr)
    }

    pub(super) fn any_cut(&self) -> bool {
        !self.cut.is_empty()
    }

    pub(super) fn hold(&mut self, event: Event) {
        self.held.push(event);
    }

    /// The number of the next machine of a pool; podCIDRs and addresses come from the number of all machines.
    fn next_of(&self, pool: &str) -> usize {
        self.by_name.values().filter(|machine| machine.config.pool == pool).count() + 1
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.by_name.len() + 1).expect("a cluster has fewer nodes")
    }
}

impl Cluster {
    /// The address of the kubelet of a node.
    pub fn kubelet_of(&self, node: &str) -> Option<Addr> {
        self.machines.by_name.get(node).map(|machine| machine.kubelet)
    }

    /// The machines of a pool that have not been taken away, by name.
    pub fn nodes_of(&self, pool: &str) -> Vec<Str> {
        let of_pool = |(name, machine): (&Str, &Machine)| {
            (machine.stays && machine.config.pool == pool).then(|| name.clone())
        };
        self.machines.by_name.iter().filter_map(of_pool).collect()
    }

    /// A new machine like the one of this node joins, with this version if one is given. Its node's name.
    pub fn join_like(&mut self, node: &str, version: Option<&str>) -> Option<Str> {
        let like = self.machines.by_name.get(node)?.clone();
        let name = format!("{}-{}", like.config.pool, self.machines.next_of(&like.config.pool));
        let config = NodeConfig { name: name.clone(), ..like.config };
        let index = self.machines.next_index();
        let kubelet = self.new_kubelet(&config, index, version.unwrap_or(&like.version));
        let addr = self.add_component(format!("kubelet/{name}"), kubelet);
        self.machines.add(addr, config, version.unwrap_or(&like.version));
        self.input(addr, Input::Boot);
        Some(name.into())
    }

    /// The machine is taken away for good: it has no power any more. Its Node object is somebody else's business.
    pub fn remove_machine(&mut self, node: &str) {
        self.power_off(node);
        if let Some(machine) = self.machines.by_name.get_mut(node) {
            machine.stays = false;
        }
    }

    /// The machine of this node loses its power.
    pub fn power_off(&mut self, node: &str) {
        let Some(addr) = self.kubelet_of(node) else { return };
        self.end_renewals(addr);
        if self.machines.off.insert(addr) {
            self.hang_up(addr);
            self.with_runtime(|runtime, out| runtime.power_off(addr, out));
        }
    }

    /// The machine of this node gets its power back, unless it was taken away.
    pub fn power_on(&mut self, node: &str) {
        let Some(machine) = self.machines.by_name.get(node).filter(|machine| machine.stays) else { return };
        let addr = machine.kubelet;
        self.boot_machine(addr);
    }

    pub(super) fn boot_machine(&mut self, addr: Addr) {
        if self.machines.off.remove(&addr) {
            self.input(addr, Input::Boot);
        }
    }

    /// The machine of this node restarts.
    pub fn reboot(&mut self, node: &str) {
        let Some(addr) = self.kubelet_of(node).filter(|addr| !self.machines.is_off(*addr)) else { return };
        self.power_off(node);
        self.queue.push(self.now() + BOOT_MS, u64::from(addr.0), Event::PowerOn(addr));
    }

    /// The kubelet's process restarts; containers do not notice.
    pub fn restart_kubelet(&mut self, node: &str) {
        if let Some(addr) = self.kubelet_of(node).filter(|addr| !self.machines.is_off(*addr)) {
            self.end_renewals(addr);
            self.hang_up(addr);
            self.input(addr, Input::Restart);
        }
    }

    fn hang_up(&mut self, addr: Addr) {
        let watches: Vec<_> = self.streams.of(addr).map(|(id, ..)| id).collect();
        watches.into_iter().for_each(|id| self.close_watch(addr, id));
    }

    /// A kubelet with the programs of its node, or a host, does not reach the API server any more, and does not hear it
    /// either unless the cut is `one_way`.
    pub fn cut(&mut self, addr: Addr, one_way: bool) {
        self.end_renewals(addr);
        self.machines.cut.insert(addr, one_way);
    }

    /// The cut of this address ends; what was kept is delivered in order.
    pub fn mend(&mut self, addr: Addr) {
        self.machines.cut.remove(&addr);
        let held = std::mem::take(&mut self.machines.held);
        let (kept, freed): (Vec<_>, Vec<_>) = held.into_iter().partition(|event| self.is_blocked(event));
        self.machines.held = kept;
        let now = self.now();
        freed.into_iter().for_each(|event| self.queue.push(now, 0, event));
    }

    /// Whether an event cannot happen because of a cut.
    pub(super) fn is_blocked(&self, event: &Event) -> bool {
        let (addr, leaves) = match event {
            Event::Arrive(request, _) => (request.from, true),
            Event::Answer(addr, ..) | Event::Reset(addr, _) | Event::Deliver(addr, _) => (*addr, false),
            _ => return false,
        };
        let cut = &self.machines.cut;
        let node =
            || matches!(self.parts[addr.0 as usize], Part::Host).then(|| self.host_node(addr)).flatten();
        let one_way = cut.get(&addr).or_else(|| cut.get(&node()?));
        one_way.is_some_and(|one_way| leaves || !one_way)
    }
}
